//! Tables with windows: a value for each key and each window of time.

use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{AddAssign, Bound};
use std::sync::Arc;

use serde::Serialize;

use super::TableDefinition;
use super::entries::Rows;
use super::error::TableError;
use super::execution::Handle;
use super::row::{Row, RowKey};
use super::typed::{self, TableKey, TableValue, decoded, encoded_key, encoded_value};
use super::window::{Window, WindowRange};
use crate::time::{IntoDuration, Timestamp};

/// A parameter of a case under `#[table(window = …)]`: a [`Table`](super::Table) that has a value for each key and each
/// window of time.
///
/// The time is that of the log at which the execution was triggered, so that an execution is in the same windows
/// whenever it is executed; [`at`](Self::at) takes another. A change is made to each window that the time is in: to one
/// that is tumbling, to several that are hopping.
///
/// ```
/// use livecheck_core::WindowedTable;
/// use livecheck_core::table::Window;
///
/// async fn nobody_orders_too_often(
///     account: String,
///     orders: WindowedTable<String, u32>,
/// ) -> livecheck_core::Result {
///     let this_hour = orders.add(&account, 1).await?;
///     let hour_before = orders.ago(&account, "1h").await?.unwrap_or(0);
///     assert!(this_hour <= 10 + 2 * hour_before, "{account} has ordered {this_hour} times this hour");
///     Ok(())
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let orders = WindowedTable::in_memory(Window::tumbling(std::time::Duration::from_secs(3600)));
/// nobody_orders_too_often("a-1".to_owned(), orders.clone()).await?;
/// assert_eq!(orders.current("a-1").await?, Some(1));
/// # Ok::<(), livecheck_core::Error>(())
/// # })?;
/// # Ok::<(), livecheck_core::Error>(())
/// ```
pub struct WindowedTable<K, V> {
    handle: Handle,
    window: Window,
    time: Timestamp,
    types: PhantomData<fn(K) -> V>,
}

impl<K: TableKey, V: TableValue> WindowedTable<K, V> {
    /// An empty table with those windows that is nowhere but here: for a unit test of the case. Its clones are the same
    /// table; its time is the present, unless [`at`](Self::at) says another.
    #[must_use]
    pub fn in_memory(window: Window) -> Self {
        let (name, type_name) = ("in_memory", "WindowedTable");
        Self::of(Handle::in_memory(TableDefinition { name, type_name, window: Some(window) }))
    }

    pub(super) fn of(handle: Handle) -> Self {
        // The macro takes no windowed table without a window: one for all times would be a plain table.
        let window = handle.definition().window.unwrap_or(Window::tumbling(std::time::Duration::MAX));
        let time = handle.event_time();
        Self { handle, window, time, types: PhantomData }
    }

    /// The same table at another time, such as that at which an order was made by its own account.
    #[must_use]
    pub fn at(&self, time: Timestamp) -> Self {
        Self { time, ..self.clone() }
    }

