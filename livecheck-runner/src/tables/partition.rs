//! The tables of one partition: read by the executions that are under way, changed when they end.

use std::collections::HashMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use livecheck_core::Timestamp;
use livecheck_core::table::{Changes, Row, RowKey, StoreError, TableError, TableSource, Window};
use tokio::sync::Notify;

use super::names::{TableId, TableSet};
use super::overlay::Overlay;
use super::store::{Batch, Position, Store};
use super::writes::{ChangelogPositions, TableWrites};

/// How many rows of expired windows are removed at most when an execution ends: the next one goes on.
const EXPIRE_AT_ONCE: usize = 1000;
/// The most bytes of a row. Kafka's clients and brokers take a million for a record where nobody has told them otherwise,
/// and what the one does not take the runner could never commit, nor anything beside it.
const MOST_BYTES: usize = 900_000;
/// How many characters of the key of a row that is too large are shown.
const SHOWN_OF_KEY: usize = 100;

/// The tables of one partition.
#[derive(Debug)]
pub(crate) struct PartitionTables {
    partition: i32,
    set: Arc<TableSet>,
    store: Arc<Store>,
    state: Mutex<State>,
    /// What is held in memory has become less.
    freed: Notify,
}

#[derive(Debug, Default)]
struct State {
    overlay: Overlay,
    /// Of the tables whose windows expire: which windows there are.
    spans: HashMap<TableId, Span>,
    /// What is committed, and could not be written to disk yet.
    unwritten: TableWrites,
}

/// Where the windows of a table begin.
#[derive(Clone, Copy, Debug)]
struct Span {
    /// There is none before.
    oldest: Timestamp,
    latest: Timestamp,
}

impl PartitionTables {
    /// The tables of that partition, as the store has them.
    pub(crate) fn open(
        partition: i32,
        set: Arc<TableSet>,
        store: Arc<Store>,
    ) -> Result<Arc<Self>, StoreError> {
        let mut spans = HashMap::new();
        for table in set.ids() {
            if set.window(table).and_then(Window::expires).is_none() {
                continue;
            }
            let last = store.last(set.topic(table), partition, true)?;
            if let Some(latest) = last.and_then(|key| key.window) {
                spans.insert(table, Span { oldest: Timestamp::MIN, latest });
            }
        }
        let state = Mutex::new(State { spans, ..State::default() });
        Ok(Arc::new(Self { partition, set, store, state, freed: Notify::new() }))
    }

    /// The tables of a case, for an execution of it.
    pub(crate) fn of_case(self: &Arc<Self>, case: &'static str) -> Arc<dyn TableSource> {
        Arc::new(CaseTables { tables: Arc::clone(self), case })
    }

    /// The bytes that are held in memory, roughly: what is not yet both committed and on disk.
    pub(crate) fn held_bytes(&self) -> usize {
        self.state().overlay.bytes()
    }

    /// Waits until less is held in memory than before. What has become free since this was last waited for counts.
    pub(crate) async fn freed(&self) {
        self.freed.notified().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, table: TableId, key: &RowKey) -> Result<Option<Arc<str>>, StoreError> {
        {
            let state = self.state();
            if self.is_expired(&state, table, key) {
                return Ok(None);
            }
            if let Some(value) = state.overlay.get(table, key) {
                return Ok(value);
            }
        }
        // What leaves the overlay is in the store by then.
        Ok(self.store.get(self.set.topic(table), self.partition, key)?.map(Into::into))
    }

    /// The first rows behind a bound, `most` or all that there are.
    pub(crate) fn page(
        &self,
        table: TableId,
        from: Bound<&RowKey>,
        most: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let state = self.state();
        let first_kept = self.first_kept(&state, table).map(|start| RowKey::windowed(start, "".into()));
        let from = match (&first_kept, from) {
            (Some(kept), Bound::Included(key) | Bound::Excluded(key)) if kept > key => Bound::Included(kept),
            (Some(kept), Bound::Unbounded) => Bound::Included(kept),
            (_, from) => from,
        };
        self.stored_page(&state, table, from, most)
    }

    fn stored_page(
        &self,
        state: &State,
        table: TableId,
        from: Bound<&RowKey>,
        most: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let (topic, is_windowed) = (self.set.topic(table), self.set.window(table).is_some());
        let stored =
            |from: Bound<&RowKey>, most| self.store.page(topic, self.partition, from, is_windowed, most);
        state.overlay.page(table, from, most, stored)
    }

    /// Where the first window of a table begins that has not expired, if they do.
    fn first_kept(&self, state: &State, table: TableId) -> Option<Timestamp> {
        self.set.window(table)?.first_kept(state.spans.get(&table)?.latest)
    }

    fn is_expired(&self, state: &State, table: TableId, key: &RowKey) -> bool {
        let Some(start) = key.window else { return false };
        self.first_kept(state, table).is_some_and(|first_kept| start < first_kept)
    }

