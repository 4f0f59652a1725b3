//! Topics, and records onto them as fast as it goes.

use std::time::Duration;

use livecheck::Context;
use livecheck::wire::{SignalEvent, TestExecution, encode};
use livecheck_tests::kafka::Kafka;
use livecheck_tests::own_topics::{OwnTopics, test};
use livecheck_tests::runner::{Runner, RunnerCommand};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};

/// How long a million executions may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);

pub(crate) const SIGNALS: [&str; 3] = ["stored", "cached", "executed"];

/// Topics of that many partitions.
pub(crate) fn topics(partitions: i32) -> OwnTopics {
    let topics = OwnTopics::named("bench");
    for name in topics.all() {
        Kafka::shared().create_topic(name, partitions, &[("message.timestamp.type", "LogAppendTime")]);
    }
    topics
}

/// Deletes those topics: a million executions are gigabytes.
pub(crate) fn delete(topics: &OwnTopics) {
    topics.all().iter().for_each(|name| Kafka::shared().delete_topic(name));
}

/// This program as a runner on those topics.
pub(crate) fn runner(topics: &OwnTopics, partitions: i32) -> RunnerCommand {
    RunnerCommand::on(topics)
        .program(std::env::current_exe().expect("this program"))
        .arguments("run")
        .variable("LIVECHECK_TOPICS_PARTITIONS", partitions.to_string())
}

/// Starts a runner that prints no line for what passes, as nobody wants thousands a second; it has its partitions then.
pub(crate) fn start_quietly(runner: RunnerCommand) -> Runner {
    let runner =
        runner.arguments("--quiet").variable("RUST_LOG", "livecheck_runner::kafka::intake=info").start();
    runner.wait_for_text("partitions assigned");
    runner
}

/// The case of that name.
pub(crate) fn case(name: &str) -> &'static livecheck::Case {
    let cases = livecheck::Cases::linked().expect("each case has a name of its own");
    cases.get(&format!("livecheck_bench::cases::{name}")).expect("it is linked")
}

/// So many orders, triggered now.
pub(crate) fn orders(from: usize, count: usize) -> impl Iterator<Item = TestExecution> {
    (from..from + count).map(|number| test(case("order"), &format!("order-{number:08}"), &[]))
}

/// Sends records; the partitions are those of Java and Faust.
pub(crate) struct Load {
    producer: ThreadedProducer<DefaultProducerContext>,
    topics: OwnTopics,
}

impl Load {
    pub(crate) fn new(topics: &OwnTopics, linger: &str) -> Self {
        let producer = Kafka::shared().client(&[
            ("partitioner", "murmur2_random"),
            ("enable.idempotence", "true"),
            ("linger.ms", linger),
            ("queue.buffering.max.messages", "1000000"),
        ]);
        Self { producer, topics: topics.clone() }
    }

    pub(crate) fn trigger(&self, test: &TestExecution) {
        let value = encode(test).expect("a test is JSON");
        self.send(|| {
            BaseRecord::to(&self.topics.names.test_topic).key(test.id.as_str()).payload(value.as_slice())
        });
    }

    pub(crate) fn signal(&self, test: &TestExecution, name: &str, value: Option<u64>) {
        let event = SignalEvent {
            signal_name: name.to_owned(),
            case_name: test.case_name.clone(),
            key: test.id.clone(),
            value: value.map(|value| serde_json::value::to_raw_value(&value).expect("a number").into()),
        };
        let value = encode(&event).expect("a signal is JSON");
        let headers = Context::new(test.key(), test.expires).to_headers();
        let headers = headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
            headers.insert(Header { key, value: Some(value.as_str()) })
        });
        self.send(|| {
            BaseRecord::to(&self.topics.names.bus_topic)
                .key(test.id.as_str())
                .payload(value.as_slice())
                .headers(headers.clone())
        });
    }

    /// All the signals of an order.
    pub(crate) fn signals(&self, test: &TestExecution) {
        for name in SIGNALS {
            self.signal(test, name, None);
        }
    }

    pub(crate) fn flush(&self) {
        self.producer.flush(Duration::from_secs(120)).expect("the brokers take all");
    }

    fn send<'r>(&self, record: impl Fn() -> BaseRecord<'r, str, [u8]>) {
        send(&self.producer, record);
    }
}

/// Hands a record to the producer, as soon as that has room for it.
pub(crate) fn send<'r>(
    producer: &ThreadedProducer<DefaultProducerContext>,
    record: impl Fn() -> BaseRecord<'r, str, [u8]>,
) {
    while let Err((error, _)) = producer.send(record()) {
        let is_full = matches!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull));
        assert!(is_full, "{error}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// How many offsets of a topic are taken, control records with them.
pub(crate) fn offsets(consumer: &BaseConsumer, topic: &str, partitions: i32) -> i64 {
    let of = |partition| consumer.fetch_watermarks(topic, partition, Duration::from_secs(10));
    (0..partitions).map(|partition| of(partition).map_or(0, |(_, end)| end)).sum()
}

/// Waits until there are as many reports, and no more come.
pub(crate) fn until_reported(topics: &OwnTopics, partitions: i32, count: usize) {
    let consumer: BaseConsumer = Kafka::shared().client(&[("group.id", "bench")]);
    let wanted = i64::try_from(count).expect("a count");
    let mut last = -1;
    loop {
        let now = offsets(&consumer, &topics.names.report_topic, partitions);
        if now >= wanted && now == last {
            return;
        }
        last = now;
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// How many executions are in flight, by the last thing that the runner said of it.
pub(crate) fn in_flight(runner: &Runner) -> usize {
    let said = runner.said();
    let line = said.lines().rev().find(|line| line.contains("Running ["));
    let count = line.and_then(|line| line.split_once("] ")?.1.split_once(" in flight"));
    count.and_then(|(count, _)| count.replace(',', "").parse().ok()).unwrap_or(0)
}