    /// The value that a key has in the window of this time: of windows that overlap, the one that began last.
    ///
    /// # Errors
    ///
    /// As for [`Table::get`](super::Table::get).
    pub async fn current<Q>(&self, key: &Q) -> Result<Option<V>, TableError>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.value_at(self.time, &self.encoded(key)?)
    }

    /// The value that a key had in the window of that long ago. (Faust: `delta`.)
    ///
    /// Takes a [`Duration`](std::time::Duration), a text such as `"1h"`, or a number of seconds.
    ///
    /// # Errors
    ///
    /// As for [`Table::get`](super::Table::get), and the duration is none.
    pub async fn ago<Q>(&self, key: &Q, ago: impl IntoDuration) -> Result<Option<V>, TableError>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        let ago = ago.into_duration()?;
        self.value_at(self.time - ago, &self.encoded(key)?)
    }

    /// Gives a key that value in each window of this time.
    ///
    /// # Errors
    ///
    /// As for [`Table::set`](super::Table::set).
    pub async fn set<Q>(&self, key: &Q, value: V) -> Result<(), TableError>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        let (key, value) = (self.encoded(key)?, encoded_value(self.handle.name(), &value)?);
        for row in self.rows_of(&key) {
            self.handle.set(row, Arc::clone(&value));
        }
        Ok(())
    }

    /// Removes a key from each window of this time.
    ///
    /// # Errors
    ///
    /// As for [`Table::delete`](super::Table::delete).
    pub async fn delete<Q>(&self, key: &Q) -> Result<(), TableError>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        let key = self.encoded(key)?;
        self.rows_of(&key).for_each(|row| self.handle.delete(row));
        Ok(())
    }

    /// Changes the value of a key in each window of this time, and gives that of the one that began last. See
    /// [`Table::update`](super::Table::update).
    ///
    /// # Errors
    ///
    /// As for [`Table::update`](super::Table::update).
    pub async fn update<Q, F>(&self, key: &Q, change: F) -> Result<V, TableError>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
        F: Fn(Option<V>) -> V + Send + Sync + 'static,
    {
        let key = self.encoded(key)?;
        let latest = RowKey::windowed(self.window.current(self.time).start, Arc::clone(&key));
        let change = typed::update(self.handle.name(), &latest, change);
        let mut current = None;
        for row in self.rows_of(&key) {
            let value = self.handle.update(&row, Arc::clone(&change))?;
            // The first of them is the latest.
            current.get_or_insert(value);
        }
        typed::present(self.handle.name(), &latest, current.flatten().as_deref())
    }

    /// Adds to the value of a key in each window of this time: a count, a sum. See [`Table::add`](super::Table::add).
    ///
    /// # Errors
    ///
    /// As for [`Table::update`](super::Table::update).
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

    /// The windows in which a key has a value, and the values, the oldest first.
    ///
    /// # Errors
    ///
    /// As for [`Table::get`](super::Table::get).
    pub async fn windows<Q>(&self, key: &Q) -> Result<Vec<(WindowRange, V)>, TableError>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        let key = self.encoded(key)?;
        let mut found = Vec::new();
        let mut from = Bound::Unbounded;
        // From window to window: each begins with the first row that is there.
        while let Some(start) = self.first_window(from.as_ref())? {
            let row = RowKey::windowed(start, Arc::clone(&key));
            if let Some(json) = self.handle.get(&row)? {
                let value = decoded(self.handle.name(), &row, &json)?;
                found.push((self.window.starting_at(start), value));
            }
            let behind = start + std::time::Duration::from_micros(1);
            from = Bound::Included(RowKey::windowed(behind, "".into()));
        }
        Ok(found)
    }

    /// All windows, keys and values of this partition, the oldest window first. See
    /// [`Table::entries`](super::Table::entries).
    pub fn entries(&self) -> WindowedEntries<K, V> {
        WindowedEntries { rows: Rows::new(self.handle.clone()), window: self.window, types: PhantomData }
    }

    fn encoded<Q>(&self, key: &Q) -> Result<Arc<str>, TableError>
    where
        Q: Serialize + ?Sized,
    {
        encoded_key(self.handle.name(), key)
    }

    fn value_at(&self, time: Timestamp, key: &Arc<str>) -> Result<Option<V>, TableError> {
        let row = RowKey::windowed(self.window.current(time).start, Arc::clone(key));
        let json = self.handle.get(&row)?;
        json.map(|json| decoded(self.handle.name(), &row, &json)).transpose()
    }

    /// The rows of a key in the windows of this time, the latest first.
    fn rows_of(&self, key: &Arc<str>) -> impl Iterator<Item = RowKey> {
        self.window.containing(self.time).map(move |range| RowKey::windowed(range.start, Arc::clone(key)))
    }

    /// Where the first window begins that has a row behind that bound.
    fn first_window(&self, from: Bound<&RowKey>) -> Result<Option<Timestamp>, TableError> {
        let mut from = from.cloned();
        loop {
            let (rows, end) = self.handle.page(from.as_ref(), 1)?;
            match (rows.first(), end) {
                (Some(row), _) => return Ok(row.key.window),
                // What was there this execution has removed.
                (None, Some(end)) => from = Bound::Excluded(end),
                (None, None) => return Ok(None),
            }
        }
    }
}