    /// Applies what an execution of a case has changed, now that it has ended. All of it or, where a change fails with
    /// what its row has by now, none.
    ///
    /// # Errors
    ///
    /// A change fails, or the tables cannot be read.
    pub(crate) fn apply(
        self: &Arc<Self>,
        case: &'static str,
        changes: &Changes,
    ) -> Result<TableWrites, TableError> {
        let mut after = Vec::new();
        for (index, key) in changes.rows() {
            let Some(table) = self.set.of_case(case, index) else { continue };
            let before = self.get(table, key).map_err(|error| self.unreadable(error))?;
            let value = changes.applied(index, key, before)?;
            self.check_size(table, key, value.as_deref())?;
            after.push((table, key, value));
        }
        let mut writes = TableWrites { tables: Some(Arc::clone(self)), ..TableWrites::default() };
        let mut state = self.state();
        for (table, key, value) in after {
            // What belongs to a window that has expired is too late.
            if !self.is_expired(&state, table, key) {
                put(&mut state, &mut writes, table, key.clone(), value);
                self.stretch(&mut state, table, key);
            }
        }
        for table in self.set.ids() {
            self.expire(&mut state, &mut writes, table).map_err(|error| self.unreadable(error))?;
        }
        Ok(writes)
    }

    fn check_size(&self, table: TableId, key: &RowKey, value: Option<&str>) -> Result<(), TableError> {
        let bytes = key.key.len() + value.map_or(0, str::len);
        if bytes <= MOST_BYTES {
            return Ok(());
        }
        let beginning = key.key.chars().take(SHOWN_OF_KEY).collect();
        Err(TableError::TooLarge { table: self.set.name(table), key: beginning, bytes, most: MOST_BYTES })
    }

    fn unreadable(&self, StoreError(reason): StoreError) -> TableError {
        TableError::Unreadable { table: "of this partition", reason }
    }

    /// A window has a row.
    fn stretch(&self, state: &mut State, table: TableId, key: &RowKey) {
        let expires = self.set.window(table).and_then(Window::expires);
        if let (Some(start), Some(_)) = (key.window, expires) {
            let span = state.spans.entry(table).or_insert(Span { oldest: start, latest: start });
            span.oldest = span.oldest.min(start);
            span.latest = span.latest.max(start);
        }
    }

    /// Removes rows of windows that have expired.
    fn expire(&self, state: &mut State, writes: &mut TableWrites, table: TableId) -> Result<(), StoreError> {
        let Some(first_kept) = self.first_kept(state, table) else { return Ok(()) };
        if state.spans.get(&table).is_none_or(|span| first_kept <= span.oldest) {
            return Ok(());
        }
        let rows = self.stored_page(state, table, Bound::Unbounded, EXPIRE_AT_ONCE)?;
        let expired = rows.iter().take_while(|row| row.key.window < Some(first_kept));
        for row in expired.clone() {
            put(state, writes, table, row.key.clone(), None);
        }
        if expired.count() < EXPIRE_AT_ONCE {
            if let Some(span) = state.spans.get_mut(&table) {
                span.oldest = first_kept;
            }
        }
        Ok(())
    }

    /// Those writes are committed: they go to disk, with what the changelogs have come to.
    ///
    /// Where the disk does not take them they are kept, and tried again with the next ones: the store must not have
    /// what came later without what came before.
    pub(super) fn committed(
        &self,
        writes: TableWrites,
        positions: &ChangelogPositions,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut unwritten = std::mem::take(&mut self.state().unwritten);
        unwritten.append(writes);
        let mut batches: Vec<Batch<'_>> = Vec::new();
        for (table, key, write) in unwritten.iter() {
            let topic = self.set.topic(table);
            if batches.last().is_none_or(|batch| batch.table != topic) {
                let offset = positions.get(topic, self.partition);
                let position = offset.map(|offset| Position { offset, time: now });
                batches.push(Batch { table: topic, partition: self.partition, rows: Vec::new(), position });
            }
            if let Some(batch) = batches.last_mut() {
                batch.rows.push((key, write.value.as_deref()));
            }
        }
        let stored = self.store.write(&batches);
        let mut state = self.state();
        match stored {
            Ok(()) => {
                for (table, key, write) in unwritten.iter() {
                    state.overlay.is_stored(table, key, write);
                }
                self.freed.notify_one();
                Ok(())
            }
            Err(error) => {
                state.unwritten = unwritten;
                Err(error)
            }
        }
    }
}

fn put(state: &mut State, writes: &mut TableWrites, table: TableId, key: RowKey, value: Option<Arc<str>>) {
    let write = state.overlay.put(table, &key, value);
    writes.rows.insert((table, key), write);
}

impl TableWrites {
    /// They are committed. See [`PartitionTables::committed`].
    pub(crate) fn committed(mut self, positions: &ChangelogPositions) -> Result<(), StoreError> {
        match self.tables.take() {
            Some(tables) => tables.committed(self, positions, Timestamp::now()),
            None => Ok(()),
        }
    }
}

/// The tables of one case.
struct CaseTables {
    tables: Arc<PartitionTables>,
    case: &'static str,
}

impl CaseTables {
    fn id(&self, index: usize) -> Result<TableId, StoreError> {
        let id = self.tables.set.of_case(self.case, index);
        id.ok_or_else(|| StoreError(format!("no table of `{}` is kept in this run", self.case)))
    }
}

impl TableSource for CaseTables {
    fn get(&self, table: usize, key: &RowKey) -> Result<Option<Arc<str>>, StoreError> {
        self.tables.get(self.id(table)?, key)
    }

    fn page(&self, table: usize, from: Bound<&RowKey>, most: usize) -> Result<Vec<Row>, StoreError> {
        self.tables.page(self.id(table)?, from, most)
    }
}
