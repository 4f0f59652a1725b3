//! Tables: what a case remembers from one execution to the next.

mod changes;
mod entries;
mod error;
mod execution;
#[cfg(test)]
mod properties;
mod row;
mod typed;
mod window;
mod windowed;

use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::AddAssign;
use std::sync::Arc;

use serde::Serialize;

pub use changes::Changes;
pub use entries::Entries;
pub use error::TableError;
pub use execution::ExecutionTables;
pub use row::{Row, RowKey, rows_from};
pub use typed::{TableKey, TableValue};
pub use window::{Window, WindowRange};
pub use windowed::{WindowedEntries, WindowedTable};

use execution::Handle;
use typed::{decoded, encoded_key, encoded_value};

/// A parameter of a case under `#[table]`: a map that outlives the execution.
///
/// Executions of one partition share it, so let the trigger give what the keys are made of as its
/// [partition key](crate::Trigger::partition_key): then all tests of one account meet one table. What is kept is
/// written to a compacted topic, in the transaction that writes the report.
///
/// # What an execution sees, and what becomes of its changes
///
/// A read sees what the executions that ended before it have left, with this execution's own changes over it. The
/// changes are kept to the execution until it ends, and are applied then, all at once: `set` and `delete` as they are,
/// `update` and `add` to what is there at that moment, so that two executions that update one key at once both count.
/// They are applied however the execution ends, FAIL, ERROR and TIMEOUT included, for what was observed was observed;
/// only an execution that ends with [`skip`](crate::skip) leaves nothing behind.
///
/// An execution that is cut off by the end of its runner has changed nothing. It is executed again, and may then see
/// what others have left meanwhile: like an answer to an HTTP request, a read is made again.
///
/// # In a unit test
///
/// ```
/// use livecheck_core::Table;
///
/// async fn debt_stays_below_the_limit(
///     account: String,
///     amount: i64,
///     debts: Table<String, i64>,
/// ) -> livecheck_core::Result {
///     let debt = debts.add(&account, amount).await?;
///     assert!(debt <= 100, "{account} owes {debt}");
///     Ok(())
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let debts = Table::in_memory();
/// debts.set("a-1", 60).await?;
/// debt_stays_below_the_limit("a-1".to_owned(), 40, debts.clone()).await?;
/// assert_eq!(debts.get("a-1").await?, Some(100));
/// # Ok::<(), livecheck_core::Error>(())
/// # })?;
/// # Ok::<(), livecheck_core::Error>(())
/// ```
pub struct Table<K, V> {
    handle: Handle,
    types: PhantomData<fn(K) -> V>,
}

/// A parameter under `#[table]`, as it is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableDefinition {
    /// The name of the parameter, which is the table's name.
    pub name: &'static str,
    /// Its type, as written.
    pub type_name: &'static str,
    /// The windows, if it has them: `#[table(window = tumbling("1h"))]`.
    pub window: Option<Window>,
}

