//! What is not yet both committed and on disk, over what is on disk.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use livecheck_core::table::{Row, RowKey, rows_from};

use super::names::TableId;
use super::writes::Write;

/// What a row takes beside its texts, roughly: its places here and among what is to be committed.
const OVERHEAD_BYTES: usize = 200;

/// The rows of a partition that are not on disk as they are now.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    rows: BTreeMap<(TableId, RowKey), Write>,
    bytes: usize,
    /// How many writes there have been.
    writes: u64,
}

impl Overlay {
    /// What the row has now; none where that is on disk.
    pub(super) fn get(&self, table: TableId, key: &RowKey) -> Option<Option<Arc<str>>> {
        self.rows.get(&(table, key.clone())).map(|write| write.value.clone())
    }

    /// A row gets a value, or is removed.
    pub(super) fn put(&mut self, table: TableId, key: &RowKey, value: Option<Arc<str>>) -> Write {
        self.writes += 1;
        let write = Write { value, number: self.writes };
        self.bytes += bytes(key, &write);
        if let Some(before) = self.rows.insert((table, key.clone()), write.clone()) {
            self.bytes -= bytes(key, &before);
        }
        write
    }

    /// The bytes that the rows take, roughly.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// A write is on disk.
    pub(super) fn is_stored(&mut self, table: TableId, key: &RowKey, write: &Write) {
        let place = (table, key.clone());
        // A later write of the same row is not.
        if self.rows.get(&place).is_some_and(|latest| latest.number == write.number) {
            self.rows.remove(&place);
            self.bytes -= bytes(key, write);
        }
    }

    /// The first rows behind a bound, `most` or all that there are. `stored` gives the same of those on disk.
    pub(super) fn page<E>(
        &self,
        table: TableId,
        from: Bound<&RowKey>,
        most: usize,
        stored: impl Fn(Bound<&RowKey>, usize) -> Result<Vec<Row>, E>,
    ) -> Result<Vec<Row>, E> {
        let mut page = Vec::new();
        let mut from = from.cloned();
        while page.len() < most {
            let below = stored(from.as_ref(), most)?;
            let end = (below.len() >= most).then(|| below.last().map(|row| row.key.clone())).flatten();
            let mut rows: BTreeMap<RowKey, Option<Arc<str>>> =
                below.into_iter().map(|Row { key, value }| (key, Some(value))).collect();
            for (key, write) in rows_from(&self.rows, table, from.as_ref()) {
                if end.as_ref().is_some_and(|end| key > end) {
                    break;
                }
                rows.insert(key.clone(), write.value.clone());
            }
            page.extend(rows.into_iter().filter_map(|(key, value)| Some(Row { key, value: value? })));
            match end {
                Some(end) => from = Bound::Excluded(end),
                None => break,
            }
        }
        page.truncate(most);
        Ok(page)
    }
}

fn bytes(key: &RowKey, write: &Write) -> usize {
    OVERHEAD_BYTES + key.key.len() + write.value.as_ref().map_or(0, |value| value.len())
}
