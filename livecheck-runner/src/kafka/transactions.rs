//! Reports and offsets, written in one transaction.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use livecheck_core::wire::{TestReport, encode};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message as _};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::{Offset, TopicPartitionList};
use uuid::Uuid;

use super::commit_metadata::CommitMetadata;
use super::committer::Pending;
use super::connection::{Connection, Sharing};
use super::health::Health;
use super::intake::GroupConsumer;
use super::patience::Patience;
use super::report_size::{Refused, ReportSize};
use super::reported::ReportPositions;
use super::{checkpoints, delivery, keys, reports};
use crate::engine::{CheckpointChange, CommitPoint, Message};
use crate::tables::{ChangelogPositions, TableSet, TableWrites, record_key};

/// How long one step of a transaction may take before the transaction is given up and tried again.
const STEP: Duration = Duration::from_secs(10);
/// The pause before it is asked again whether a transaction is committed.
const PAUSE: Duration = Duration::from_millis(100);

/// A transaction did not come about.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{0}")]
    Kafka(#[from] KafkaError),
    #[error("the partitions were given to another runner meanwhile")]
    Lost,
    #[error("the run ends, and the brokers took too long")]
    Ending,
    #[error("a report, a checkpoint or a message cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Commits the transaction. Where no answer comes it may have been committed or not: then it is asked again, by
/// the same producer, until that is known, however long the brokers are away. To write it all once more instead could
/// report everything twice. Only a run that ends leaves it open: who goes on reads back what was reported.
fn end(producer: &BaseProducer<Deliveries>, patience: &Patience) -> Result<(), Failure> {
    loop {
        match delivery::commit(producer, patience.at_most(STEP)) {
            Err(KafkaError::Transaction(error)) if error.is_retriable() && !patience.is_over() => {
                tracing::debug!(%error, "asking again whether the transaction is committed");
                std::thread::sleep(PAUSE);
            }
            ended => return Ok(ended?),
        }
    }
}

/// Learns where each report, and each change of a table, was written.
#[derive(Clone)]
struct Deliveries {
    health: Health,
    report_topic: String,
    positions: ReportPositions,
    changelogs: ChangelogPositions,
    too_large: Refused,
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.health.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.health.error(error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        // A record that fails makes its transaction fail: that is where it is dealt with.
        match result {
            Ok(record) if record.topic() == self.report_topic => {
                self.positions.advance(record.partition(), record.offset() + 1);
            }
            Ok(record) if record.topic().ends_with("-changelog") => {
                self.changelogs.advance(record.topic(), record.partition(), record.offset());
            }
            Err((error, record)) if record.topic() == self.report_topic => self.too_large.failed_for(error),
            _ => {}
        }
    }
}

/// The name by which brokers know the producer. It decides nothing: who may write for a partition is decided by the group,
/// whose metadata each transaction carries.
#[derive(Clone, Debug, PartialEq, Eq)]
enum TransactionalId {
    /// No other producer has it.
    Unique { group: String, id: Uuid },
    /// That of a runner with a name in its group, which a successor has, too: brokers end for it what was left open.
    Inherited { group: String, name: String },
}

impl TransactionalId {
    fn new(group: Option<&str>, name: Option<&str>) -> Self {
        match (group, name) {
            (Some(group), Some(name)) => Self::Inherited { group: group.to_owned(), name: name.to_owned() },
            (group, _) => Self::Unique { group: group.unwrap_or("alone").to_owned(), id: Uuid::new_v4() },
        }
    }

    /// A producer that can go on no more may have been fenced by a successor: it must not fence that in turn.
    fn no_longer_inherited(&mut self) {
        if let Self::Inherited { group, .. } = self {
            *self = Self::Unique { group: std::mem::take(group), id: Uuid::new_v4() };
        }
    }
}

impl fmt::Display for TransactionalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unique { group, id } => write!(f, "livecheck-{group}-{id}"),
            Self::Inherited { group, name } => write!(f, "livecheck-{group}-{name}"),
        }
    }
}

/// The transactional producer, made anew when it can go on no more.
pub(super) struct Transactions {
    connection: Connection,
    commits_offsets: bool,
    /// Where checkpoints go, in a group.
    checkpoint_topic: Option<String>,
    /// Where messages for other shards go, in a group.
    key_topic: Option<String>,
    id: TransactionalId,
    deliveries: Deliveries,
    report_size: ReportSize,
    tables: Arc<TableSet>,
    consumer: Arc<GroupConsumer>,
    patience: Patience,
    /// What was committed last.
    committed: BTreeMap<i32, CommitPoint>,
    producer: Option<BaseProducer<Deliveries>>,
}

