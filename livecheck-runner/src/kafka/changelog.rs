//! Changelogs: where the tables of the cases stand on Kafka, and how what is on disk is brought forward from there.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use livecheck_core::Timestamp;
use livecheck_core::table::StoreError;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::{Message, Offset};

use super::connection::{Connection, REQUEST_TIMEOUT};
use super::error::KafkaEdgeError;
use super::read_back::ReadBack;
use crate::tables::{Batch, ChangelogRecord, PartitionTables, Position, Store, TableId, TableSet};

/// How many rows of a partition are written to disk at once.
const BATCH: usize = 10_000;
/// How long a store may have been left alone and still be gone on from. A row that was removed leaves a record behind
/// that says so, and brokers remove that record a day later (`delete.retention.ms`): an older store could miss it.
pub(crate) const OLDEST_COPY: Duration = Duration::from_secs(12 * 60 * 60);

/// How long it may take to look at a table.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// The tables of a run.
#[derive(Clone, Debug)]
pub(crate) struct Tables {
    pub(crate) set: Arc<TableSet>,
    pub(crate) store: Arc<Store>,
}

/// The tables of a partition could not be restored.
#[derive(Debug, thiserror::Error)]
pub(super) enum RestoreError {
    #[error("{0}")]
    Kafka(#[from] KafkaError),
    #[error("the tables on disk: {0}")]
    Store(#[from] StoreError),
}

impl Tables {
    /// The tables of those partitions, brought forward to the ends of their changelogs. Blocks, until `go_on` says no.
    pub(super) fn restore(
        &self,
        reader: &ReadBack,
        partitions: &[i32],
        go_on: impl Fn() -> bool,
    ) -> Result<HashMap<i32, Arc<PartitionTables>>, RestoreError> {
        for table in self.set.restored() {
            self.restore_table(reader, table, partitions, &go_on)?;
        }
        let opened = partitions.iter().map(|&partition| {
            let tables = PartitionTables::open(partition, Arc::clone(&self.set), Arc::clone(&self.store))?;
            Ok((partition, tables))
        });
        opened.collect()
    }

    /// All partitions of the tables, as they are committed now. Blocks.
    pub(crate) fn read(
        &self,
        connection: &Connection,
        partitions: usize,
    ) -> Result<Vec<(i32, Arc<PartitionTables>)>, KafkaEdgeError> {
        let reader = ReadBack::new(connection)?;
        let numbers: Vec<i32> = (0..i32::try_from(partitions).unwrap_or(i32::MAX)).collect();
        let deadline = Instant::now() + PATIENCE;
        let tables = self.restore(&reader, &numbers, || Instant::now() < deadline);
        let mut tables = tables.map_err(|error| KafkaEdgeError::Table(error.to_string()))?;
        Ok(numbers.into_iter().filter_map(|number| Some((number, tables.remove(&number)?))).collect())
    }

    fn restore_table(
        &self,
        reader: &ReadBack,
        table: TableId,
        partitions: &[i32],
        go_on: &impl Fn() -> bool,
    ) -> Result<(), RestoreError> {
        let topic = self.set.topic(table);
        let mut restoring = HashMap::new();
        let mut from = Vec::new();
        for &partition in partitions {
            let offset = self.begin(reader, topic, partition)?;
            from.push((partition, Offset::Offset(offset)));
            restoring
                .insert(partition, Restoring { tables: self, table, partition, offset, read: Vec::new() });
        }
        let restoring = RefCell::new(restoring);
        let failed = RefCell::new(None);
        let read = reader.read(
            topic,
            &from,
            || go_on() && failed.borrow().is_none(),
            |message| {
                let mut restoring = restoring.borrow_mut();
                let Some(of_partition) = restoring.get_mut(&message.partition()) else { return };
                if let Err(error) = of_partition.see(message) {
                    failed.borrow_mut().get_or_insert(error);
                }
            },
        );
        if let Some(error) = failed.into_inner() {
            return Err(RestoreError::Store(error));
        }
        read?;
        for mut of_partition in restoring.into_inner().into_values() {
            of_partition.write()?;
        }
        Ok(())
    }

    /// From which offset of its changelog a partition is to be brought forward.
    fn begin(&self, reader: &ReadBack, topic: &str, partition: i32) -> Result<i64, RestoreError> {
        let (first, next) = reader.client().fetch_watermarks(topic, partition, REQUEST_TIMEOUT)?;
        let Some(Position { offset, time }) = self.store.position(topic, partition)? else {
            return Ok(first);
        };
        // Behind the end: the topic is another one by now. Before the beginning: somebody has removed records.
        let is_of_this_log = (first..=next).contains(&offset);
        if is_of_this_log && Timestamp::now().distance(time) < OLDEST_COPY {
            return Ok(offset);
        }
        self.store.remove(topic, partition)?;
        Ok(first)
    }
}

/// A partition of a table that is being brought forward.
struct Restoring<'t> {
    tables: &'t Tables,
    table: TableId,
    partition: i32,
    /// The next offset of its changelog.
    offset: i64,
    /// What is not on disk yet.
    read: Vec<ChangelogRecord>,
}

impl Restoring<'_> {
    fn see(&mut self, message: &BorrowedMessage<'_>) -> Result<(), StoreError> {
        self.offset = message.offset() + 1;
        let window = self.tables.set.window(self.table);
        match ChangelogRecord::read(window, message.key(), message.payload()) {
            Ok(record) => self.read.push(record),
            Err(error) => {
                let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
                tracing::warn!(%error, topic, partition, offset, "a record is none of this changelog, and passed over");
            }
        }
        if self.read.len() >= BATCH { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), StoreError> {
        let read = std::mem::take(&mut self.read);
        let rows = read.iter().map(|record| (&record.key, record.value.as_deref())).collect();
        let position = Position { offset: self.offset, time: Timestamp::now() };
        let (table, partition) = (self.tables.set.topic(self.table), self.partition);
        self.tables.store.write(&[Batch { table, partition, rows, position: Some(position) }])
    }
}
