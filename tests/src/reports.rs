//! Reports, as any consumer of committed records reads them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use livecheck::Context;
use livecheck::wire::{State, TestReport, decode};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedHeaders, BorrowedMessage, Headers as _, Message as _};
use rdkafka::{Offset, TopicPartitionList};

use crate::PATIENCE;
use crate::kafka::Kafka;

/// A record of the report topic.
#[derive(Clone, Debug)]
pub struct Report {
    /// The partition that it stands in.
    pub partition: i32,
    /// The key.
    pub key: Option<String>,
    /// The test that its headers name.
    pub context: Option<Context>,
    /// What it says.
    pub value: TestReport,
}

impl Report {
    /// The id of the test; empty in a report on a whole case.
    #[must_use]
    pub fn id(&self) -> &str {
        self.value.test.as_ref().map_or("", |test| test.id.as_str())
    }
}

/// Reads a topic from its beginning; only what is committed.
pub struct TopicReader {
    topic: String,
    consumer: BaseConsumer,
    partitions: BTreeSet<i32>,
}

impl TopicReader {
    /// A reader of a topic that is there.
    #[must_use]
    pub fn new(topic: &str) -> Self {
        let consumer: BaseConsumer = Kafka::shared().client(&[
            ("group.id", "e2e-reader"),
            ("enable.auto.commit", "false"),
            ("isolation.level", "read_committed"),
            ("enable.partition.eof", "true"),
            ("fetch.queue.backoff.ms", "5"),
        ]);
        let count = i32::try_from(Kafka::shared().partitions(topic)).expect("a partition count");
        assert!(count > 0, "topic {topic} is not there");
        let mut assignment = TopicPartitionList::new();
        for partition in 0..count {
            let added = assignment.add_partition_offset(topic, partition, Offset::Beginning);
            added.expect("the beginning is an offset");
        }
        consumer.assign(&assignment).expect("the partitions can be read");
        Self { topic: topic.to_owned(), consumer, partitions: (0..count).collect() }
    }

    /// Gives each record to `take`, until it says that it is enough.
    pub fn read_until(&self, what: &str, mut take: impl FnMut(&BorrowedMessage<'_>) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while let Some(message) = self.next(what, deadline, None) {
            if take(&message) {
                return;
            }
        }
    }

    /// Gives each record to `take`, up to where the topic ends now. There may be a million of them.
    pub fn read_to_end(&self, mut take: impl FnMut(&BorrowedMessage<'_>)) {
        let mut left = self.partitions.clone();
        while let Some(message) = self.next("the end", Instant::now() + PATIENCE, Some(&mut left)) {
            take(&message);
        }
    }

    /// The next record; none once all of the partitions left have been read to their ends.
    fn next(
        &self,
        what: &str,
        deadline: Instant,
        mut left: Option<&mut BTreeSet<i32>>,
    ) -> Option<BorrowedMessage<'_>> {
        loop {
            assert!(Instant::now() < deadline, "not in time on {}: {what}", self.topic);
            match self.consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => return Some(message),
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    if let Some(left) = &mut left {
                        left.remove(&partition);
                        if left.is_empty() {
                            return None;
                        }
                    }
                }
                // librdkafka goes on by itself.
                Some(Err(_)) | None => {}
            }
        }
    }
}

impl std::fmt::Debug for TopicReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TopicReader").field("topic", &self.topic).finish_non_exhaustive()
    }
}

/// All the reports that are committed on the topic now. Call it when no runner writes any more.
#[must_use]
pub fn all(topic: &str) -> Vec<Report> {
    let mut reports = Vec::new();
    TopicReader::new(topic).read_to_end(|message| reports.push(report(message)));
    reports
}

/// Waits until there are so many reports.
#[must_use]
pub fn first(topic: &str, count: usize) -> Vec<Report> {
    let mut reports = Vec::new();
    if count > 0 {
        TopicReader::new(topic).read_until(&format!("{count} reports"), |message| {
            reports.push(report(message));
            reports.len() == count
        });
    }
    reports
}

/// Waits until there is a report on each of those tests; gives all the reports up to then.
#[must_use]
pub fn on_each(topic: &str, ids: &BTreeSet<String>) -> Vec<Report> {
    let mut reports = Vec::new();
    let mut missing = ids.clone();
    if !missing.is_empty() {
        TopicReader::new(topic).read_until(&format!("reports on {} tests", ids.len()), |message| {
            let report = report(message);
            missing.remove(report.id());
            reports.push(report);
            missing.is_empty()
        });
    }
    reports
}

fn report(message: &BorrowedMessage<'_>) -> Report {
    let headers = message.headers().map(context_of);
    Report {
        partition: message.partition(),
        key: message.key().map(|key| String::from_utf8_lossy(key).into_owned()),
        context: headers.flatten(),
        value: decode(message.payload()).expect("a report can be read"),
    }
}

fn context_of(headers: &BorrowedHeaders) -> Option<Context> {
    Context::from_headers(headers.iter().filter_map(|header| Some((header.key, header.value?))))
}

/// Asserts that there is one report on each of those tests, in that state, and that it is whole; none on others.
///
/// # Panics
///
/// When that is not so.
pub fn assert_one_each(reports: &[Report], ids: &BTreeSet<String>, state: State) {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for report in reports {
        *times.entry(report.id()).or_default() += 1;
    }
    let missing: Vec<_> = ids.iter().filter(|id| !times.contains_key(id.as_str())).collect();
    assert!(missing.is_empty(), "{} of {} have no report, as {:?}", missing.len(), ids.len(), missing[0]);
    let twice: Vec<_> = times.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{} have more than one report, as {:?}", twice.len(), twice[0]);
    let others: Vec<_> = times.keys().filter(|id| !ids.contains(**id)).collect();
    assert!(others.is_empty(), "{} reports are on nothing that was triggered: {others:?}", others.len());
    for report in reports {
        assert_eq!(report.value.state, state, "{:#?}", report.value);
        let test = report.value.test.as_ref().expect("it is on a test");
        assert_eq!(report.key.as_deref(), Some(test.id.as_str()));
        assert_eq!(report.context.as_ref().map(Context::key), Some(&test.key()), "the headers name the test");
    }
}
