//! What executions have changed, on its way to the changelog and then to disk.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use livecheck_core::table::RowKey;

use super::names::TableId;
use super::partition::PartitionTables;

/// What a row gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Write {
    /// The JSON of its value; none removes the row.
    pub(crate) value: Option<Arc<str>>,
    /// Which write of its partition it is.
    pub(super) number: u64,
}

/// What executions of one partition have changed, and is not committed: the latest of each row.
#[derive(Debug, Default)]
pub(crate) struct TableWrites {
    /// Where it goes once it is committed. None if there is nothing.
    pub(super) tables: Option<Arc<PartitionTables>>,
    pub(super) rows: BTreeMap<(TableId, RowKey), Write>,
}

impl TableWrites {
    /// Adds what came after it.
    pub(crate) fn append(&mut self, later: Self) {
        self.tables = later.tables.or(self.tables.take());
        self.rows.extend(later.rows);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many rows it is.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// What is to be written to the changelogs.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (TableId, &RowKey, &Write)> {
        self.rows.iter().map(|((table, key), write)| (*table, key, write))
    }
}

/// How far the changelogs have been written.
#[derive(Clone, Debug, Default)]
pub(crate) struct ChangelogPositions(Arc<Mutex<HashMap<(String, i32), i64>>>);

impl ChangelogPositions {
    /// A record was written at that offset.
    pub(crate) fn advance(&self, topic: &str, partition: i32, offset: i64) {
        let mut positions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let position = positions.entry((topic.to_owned(), partition)).or_default();
        *position = (*position).max(offset + 1);
    }

    /// The offset behind the last record that was written.
    pub(super) fn get(&self, topic: &str, partition: i32) -> Option<i64> {
        let positions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        positions.get(&(topic.to_owned(), partition)).copied()
    }
}