impl Transactions {
    pub(super) fn new(
        connection: &Connection,
        sharing: &Sharing,
        health: &Health,
        (positions, changelogs): (ReportPositions, ChangelogPositions),
        tables: Arc<TableSet>,
        consumer: Arc<GroupConsumer>,
        patience: Patience,
    ) -> Self {
        let too_large = Refused::default();
        Self {
            connection: connection.clone(),
            commits_offsets: sharing.is_shared(),
            checkpoint_topic: sharing.group().map(checkpoints::topic_of),
            key_topic: sharing.group().map(keys::topic_of),
            id: TransactionalId::new(sharing.group(), connection.property("group.instance.id")),
            deliveries: Deliveries {
                health: health.clone(),
                report_topic: connection.topics.report_topic.clone(),
                positions,
                changelogs,
                too_large: too_large.clone(),
            },
            report_size: ReportSize::new(too_large),
            tables,
            consumer,
            patience,
            committed: BTreeMap::new(),
            producer: None,
        }
    }

    /// Forgets what was committed for a partition that is given back: should it come back, another runner
    /// will have moved it.
    pub(super) fn forget(&mut self, partition: i32) {
        self.committed.remove(&partition);
    }

    /// Ends what a predecessor of the same name has left open, if it had one: until then nobody reads on behind that.
    pub(super) fn take_over(&mut self) {
        if matches!(self.id, TransactionalId::Inherited { .. }) {
            match self.open() {
                Ok(producer) => self.producer = Some(producer),
                // The first commit tries again.
                Err(error) => tracing::debug!(%error, "taking over from a predecessor of the same name"),
            }
        }
    }

    fn open(&self) -> Result<BaseProducer<Deliveries>, KafkaError> {
        let producer = self.connection.report_producer(&self.id.to_string(), self.deliveries.clone())?;
        producer.init_transactions(self.patience.at_most(STEP))?;
        Ok(producer)
    }

    /// Writes all of it, or none.
    pub(super) fn commit(&mut self, pending: &BTreeMap<i32, Pending>) -> Result<(), Failure> {
        let nothing = pending.iter().all(|(partition, pending)| {
            pending.reports.is_empty()
                && pending.messages.is_empty()
                && pending.checkpoints.is_empty()
                && pending.tables.is_empty()
                && !self.has_moved(*partition, pending.commit_point)
        });
        if nothing {
            return Ok(());
        }
        if self.patience.is_over() {
            return Err(Failure::Ending);
        }
        let producer = match self.producer.take() {
            Some(producer) => producer,
            None => self.open()?,
        };
        producer.begin_transaction()?;
        let outcome = self.write(&producer, pending).and_then(|()| end(&producer, &self.patience));
        match outcome {
            Ok(()) => {
                let points =
                    pending.iter().filter_map(|(partition, done)| Some((*partition, done.commit_point?)));
                self.committed.extend(points);
                self.producer = Some(producer);
                Ok(())
            }
            Err(failure) => {
                // A producer that cannot abort has been fenced or has failed for good: the next one is new.
                match producer.abort_transaction(self.patience.at_most(STEP)) {
                    Ok(()) => self.producer = Some(producer),
                    Err(_) => self.id.no_longer_inherited(),
                }
                self.report_size.transaction_failed(&self.connection.topics.report_topic);
                Err(failure)
            }
        }
    }

    /// Whether there is a commit point to commit that was not committed last.
    fn has_moved(&self, partition: i32, point: Option<CommitPoint>) -> bool {
        self.commits_offsets && point.is_some() && self.committed.get(&partition) != point.as_ref()
    }

