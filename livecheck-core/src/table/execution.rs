//! The tables of one execution: what was there, and what it has changed.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::changes::{Changes, Update};
use super::error::TableError;
use super::row::{Row, RowKey};
use super::{StoreError, TableDefinition, TableSource};
use crate::time::Timestamp;

/// The tables of one execution.
pub struct ExecutionTables {
    definitions: &'static [TableDefinition],
    /// In which windows it is.
    event_time: Timestamp,
    source: Arc<dyn TableSource>,
    /// None once the execution has ended: what its tasks do to tables after that is not done.
    changes: Mutex<Option<Changes>>,
}

impl ExecutionTables {
    /// The tables of an execution of a case that has these, whose rows `source` has.
    #[must_use]
    pub fn new(
        definitions: &'static [TableDefinition],
        event_time: Timestamp,
        source: Arc<dyn TableSource>,
    ) -> Self {
        Self { definitions, event_time, source, changes: Mutex::new(Some(Changes::default())) }
    }

    /// The tables of a case that has none.
    #[must_use]
    pub fn none() -> Self {
        Self::new(&[], Timestamp::MIN, Arc::new(InMemory))
    }

    /// What the execution has changed, which ends with that.
    #[must_use]
    pub fn take_changes(&self) -> Changes {
        self.changes().take().unwrap_or_default()
    }

    fn changes(&self) -> MutexGuard<'_, Option<Changes>> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ExecutionTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecutionTables").field("changes", &*self.changes()).finish_non_exhaustive()
    }
}

/// One table of an execution.
#[derive(Clone)]
pub(super) struct Handle {
    tables: Arc<ExecutionTables>,
    index: usize,
    /// As it was registered.
    definition: TableDefinition,
}

impl Handle {
    pub(super) fn new(tables: Arc<ExecutionTables>, index: usize) -> Self {
        let definition = tables.definitions[index];
        Self { tables, index, definition }
    }

    pub(super) fn in_memory(definition: TableDefinition) -> Self {
        let tables = ExecutionTables::new(&[], Timestamp::now(), Arc::new(InMemory));
        Self { tables: Arc::new(tables), index: 0, definition }
    }

    pub(super) fn name(&self) -> &'static str {
        self.definition.name
    }

    pub(super) fn definition(&self) -> TableDefinition {
        self.definition
    }

    pub(super) fn event_time(&self) -> Timestamp {
        self.tables.event_time
    }

    fn base(&self, key: &RowKey) -> Result<Option<Arc<str>>, TableError> {
        self.tables.source.get(self.index, key).map_err(|error| self.unreadable(error))
    }

    fn unreadable(&self, StoreError(reason): StoreError) -> TableError {
        TableError::Unreadable { table: self.name(), reason }
    }

    /// What the row has, as this execution sees it.
    pub(super) fn get(&self, key: &RowKey) -> Result<Option<Arc<str>>, TableError> {
        let decided = self.with(|changes| changes.decides(self.index, key));
        // Read outside of the lock: it may take a while.
        let base = if decided { None } else { self.base(key)? };
        self.with(|changes| changes.applied(self.index, key, base))
    }

    pub(super) fn set(&self, key: RowKey, value: Arc<str>) {
        self.with(|changes| changes.set(self.index, key, Some(value)));
    }

    pub(super) fn delete(&self, key: RowKey) {
        self.with(|changes| changes.set(self.index, key, None));
    }

    /// Changes a row, and gives what it then has. Where the change fails there is none.
    pub(super) fn update(&self, key: &RowKey, update: Update) -> Result<Option<Arc<str>>, TableError> {
        let value = update(self.get(key)?.as_deref())?;
        self.with(|changes| changes.update(self.index, key.clone(), update))?;
        Ok(value)
    }

    /// The rows behind a bound, as this execution sees them: all those up to the key that is given too, if there may be
    /// more behind it.
    pub(super) fn page(
        &self,
        from: Bound<&RowKey>,
        most: usize,
    ) -> Result<(Vec<Row>, Option<RowKey>), TableError> {
        let source = &self.tables.source;
        let base = source.page(self.index, from, most).map_err(|error| self.unreadable(error))?;
        let end = (base.len() >= most).then(|| base.last().map(|row| row.key.clone())).flatten();
        let mut rows: BTreeMap<RowKey, Option<Arc<str>>> =
            base.into_iter().map(|Row { key, value }| (key, Some(value))).collect();
        self.with(|changes| {
            let changed = changes.rows_from(self.index, from);
            let within = changed.take_while(|key| end.as_ref().is_none_or(|end| *key <= end));
            for key in within {
                let value = changes.applied(self.index, key, rows.remove(key).flatten())?;
                rows.insert(key.clone(), value);
            }
            Ok::<_, TableError>(())
        })?;
        let rows = rows.into_iter().filter_map(|(key, value)| Some(Row { key, value: value? }));
        Ok((rows.collect(), end))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Changes) -> T) -> T {
        match &mut *self.tables.changes() {
            Some(changes) => act(changes),
            None => act(&mut Changes::default()),
        }
    }
}

/// Nothing but what one execution has changed: for unit tests.
struct InMemory;

impl TableSource for InMemory {
    fn get(&self, _: usize, _: &RowKey) -> Result<Option<Arc<str>>, StoreError> {
        Ok(None)
    }

    fn page(&self, _: usize, _: Bound<&RowKey>, _: usize) -> Result<Vec<Row>, StoreError> {
        Ok(Vec::new())
    }
}
