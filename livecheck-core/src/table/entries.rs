//! All keys and values of a table, in pages.

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Bound;

use super::error::TableError;
use super::execution::Handle;
use super::row::{Row, RowKey};
use super::typed::{TableKey, TableValue, decoded};

/// How many rows are read at once. In tests few, to come upon every seam.
const PAGE: usize = if cfg!(test) { 2 } else { 256 };

/// The keys and values of a table. See [`Table::entries`](super::Table::entries).
#[must_use = "entries are read one by one, with `next`"]
pub struct Entries<K, V> {
    rows: Rows,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K: TableKey, V: TableValue> Entries<K, V> {
    pub(super) fn new(handle: Handle) -> Self {
        Self { rows: Rows::new(handle), types: PhantomData }
    }

    /// The next key and its value; none behind the last one.
    ///
    /// # Errors
    ///
    /// What the table holds does not fit its types, or it cannot be read.
    pub async fn next(&mut self) -> Result<Option<(K, V)>, TableError> {
        let Some(Row { key, value }) = self.rows.next()? else { return Ok(None) };
        let table = self.rows.handle.name();
        Ok(Some((decoded(table, &key, &key.key)?, decoded(table, &key, &value)?)))
    }
}

impl<K, V> fmt::Debug for Entries<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entries({})", self.rows.handle.name())
    }
}

/// The rows of a table, in the order of their keys.
pub(super) struct Rows {
    pub(super) handle: Handle,
    read: VecDeque<Row>,
    /// From where the next page is read; none behind the last one.
    next: Option<Bound<RowKey>>,
}

impl Rows {
    pub(super) fn new(handle: Handle) -> Self {
        Self { handle, read: VecDeque::new(), next: Some(Bound::Unbounded) }
    }

    pub(super) fn next(&mut self) -> Result<Option<Row>, TableError> {
        while self.read.is_empty() {
            let Some(from) = self.next.take() else { return Ok(None) };
            let (rows, end) = self.handle.page(from.as_ref(), PAGE)?;
            self.read = rows.into();
            self.next = end.map(Bound::Excluded);
        }
        Ok(self.read.pop_front())
    }
}
