//! Where to begin with a partition that has come: by what was committed, and by what is there.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use livecheck_core::Timestamp;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaResult;
use rdkafka::metadata::{MetadataPartition, MetadataTopic};
use rdkafka::{Offset, TopicPartitionList};

use super::by_hand::ByHand;
use super::changelog::{RestoreError, Tables};
use super::checkpoints;
use super::commit_metadata::CommitMetadata;
use super::connection::{Connection, REQUEST_TIMEOUT, Sharing};
use super::error::KafkaEdgeError;
use super::intake::{IntakeParts, Warn};
use super::read_back::ReadBack;
use super::reported::{self, ReadBackReports, ReadFrom};
use super::routes::partitions;
use crate::engine::{CommitPoint, Handover, Reported, StrayPoint};
use crate::tables::PartitionTables;

/// For how long a producer may try to send a trigger again: as long as librdkafka does (`message.timeout.ms`).
const REPEATED_WITHIN: Duration = Duration::from_secs(5 * 60);
/// How many reports of a partition are read back at most to know repeated triggers by: as many as a shard remembers
/// (`Limits::recent_executions`).
const REMEMBERED: i64 = 100_000;

/// Where a partition is begun with, and where its topics ended at that moment.
pub(super) struct Begin {
    pub(super) partition: i32,
    pub(super) from: CommitPoint,
    tests_end: i64,
    pub(super) reports_end: i64,
}

/// The first and the next offset of a partition of each topic.
struct Watermarks {
    tests: (i64, i64),
    bus: (i64, i64),
    reports: (i64, i64),
    messages: (i64, i64),
}

/// Asks where to begin.
pub(super) struct Beginnings {
    reader: ReadBack,
    bus: Arc<ByHand>,
    keys: Option<Arc<ByHand>>,
    test_topic: String,
    report_topic: String,
    sharing: Sharing,
    tables: Tables,
    warn: Warn,
}

impl Beginnings {
    pub(super) fn new(
        connection: &Connection,
        sharing: &Sharing,
        parts: &IntakeParts,
    ) -> Result<Self, KafkaEdgeError> {
        Ok(Self {
            reader: ReadBack::new(connection)?,
            bus: Arc::clone(&parts.bus),
            keys: parts.keys.clone(),
            test_topic: connection.topics.test_topic.clone(),
            report_topic: connection.topics.report_topic.clone(),
            sharing: sharing.clone(),
            tables: parts.tables.clone(),
            warn: Arc::clone(&parts.warn),
        })
    }

    /// The partitions that the test topic has.
    pub(super) fn partition_numbers(&self) -> KafkaResult<Vec<i32>> {
        let metadata = self.reader.client().fetch_metadata(Some(&self.test_topic), REQUEST_TIMEOUT)?;
        let topic = metadata.topics().iter().find(|topic| topic.name() == self.test_topic);
        Ok(topic.into_iter().flat_map(MetadataTopic::partitions).map(MetadataPartition::id).collect())
    }

    /// Where to begin with each of the partitions.
    pub(super) fn of<C: ConsumerContext>(
        &self,
        consumer: &BaseConsumer<C>,
        assigned: &[i32],
    ) -> KafkaResult<Vec<Begin>> {
        let committed =
            if self.sharing.is_shared() { self.committed(consumer, assigned)? } else { HashMap::new() };
        assigned
            .iter()
            .map(|&partition| {
                let watermarks =
                    |topic| self.reader.client().fetch_watermarks(topic, partition, REQUEST_TIMEOUT);
                let (tests, reports) = (watermarks(&self.test_topic)?, watermarks(&self.report_topic)?);
                let bus = self.bus.watermarks(partition)?;
                // Without a group there is no such topic, and shards talk within the process.
                let messages = self.keys.as_ref().map_or(Ok((0, 0)), |keys| keys.watermarks(partition))?;
                let ends = Watermarks { tests, bus, reports, messages };
                let from = self.commit_point(partition, committed.get(&partition), &ends);
                Ok(Begin { partition, from, tests_end: tests.1, reports_end: reports.1 })
            })
            .collect()
    }

    fn committed<C: ConsumerContext>(
        &self,
        consumer: &BaseConsumer<C>,
        assigned: &[i32],
    ) -> KafkaResult<HashMap<i32, (Offset, String)>> {
        let list = partitions(&self.test_topic, assigned);
        let committed = consumer.committed_offsets(list, REQUEST_TIMEOUT)?;
        Ok(committed
            .elements()
            .iter()
            .map(|element| (element.partition(), (element.offset(), element.metadata().to_owned())))
            .collect())
    }