impl<K, V> Clone for WindowedTable<K, V> {
    fn clone(&self) -> Self {
        Self { handle: self.handle.clone(), window: self.window, time: self.time, types: PhantomData }
    }
}

impl<K, V> fmt::Debug for WindowedTable<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WindowedTable({} at {})", self.handle.name(), self.time)
    }
}

/// The windows, keys and values of a table. See [`WindowedTable::entries`].
#[must_use = "entries are read one by one, with `next`"]
pub struct WindowedEntries<K, V> {
    rows: Rows,
    window: Window,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K: TableKey, V: TableValue> WindowedEntries<K, V> {
    /// The next window, key and value; none behind the last one.
    ///
    /// # Errors
    ///
    /// What the table holds does not fit its types, or it cannot be read.
    pub async fn next(&mut self) -> Result<Option<(WindowRange, K, V)>, TableError> {
        let Some(Row { key, value }) = self.rows.next()? else { return Ok(None) };
        let table = self.rows.handle.name();
        let range = self.window.starting_at(key.window.unwrap_or(Timestamp::MIN));
        Ok(Some((range, decoded(table, &key, &key.key)?, decoded(table, &key, &value)?)))
    }
}

impl<K, V> fmt::Debug for WindowedEntries<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WindowedEntries({})", self.rows.handle.name())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_millis(minute * 60_000)
    }

    fn minutes(count: u64) -> Duration {
        Duration::from_secs(count * 60)
    }

    #[tokio::test]
    async fn each_window_counts_for_itself() -> Result<(), TableError> {
        let visits = WindowedTable::<String, u32>::in_memory(Window::tumbling(minutes(60)));
        for (minute, expected) in [(0, 1), (59, 2), (60, 1), (61, 2), (20, 3)] {
            assert_eq!(visits.at(at(minute)).add("a-1", 1).await?, expected, "minute {minute}");
        }
        let later = visits.at(at(119));
        assert_eq!(later.current("a-1").await?, Some(2));
        assert_eq!(later.ago("a-1", "1h").await?, Some(3));
        assert_eq!(later.ago("a-1", minutes(120)).await?, None);
        assert_eq!(later.current("a-2").await?, None);
        let window = |start, end| WindowRange { start: at(start), end: at(end) };
        assert_eq!(later.windows("a-1").await?, [(window(0, 60), 3), (window(60, 120), 2)]);
        Ok(())
    }

    #[tokio::test]
    async fn a_change_is_made_to_every_window_that_it_is_in() -> Result<(), TableError> {
        let amounts = WindowedTable::<String, u32>::in_memory(Window::hopping(minutes(10), minutes(5)));
        assert_eq!(amounts.at(at(7)).add("a-1", 3).await?, 3);
        assert_eq!(amounts.at(at(12)).add("a-1", 4).await?, 4);
        let found: Vec<_> =
            amounts.windows("a-1").await?.into_iter().map(|(range, sum)| (range.start, sum)).collect();
        assert_eq!(found, [(at(0), 3), (at(5), 7), (at(10), 4)]);

        amounts.at(at(7)).delete("a-1").await?;
        amounts.at(at(20)).set("a-2", 9).await?;
        let mut entries = amounts.entries();
        let mut all = Vec::new();
        while let Some((range, key, value)) = entries.next().await? {
            all.push((range.start, key, value));
        }
        let a2 = |start| (at(start), "a-2".to_owned(), 9);
        assert_eq!(all, [(at(10), "a-1".to_owned(), 4), a2(15), a2(20)]);
        assert_eq!(amounts.windows("a-1").await?.len(), 1);
        assert!(matches!(amounts.ago("a-1", "soon").await, Err(TableError::Duration(_))));
        Ok(())
    }
}
