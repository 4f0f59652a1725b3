//! The reports of all runners, in the order of the log's time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use livecheck_core::Timestamp;
use livecheck_core::wire::{TestReport, decode};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::metadata::{MetadataPartition, MetadataTopic};
use rdkafka::{Message, Offset, TopicPartitionList};

use super::merge::{Merge, Merged};
use crate::kafka::{BusContext, Connection, KafkaEdgeError};

/// How long a question to the brokers may take.
const ANSWER: Duration = Duration::from_secs(10);
/// How long a read waits for a record.
const POLL: Duration = Duration::from_millis(100);
/// How many records are read in one go.
const BATCH: usize = 5_000;
/// How many reports of one partition may wait for older ones of another.
const MOST_WAITING: usize = 10_000;

/// A record of the report topic; without a report, one that is none.
#[derive(Debug)]
pub(crate) struct Reported {
    pub(crate) offset: i64,
    pub(crate) report: Option<TestReport>,
}

/// Reports that were gone before they were read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Missed {
    pub(crate) partition: i32,
    pub(crate) count: i64,
}

/// The report topic, followed from where it was left.
pub(crate) struct Reports {
    consumer: BaseConsumer<BusContext>,
    topic: String,
    /// By partition: the next offset to read.
    next: BTreeMap<i32, i64>,
    merge: Merge<Reported>,
    /// The partitions that are far ahead of others.
    paused: BTreeSet<i32>,
}

impl Reports {
    /// From those offsets on; where there is none, from the beginning. Says what was gone. Blocks.
    pub(super) fn follow(
        connection: &Connection,
        from: &BTreeMap<i32, i64>,
    ) -> Result<(Self, Vec<Missed>), KafkaEdgeError> {
        Self::follow_from(connection, from, |_, end| end)
    }

    /// The same for a reader to whom it does no harm to read a report twice: where an offset is beyond the end the topic
    /// is another one than it was, and is read from its beginning.
    pub(crate) fn follow_again(
        connection: &Connection,
        from: &BTreeMap<i32, i64>,
    ) -> Result<(Self, Vec<Missed>), KafkaEdgeError> {
        Self::follow_from(connection, from, |first, _| first)
    }

    fn follow_from(
        connection: &Connection,
        from: &BTreeMap<i32, i64>,
        beyond_the_end: impl Fn(i64, i64) -> i64,
    ) -> Result<(Self, Vec<Missed>), KafkaEdgeError> {
        let consumer = connection.inquirer()?;
        let topic = connection.topics.report_topic.clone();
        let (mut next, mut missed) = (BTreeMap::new(), Vec::new());
        for partition in partitions(&consumer, &topic).map_err(KafkaEdgeError::Client)? {
            let there = consumer.fetch_watermarks(&topic, partition, ANSWER);
            let (first, end) = there.map_err(KafkaEdgeError::Client)?;
            let wanted = from.get(&partition).copied().unwrap_or(first);
            if wanted < first {
                missed.push(Missed { partition, count: first - wanted });
            }
            let from = if wanted > end { beyond_the_end(first, end) } else { wanted.max(first) };
            next.insert(partition, from);
        }
        let merge = Merge::of(next.keys().copied());
        let mut reports = Self { consumer, topic, next, merge, paused: BTreeSet::new() };
        reports.read_anew().map_err(KafkaEdgeError::Client)?;
        Ok((reports, missed))
    }

    /// Asks the brokers for all from here on anew: once [`is_level`](Self::is_level) says so, all was read that was
    /// there at this moment. What was read to its end before may have grown while the brokers were out of reach.
    pub(crate) fn read_anew(&mut self) -> KafkaResult<()> {
        let mut list = TopicPartitionList::with_capacity(self.next.len());
        for (partition, offset) in &self.next {
            list.add_partition_offset(&self.topic, *partition, Offset::Offset(*offset))?;
        }
        self.merge.reopen();
        self.paused.clear();
        self.consumer.unassign()?;
        self.consumer.assign(&list)
    }

    /// Reads what there is; waits a little where there is nothing.
    pub(crate) fn read(&mut self) {
        let mut patience = POLL;
        for _ in 0..BATCH {
            match self.consumer.poll(patience) {
                None => break,
                Some(Ok(message)) => {
                    let (partition, offset) = (message.partition(), message.offset());
                    let at = message.timestamp().to_millis().map_or(Timestamp::MIN, Timestamp::from_millis);
                    self.next.insert(partition, offset + 1);
                    self.merge.push(
                        partition,
                        at,
                        Reported { offset, report: decode(message.payload()).ok() },
                    );
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => self.merge.at_end(partition),
                // librdkafka goes on by itself.
                Some(Err(error)) => tracing::debug!(%error, "reading the reports for the monitor"),
            }
            patience = Duration::ZERO;
        }
        self.pause_and_resume();
    }

    /// The next one, by log time.
    pub(crate) fn pop(&mut self) -> Option<Merged<Reported>> {
        self.merge.pop()
    }

    /// Whether all was given back that there is.
    pub(crate) fn is_level(&self) -> bool {
        self.merge.is_level()
    }

    /// A partition that is far ahead of the others waits for them.
    fn pause_and_resume(&mut self) {
        let is_ahead = |partition: &i32, waiting: usize| {
            let most = if self.paused.contains(partition) { MOST_WAITING / 2 } else { MOST_WAITING };
            waiting > most
        };
        let waiting = self.merge.waiting();
        let ahead: BTreeSet<i32> = waiting
            .filter(|(partition, waiting)| is_ahead(partition, *waiting))
            .map(|(partition, _)| partition)
            .collect();
        // Both fail only for a partition that is not assigned, and all of these are.
        if ahead.difference(&self.paused).next().is_some() {
            let _ = self.consumer.pause(&self.list(ahead.difference(&self.paused)));
        }
        if self.paused.difference(&ahead).next().is_some() {
            let _ = self.consumer.resume(&self.list(self.paused.difference(&ahead)));
        }
        self.paused = ahead;
    }

    fn list<'n>(&self, numbers: impl Iterator<Item = &'n i32>) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for number in numbers {
            list.add_partition(&self.topic, *number);
        }
        list
    }
}

fn partitions(consumer: &BaseConsumer<BusContext>, topic: &str) -> KafkaResult<Vec<i32>> {
    let metadata = consumer.fetch_metadata(Some(topic), ANSWER)?;
    let topics = metadata.topics().iter().filter(|found| found.name() == topic);
    Ok(topics.flat_map(MetadataTopic::partitions).map(MetadataPartition::id).collect())
}
