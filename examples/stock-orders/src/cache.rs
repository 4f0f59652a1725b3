//! The cache of each user's orders, which order-creator writes and the case reads.

use std::path::Path;

use crate::order::Order;
use crate::sqlite::Sqlite;

const FILE: &str = "cache.db";

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS orders_of_user (
        user_id TEXT NOT NULL,
        order_id TEXT NOT NULL,
        PRIMARY KEY (user_id, order_id)
    ) STRICT, WITHOUT ROWID";

/// Which orders each user has.
#[derive(Clone, Debug)]
pub struct OrderCache(Sqlite);

impl OrderCache {
    /// Opens the cache in that folder, and makes it where it is not there.
    ///
    /// # Errors
    ///
    /// The folder or the file cannot be made or opened.
    pub async fn create(folder: &Path) -> anyhow::Result<Self> {
        Ok(Self(Sqlite::create(&folder.join(FILE), SCHEMA).await?))
    }

    /// Opens the cache that a service keeps in that folder, to look into.
    ///
    /// # Errors
    ///
    /// There is none, or it cannot be opened.
    pub async fn open(folder: &Path) -> anyhow::Result<Self> {
        Ok(Self(Sqlite::open(&folder.join(FILE)).await?))
    }

    /// Adds an order to those of its user.
    ///
    /// # Errors
    ///
    /// SQLite fails.
    pub async fn add(&self, order: &Order) -> anyhow::Result<()> {
        let key = [order.user_id.clone(), order.id.clone()];
        self.0
            .call(move |cache| {
                cache.prepare_cached("INSERT OR IGNORE INTO orders_of_user VALUES (?, ?)")?.execute(key)
            })
            .await?;
        Ok(())
    }

    /// Whether an order is among those of its user.
    ///
    /// # Errors
    ///
    /// SQLite fails.
    pub async fn contains(&self, order: &Order) -> anyhow::Result<bool> {
        let key = [order.user_id.clone(), order.id.clone()];
        self.0
            .call(move |cache| {
                cache
                    .prepare_cached("SELECT 1 FROM orders_of_user WHERE user_id = ? AND order_id = ?")?
                    .exists(key)
            })
            .await
    }

    /// Takes the cache down: every later question to it is an error.
    ///
    /// # Errors
    ///
    /// SQLite fails.
    pub async fn take_down(&self) -> anyhow::Result<()> {
        self.0.call(|cache| cache.execute_batch("DROP TABLE IF EXISTS orders_of_user")).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::Side;

    fn order(id: &str, user_id: &str) -> Order {
        Order {
            id: id.to_owned(),
            user_id: user_id.to_owned(),
            side: Side::Buy,
            quantity: 1.0,
            price: 3.33,
            fake: false,
        }
    }

    #[tokio::test]
    async fn an_order_is_found_with_its_own_user_only() {
        let folder = tempfile::tempdir().unwrap();
        let cache = OrderCache::create(folder.path()).await.unwrap();
        cache.add(&order("o-1", "u-1")).await.unwrap();
        cache.add(&order("o-1", "u-1")).await.unwrap();
        assert!(cache.contains(&order("o-1", "u-1")).await.unwrap());
        assert!(!cache.contains(&order("o-1", "u-2")).await.unwrap());
        assert!(!cache.contains(&order("o-2", "u-1")).await.unwrap());
    }

    #[tokio::test]
    async fn a_cache_that_is_down_says_so_until_a_service_makes_it_anew() {
        let folder = tempfile::tempdir().unwrap();
        let cache = OrderCache::create(folder.path()).await.unwrap();
        cache.take_down().await.unwrap();
        let error = cache.contains(&order("o-1", "u-1")).await.unwrap_err();
        assert!(error.to_string().contains("no such table"), "{error}");

        OrderCache::create(folder.path()).await.unwrap();
        assert!(!cache.contains(&order("o-1", "u-1")).await.unwrap());
    }
}
