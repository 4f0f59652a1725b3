//! The topics, read for the verifier: all of each, once, in pieces.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::Value;

use super::DEBT;
use super::ledger::{Account, Ledger};
use super::verifier::{Execution, Log, Report, Signal, Trigger};
use crate::PATIENCE;
use crate::kafka::Kafka;
use crate::own_topics::OwnTopics;

/// Reads the three topics, and the changelog of a table, from where it has come to.
#[derive(Debug)]
pub struct Reading {
    tests: Tail,
    bus: Tail,
    reports: Tail,
    changelog: String,
    /// Once there is a changelog, which the first runner makes.
    debts: Option<Tail>,
    ledger: Ledger,
}

impl Reading {
    /// Begins at the beginning of the topics, which are there.
    #[must_use]
    pub fn new(OwnTopics { names, group }: &OwnTopics) -> Self {
        Self {
            tests: Tail::new(&names.test_topic),
            bus: Tail::new(&names.bus_topic),
            reports: Tail::new(&names.report_topic),
            changelog: format!("{group}-{}-debts-changelog", DEBT.replace("::", ".")),
            debts: None,
            ledger: Ledger::new(),
        }
    }

    /// Adds the triggers and signals that have come.
    pub fn read_sent(&mut self, log: &mut Log) {
        self.tests.read(|message| log.triggers.push(trigger(message)));
        self.bus.read(|message| log.signals.push(signal(message)));
    }

    /// Adds the reports that have been committed.
    pub fn read_reports(&mut self, log: &mut Log) {
        self.reports.read(|message| {
            // A report on a case as a whole is on no execution.
            if !json(message)["test"].is_null() {
                log.reports.push(report(message));
            }
        });
    }

    /// What the table has by what has been committed.
    ///
    /// # Panics
    ///
    /// When no runner has made its changelog, or a record there is not what it should be.
    pub fn read_ledger(&mut self) -> &Ledger {
        let (changelog, ledger) = (&self.changelog, &mut self.ledger);
        self.debts.get_or_insert_with(|| Tail::new(changelog)).read(|message| {
            let key = message.key().expect("a key");
            let customer: String = serde_json::from_slice(key).expect("a customer");
            let debt = json(message).as_i64().expect("a debt");
            ledger.insert(Account { partition: message.partition(), customer }, debt);
        });
        ledger
    }
}

/// A topic, and how far it has been read.
#[derive(Debug)]
struct Tail {
    topic: String,
    next: BTreeMap<i32, i64>,
}

impl Tail {
    fn new(topic: &str) -> Self {
        // A topic that was created just now is told of a little later.
        let deadline = Instant::now() + PATIENCE;
        let count = loop {
            match Kafka::shared().partitions(topic) {
                0 => assert!(Instant::now() < deadline, "topic {topic} is not there"),
                count => break i32::try_from(count).expect("a partition count"),
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        Self { topic: topic.to_owned(), next: (0..count).map(|partition| (partition, 0)).collect() }
    }

    /// Reads what is committed, up to where the topic ends now.
    fn read(&mut self, mut take: impl FnMut(&BorrowedMessage<'_>)) {
        let consumer: BaseConsumer = Kafka::shared().client(&[
            ("group.id", "faults-reader"),
            ("enable.auto.commit", "false"),
            ("isolation.level", "read_committed"),
            ("enable.partition.eof", "true"),
            ("auto.offset.reset", "error"),
            ("fetch.wait.max.ms", "10"),
        ]);
        let mut assignment = TopicPartitionList::new();
        for (partition, next) in &self.next {
            let added = assignment.add_partition_offset(&self.topic, *partition, Offset::Offset(*next));
            added.expect("it is an offset");
        }
        consumer.assign(&assignment).expect("the partitions can be read");
        let mut left: BTreeSet<i32> = self.next.keys().copied().collect();
        let deadline = Instant::now() + PATIENCE;
        while !left.is_empty() {
            assert!(Instant::now() < deadline, "{} is not read to its end in time", self.topic);
            match consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => {
                    self.next.insert(message.partition(), message.offset() + 1);
                    take(&message);
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    left.remove(&partition);
                }
                // librdkafka goes on by itself.
                Some(Err(_)) | None => {}
            }
        }
    }
}

fn json(message: &BorrowedMessage<'_>) -> Value {
    serde_json::from_slice(message.payload().expect("a value")).expect("JSON")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} should be text")).to_owned()
}

fn time(message: &BorrowedMessage<'_>) -> i64 {
    message.timestamp().to_millis().expect("the log has timestamps")
}

/// The execution of a test, as it stands in a trigger and in a report.
fn execution(test: &Value) -> Execution {
    Execution { case: text(&test["case_name"]), id: text(&test["id"]), timestamp: text(&test["timestamp"]) }
}

/// The execution that the headers name, if all four are there.
fn named(message: &BorrowedMessage<'_>) -> Option<Execution> {
    let headers = message.headers()?;
    let header = |name: &str| {
        let found = headers.iter().find(|header| header.key == name)?.value?;
        Some(String::from_utf8_lossy(found).into_owned())
    };
    header("LiveCheck-Test-Expires")?;
    // The same instant as in the value; headers have the offset in figures.
    let timestamp = header("LiveCheck-Test-Timestamp")?.strip_suffix("+00:00")?.to_owned() + "Z";
    Some(Execution { case: header("LiveCheck-Test-Name")?, id: header("LiveCheck-Test-Id")?, timestamp })
}

fn trigger(message: &BorrowedMessage<'_>) -> Trigger {
    let value = json(message);
    Trigger {
        execution: execution(&value),
        partition: message.partition(),
        time: time(message),
        arguments: value["test_kwargs"].clone(),
    }
}

fn signal(message: &BorrowedMessage<'_>) -> Signal {
    let value = json(message);
    Signal {
        case: text(&value["case_name"]),
        key: text(&value["key"]),
        timestamp: named(message).map(|execution| execution.timestamp),
        name: text(&value["signal_name"]),
        value: value["value"].clone(),
        time: time(message),
        offset: message.offset(),
    }
}

fn report(message: &BorrowedMessage<'_>) -> Report {
    let value = json(message);
    let latencies = value["signal_latency"].as_object().expect("an object").iter();
    Report {
        execution: execution(&value["test"]),
        partition: message.partition(),
        key: message.key().map(|key| String::from_utf8_lossy(key).into_owned()),
        headers: named(message),
        state: text(&value["state"]),
        latencies: latencies.map(|(name, s)| (name.clone(), s.as_f64().expect("seconds"))).collect(),
    }
}