    fn write(
        &self,
        producer: &BaseProducer<Deliveries>,
        pending: &BTreeMap<i32, Pending>,
    ) -> Result<(), Failure> {
        for (partition, pending) in pending {
            for report in &pending.reports {
                self.send_report(producer, *partition, report)?;
            }
            for change in &pending.checkpoints {
                self.send_checkpoint(producer, *partition, change)?;
            }
            self.send_changes(producer, *partition, &pending.tables)?;
            for (to, message) in &pending.messages {
                self.send_message(producer, *to, message)?;
            }
        }
        if !self.commits_offsets {
            return Ok(());
        }
        let consumer = self.consumer.get().and_then(Weak::upgrade).ok_or(Failure::Lost)?;
        let group = consumer.group_metadata().ok_or(Failure::Lost)?;
        // In this order. Of a member that was thrown out librdkafka forgets who it was, and a commit by nobody is
        // one that brokers accept; but it is told to have lost its partitions in the same breath. What was asked
        // for before that names the old member, and is refused.
        if consumer.assignment_lost() {
            return Err(Failure::Lost);
        }
        let offsets = self.offsets(pending)?;
        producer.send_offsets_to_transaction(&offsets, &group, self.patience.at_most(STEP))?;
        Ok(())
    }

    fn offsets(&self, pending: &BTreeMap<i32, Pending>) -> Result<TopicPartitionList, KafkaError> {
        let mut list = TopicPartitionList::new();
        for (partition, pending) in pending {
            let Some(point) = pending.commit_point else { continue };
            let CommitPoint { test_offset, bus_offset, report_offset, message_offset, strays } = point;
            let mut element = list.add_partition(&self.connection.topics.test_topic, *partition);
            element.set_offset(Offset::Offset(test_offset))?;
            let message_offset = Some(message_offset);
            let metadata = CommitMetadata { bus_offset, report_offset, message_offset, strays };
            element.set_metadata(metadata.to_string());
        }
        Ok(list)
    }

    fn send_report(
        &self,
        producer: &BaseProducer<Deliveries>,
        partition: i32,
        report: &TestReport,
    ) -> Result<(), Failure> {
        let value = self.report_size.encode(report)?;
        let record = reports::record(&self.connection.topics.report_topic, report, &value);
        // The partition of the test, whatever partitioner its sender used.
        send(producer, record.partition(partition))
    }

    fn send_checkpoint(
        &self,
        producer: &BaseProducer<Deliveries>,
        partition: i32,
        change: &CheckpointChange,
    ) -> Result<(), Failure> {
        let Some(topic) = &self.checkpoint_topic else { return Ok(()) };
        let (key, value) = checkpoints::record(partition, change)?;
        let mut record = BaseRecord::to(topic).partition(partition).key(&key[..]);
        if let Some(value) = &value {
            record = record.payload(&value[..]);
        }
        send(producer, record)
    }

    /// Writes what tables have come to, in a group: what a run of its own changes is its own.
    fn send_changes(
        &self,
        producer: &BaseProducer<Deliveries>,
        partition: i32,
        changes: &TableWrites,
    ) -> Result<(), Failure> {
        if !self.commits_offsets {
            return Ok(());
        }
        for (table, key, write) in changes.iter() {
            let key = record_key(self.tables.window(table), key);
            let mut record = BaseRecord::to(self.tables.topic(table)).partition(partition).key(&key[..]);
            if let Some(value) = &write.value {
                record = record.payload(value.as_bytes());
            }
            send(producer, record)?;
        }
        Ok(())
    }

    fn send_message(
        &self,
        producer: &BaseProducer<Deliveries>,
        to: i32,
        message: &Message,
    ) -> Result<(), Failure> {
        let Some(topic) = &self.key_topic else { return Ok(()) };
        let value = encode(message)?;
        send(producer, BaseRecord::to(topic).partition(to).payload(&value[..]))
    }
}

/// Hands a record to the producer, as soon as that has room for it.
fn send(producer: &BaseProducer<Deliveries>, mut record: BaseRecord<'_, str, [u8]>) -> Result<(), Failure> {
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((error, refused)) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull) => {
                producer.poll(Duration::from_millis(10));
                record = refused;
            }
            Err((error, _)) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_been_fenced_by_a_successor_of_the_same_name_has_a_name_of_its_own() {
        let mut id = TransactionalId::new(Some("livecheck"), Some("runner-1"));
        assert_eq!(id, TransactionalId::new(Some("livecheck"), Some("runner-1")));
        assert_eq!(id.to_string(), "livecheck-livecheck-runner-1");
        id.no_longer_inherited();
        let unique = id.clone();
        id.no_longer_inherited();
        assert_eq!(id, unique);
        assert_ne!(id, TransactionalId::new(Some("livecheck"), None));
    }
}
