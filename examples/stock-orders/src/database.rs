//! The database of orders, which order-web and order-executor share.

use std::path::Path;

use rusqlite::{OptionalExtension as _, params};

use crate::order::{ExecutionId, Order};
use crate::sqlite::Sqlite;

const FILE: &str = "orders.db";

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS orders (
        id TEXT PRIMARY KEY,
        user_id TEXT NOT NULL,
        side TEXT NOT NULL,
        quantity REAL NOT NULL,
        price REAL NOT NULL,
        fake INTEGER NOT NULL,
        execution_id TEXT
    ) STRICT, WITHOUT ROWID";

/// The database of orders.
#[derive(Clone, Debug)]
pub struct OrderDatabase(Sqlite);

impl OrderDatabase {
    /// Opens the database in that folder, and makes it where it is not there.
    ///
    /// # Errors
    ///
    /// The folder or the file cannot be made or opened.
    pub async fn create(folder: &Path) -> anyhow::Result<Self> {
        Ok(Self(Sqlite::create(&folder.join(FILE), SCHEMA).await?))
    }

    /// Stores a new order.
    ///
    /// # Errors
    ///
    /// There is an order of that id, or SQLite fails.
    pub async fn insert(&self, order: &Order) -> anyhow::Result<()> {
        let Order { id, user_id, side, quantity, price, fake } = order.clone();
        self.0
            .call(move |database| {
                database
                    .prepare_cached("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, NULL)")?
                    .execute(params![id, user_id, side.as_str(), quantity, price, fake])
            })
            .await?;
        Ok(())
    }

    /// Notes that an order was executed, unless it was before: a record may come twice, and what comes back
    /// is the one execution that counts. `None` where no such order was stored.
    ///
    /// # Errors
    ///
    /// SQLite fails.
    pub async fn execute(
        &self,
        order_id: &str,
        execution: &ExecutionId,
    ) -> anyhow::Result<Option<ExecutionId>> {
        let (order_id, execution) = (order_id.to_owned(), execution.to_string());
        let counts = self
            .0
            .call(move |database| {
                database
                    .prepare_cached(
                        "UPDATE orders SET execution_id = coalesce(execution_id, ?) WHERE id = ? \
                         RETURNING execution_id",
                    )?
                    .query_row([execution, order_id], |row| row.get(0))
                    .optional()
            })
            .await?;
        Ok(counts.map(ExecutionId::from_text))
    }

    /// The execution of an order: `None` where there is none yet, or no such order.
    ///
    /// # Errors
    ///
    /// SQLite fails.
    pub async fn execution_of(&self, order_id: &str) -> anyhow::Result<Option<ExecutionId>> {
        let order_id = order_id.to_owned();
        let found = self
            .0
            .call(move |database| {
                database
                    .prepare_cached("SELECT execution_id FROM orders WHERE id = ?")?
                    .query_row([order_id], |row| row.get::<_, Option<String>>(0))
                    .optional()
            })
            .await?;
        Ok(found.flatten().map(ExecutionId::from_text))
    }

    /// How many orders were executed.
    ///
    /// # Errors
    ///
    /// SQLite fails.
    pub async fn executed(&self) -> anyhow::Result<u32> {
        // Counts the rows whose column is not null.
        self.0
            .call(|database| {
                database.query_row("SELECT count(execution_id) FROM orders", [], |row| row.get(0))
            })
            .await
    }

    /// How many orders there are.
    ///
    /// # Errors
    ///
    /// SQLite fails.
    pub async fn count(&self) -> anyhow::Result<u32> {
        self.0.call(|database| database.query_row("SELECT count(*) FROM orders", [], |row| row.get(0))).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::Side;

    fn order(id: &str) -> Order {
        Order {
            id: id.to_owned(),
            user_id: "u-1".to_owned(),
            side: Side::Buy,
            quantity: 1.0,
            price: 3.33,
            fake: false,
        }
    }

    #[tokio::test]
    async fn an_order_is_stored_once() {
        let folder = tempfile::tempdir().unwrap();
        let database = OrderDatabase::create(folder.path()).await.unwrap();
        database.insert(&order("o-1")).await.unwrap();
        database.insert(&order("o-1")).await.unwrap_err();
        assert_eq!(database.count().await.unwrap(), 1);
    }

    #[tokio::test]
    async fn the_first_execution_of_an_order_is_the_one_that_counts() {
        let folder = tempfile::tempdir().unwrap();
        let database = OrderDatabase::create(folder.path()).await.unwrap();
        database.insert(&order("o-1")).await.unwrap();
        assert_eq!(database.execution_of("o-1").await.unwrap(), None);

        // Another process, and the same record once more.
        let executor = OrderDatabase::create(folder.path()).await.unwrap();
        let first = ExecutionId::new();
        assert_eq!(executor.execute("o-1", &first).await.unwrap().as_ref(), Some(&first));
        assert_eq!(executor.execute("o-1", &ExecutionId::new()).await.unwrap().as_ref(), Some(&first));
        assert_eq!(database.execution_of("o-1").await.unwrap(), Some(first));
    }

    #[tokio::test]
    async fn an_order_that_was_never_stored_cannot_be_executed() {
        let folder = tempfile::tempdir().unwrap();
        let database = OrderDatabase::create(folder.path()).await.unwrap();
        assert_eq!(database.execute("o-1", &ExecutionId::new()).await.unwrap(), None);
    }
}