    /// What predecessors have left of each of the partitions.
    pub(super) fn handovers(
        &self,
        begins: &[Begin],
        go_on: impl Fn() -> bool,
    ) -> KafkaResult<HashMap<i32, Handover>> {
        let (mut reports, mut checkpoints) = (HashMap::new(), HashMap::new());
        if let Some(group) = self.sharing.group() {
            let from = self.reports_from(begins)?;
            reports = reported::read_back(&self.reader, &self.report_topic, &from, &go_on)?;
            let partitions = begins.iter().map(|begin| begin.partition);
            let topic = checkpoints::topic_of(group);
            checkpoints = checkpoints::read_back(&self.reader, &topic, partitions, &go_on)?;
        }
        let handover = |begin: &Begin| {
            let ReadBackReports { again, recent } = reports.remove(&begin.partition).unwrap_or_default();
            Handover {
                from: begin.from,
                reported: Reported { executions: again, tests_end: begin.tests_end },
                recent,
                checkpoints: checkpoints.remove(&begin.partition).unwrap_or_default(),
            }
        };
        let partitions = begins.iter().map(|begin| begin.partition);
        Ok(partitions.zip(begins.iter().map(handover)).collect())
    }

    /// The tables of each of the partitions, as predecessors have left them.
    pub(super) fn tables(
        &self,
        begins: &[Begin],
        go_on: impl Fn() -> bool,
    ) -> Result<HashMap<i32, Arc<PartitionTables>>, RestoreError> {
        let partitions: Vec<i32> = begins.iter().map(|begin| begin.partition).collect();
        self.tables.restore(&self.reader, &partitions, go_on)
    }

    /// From where the reports of each partition are read back: for the tests that are read again, and for
    /// triggers that a producer may yet repeat.
    fn reports_from(&self, begins: &[Begin]) -> KafkaResult<Vec<ReadFrom>> {
        let since = Timestamp::now() - REPEATED_WITHIN;
        let mut list = TopicPartitionList::with_capacity(begins.len());
        for begin in begins {
            let time = Offset::Offset(since.as_millis());
            list.add_partition_offset(&self.report_topic, begin.partition, time)?;
        }
        let since = self.reader.client().offsets_for_times(list, REQUEST_TIMEOUT)?;
        let from = begins.iter().map(|begin| {
            let found = since.find_partition(&self.report_topic, begin.partition);
            let since = match found.map(|element| element.offset()) {
                Some(Offset::Offset(offset)) => offset,
                // Nothing has been reported since.
                _ => begin.reports_end,
            };
            ReadFrom {
                partition: begin.partition,
                recent: since.max(begin.reports_end - REMEMBERED),
                again: begin.from.report_offset,
            }
        });
        Ok(from.collect())
    }

    /// Where to begin with a partition, by what was committed and what is there, as first and next offset.
    fn commit_point(
        &self,
        partition: i32,
        committed: Option<&(Offset, String)>,
        ends: &Watermarks,
    ) -> CommitPoint {
        let (first_test, next_test) = ends.tests;
        let (first_signal, next_signal) = ends.bus;
        let (first_report, next_report) = ends.reports;
        let (first_message, next_message) = ends.messages;
        let Some((Offset::Offset(test_offset), metadata)) = committed else {
            return if self.sharing.is_shared() {
                CommitPoint {
                    test_offset: first_test,
                    bus_offset: first_signal,
                    report_offset: first_report,
                    message_offset: first_message,
                    strays: StrayPoint::NONE,
                }
            } else {
                CommitPoint {
                    test_offset: next_test,
                    bus_offset: next_signal,
                    report_offset: next_report,
                    message_offset: next_message,
                    strays: StrayPoint::NONE,
                }
            };
        };
        if *test_offset < first_test {
            (self.warn)(format!(
                "partition {partition} of `{}` begins at offset {first_test}, and the group `{}` had come to \
                 {test_offset}: {} triggers were removed by the topic's retention before they were executed. \
                 Let retention.ms be longer than every test_expires and than any outage",
                self.test_topic,
                self.sharing.group().unwrap_or_default(),
                first_test - test_offset
            ));
        }
        let CommitMetadata { bus_offset, report_offset, message_offset, strays } =
            metadata.parse().unwrap_or_else(|error| {
                tracing::warn!(%error, partition, "the bus and the reports are read from their beginning");
                CommitMetadata {
                    bus_offset: first_signal,
                    report_offset: first_report,
                    message_offset: None,
                    strays: StrayPoint::NONE,
                }
            });
        if bus_offset < first_signal {
            (self.warn)(format!(
                "partition {partition} of the bus begins at offset {first_signal}, and tests in flight need it \
                 from {bus_offset}: {} signals were removed by the topic's retention, and their tests may time \
                 out. Let retention.ms be longer than every test_expires and than any outage",
                first_signal - bus_offset
            ));
        }
        CommitPoint {
            test_offset: *test_offset,
            bus_offset: bus_offset.clamp(first_signal, next_signal),
            report_offset: report_offset.clamp(first_report, next_report),
            message_offset: message_offset.unwrap_or(first_message).clamp(first_message, next_message),
            strays: StrayPoint { handed_on_to: strays.handed_on_to.min(next_signal), ..strays },
        }
    }
}