impl<K: TableKey, V: TableValue> Table<K, V> {
    /// An empty table that is nowhere but here: for a unit test of the case. Its clones are the same table.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::of(Handle::in_memory(TableDefinition { name: "in_memory", type_name: "Table", window: None }))
    }

    fn of(handle: Handle) -> Self {
        Self { handle, types: PhantomData }
    }

    /// The value of that key.
    ///
    /// # Errors
    ///
    /// The key cannot be written as JSON, what the table holds does not fit `V`, or the table cannot be read.
    pub async fn get<Q>(&self, key: &Q) -> Result<Option<V>, TableError>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        let key = RowKey::plain(encoded_key(self.handle.name(), key)?);
        let json = self.handle.get(&key)?;
        json.map(|json| decoded(self.handle.name(), &key, &json)).transpose()
    }

    /// Gives that key that value, whatever it has.
    ///
    /// # Errors
    ///
    /// The key or the value cannot be written as JSON.
    pub async fn set<Q>(&self, key: &Q, value: V) -> Result<(), TableError>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        let key = RowKey::plain(encoded_key(self.handle.name(), key)?);
        self.handle.set(key, encoded_value(self.handle.name(), &value)?);
        Ok(())
    }

    /// Removes that key.
    ///
    /// # Errors
    ///
    /// The key cannot be written as JSON.
    pub async fn delete<Q>(&self, key: &Q) -> Result<(), TableError>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.handle.delete(RowKey::plain(encoded_key(self.handle.name(), key)?));
        Ok(())
    }

    /// Changes the value of a key: from what it has, if it has any, to what it gets. Gives the new value, as this
    /// execution sees it.
    ///
    /// `change` is called now, and again when the execution has ended, with what the key has by then. So it has no
    /// other effect than the value that it gives.
    ///
    /// ```
    /// # use livecheck_core::Table;
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let highest = Table::<String, u64>::in_memory();
    /// let price = 17;
    /// highest.update("ACME", move |so_far| so_far.unwrap_or(0).max(price)).await?;
    /// # assert_eq!(highest.get("ACME").await?, Some(17));
    /// # Ok::<(), livecheck_core::Error>(())
    /// # })?;
    /// # Ok::<(), livecheck_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The key or the value cannot be written as JSON, what the table holds does not fit `V`, or the table cannot be
    /// read.
    pub async fn update<Q, F>(&self, key: &Q, change: F) -> Result<V, TableError>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
        F: Fn(Option<V>) -> V + Send + Sync + 'static,
    {
        let key = RowKey::plain(encoded_key(self.handle.name(), key)?);
        let json = self.handle.update(&key, typed::update(self.handle.name(), &key, change))?;
        typed::present(self.handle.name(), &key, json.as_deref())
    }

    /// Changes the value of a key as [`update`](Self::update) does, or removes the key where `change` gives none.
    ///
    /// # Errors
    ///
    /// As for [`update`](Self::update).
    pub async fn update_or_delete<Q, F>(&self, key: &Q, change: F) -> Result<Option<V>, TableError>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
        F: Fn(Option<V>) -> Option<V> + Send + Sync + 'static,
    {
        let key = RowKey::plain(encoded_key(self.handle.name(), key)?);
        let json = self.handle.update(&key, typed::update_or_delete(self.handle.name(), &key, change))?;
        json.map(|json| decoded(self.handle.name(), &key, &json)).transpose()
    }

    /// Adds to the value of a key, from its default where it has none: a count, a sum. Gives the sum, as this execution
    /// sees it.
    ///
    /// # Errors
    ///
    /// As for [`update`](Self::update).
    ///
    /// # Panics
    ///
    /// Where `+=` does: integers overflow in a debug build.
    pub async fn add<Q>(&self, key: &Q, amount: V) -> Result<V, TableError>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
        V: AddAssign + Default + Clone + Sync,
    {
        self.update(key, typed::adding(amount)).await
    }

    /// All keys and values of this partition, in no order that means anything.
    ///
    /// They are read in pages, so that a table may be larger than memory: what others change meanwhile may be in it or
    /// not.
    ///
    /// ```
    /// # use livecheck_core::Table;
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// # let debts = Table::<String, i64>::in_memory();
    /// # debts.set("a-1", 60).await?;
    /// # let mut total = 0;
    /// let mut entries = debts.entries();
    /// while let Some((account, debt)) = entries.next().await? {
    ///     total += debt;
    /// }
    /// # assert_eq!(total, 60);
    /// # Ok::<(), livecheck_core::Error>(())
    /// # })?;
    /// # Ok::<(), livecheck_core::Error>(())
    /// ```
    pub fn entries(&self) -> Entries<K, V> {
        Entries::new(self.handle.clone())
    }
}

impl<K, V> Clone for Table<K, V> {
    fn clone(&self) -> Self {
        Self { handle: self.handle.clone(), types: PhantomData }
    }
}

impl<K, V> fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({})", self.handle.name())
    }
}

/// What the runner does for tables: it has those of all executions of a partition.
pub trait TableSource: Send + Sync + 'static {
    /// What that row of the table at that position of [`Case::tables`](crate::Case::tables) has, as JSON.
    ///
    /// # Errors
    ///
    /// The table cannot be read.
    fn get(&self, table: usize, key: &RowKey) -> Result<Option<Arc<str>>, StoreError>;

    /// The first rows behind a bound, in the order of their keys: `most` of them, or all that there are.
    ///
    /// # Errors
    ///
    /// The table cannot be read.
    fn page(&self, table: usize, from: std::ops::Bound<&RowKey>, most: usize)
    -> Result<Vec<Row>, StoreError>;
}

/// A table cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);

/// A parameter type that `#[table]` accepts. Implemented by [`Table`] alone.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`#[table]` does not go with the type `{Self}`",
    label = "not a `Table`",
    note = "a table is a `livecheck::Table<K, V>`; a `livecheck::WindowedTable<K, V>` has windows: \
            `#[table(window = tumbling(\"1h\"))]`"
)]
pub trait TableParameter {
    /// The table at that position of the case.
    fn of_execution(tables: &Arc<ExecutionTables>, index: usize) -> Self;
}

impl<K: TableKey, V: TableValue> TableParameter for Table<K, V> {
    fn of_execution(tables: &Arc<ExecutionTables>, index: usize) -> Self {
        Self::of(Handle::new(Arc::clone(tables), index))
    }
}

/// A parameter type that `#[table(window = …)]` accepts. Implemented by [`WindowedTable`] alone.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`#[table(window = …)]` does not go with the type `{Self}`",
    label = "not a `WindowedTable`",
    note = "a table with windows is a `livecheck::WindowedTable<K, V>`; a `livecheck::Table<K, V>` has none"
)]
pub trait WindowedTableParameter {
    /// The table at that position of the case.
    fn of_execution(tables: &Arc<ExecutionTables>, index: usize) -> Self;
}

impl<K: TableKey, V: TableValue> WindowedTableParameter for WindowedTable<K, V> {
    fn of_execution(tables: &Arc<ExecutionTables>, index: usize) -> Self {
        Self::of(Handle::new(Arc::clone(tables), index))
    }
}
