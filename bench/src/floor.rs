//! The floor: consumes the same records and produces the same reports, and matches nothing.

use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use livecheck::Topics;
use livecheck_tests::kafka::Kafka;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::{Offset, TopicPartitionList};

use crate::cases;
use crate::usage::Threads;

/// A report as the runner writes it, but for the id.
const REPORT: [&str; 2] = [
    r#"{"case_name":"livecheck_bench::cases::order","state":"PASS","test":{"id":""#,
    r#"","case_name":"livecheck_bench::cases::order","timestamp":"2026-11-21T12:00:00.000000Z","expires":"2026-11-21T15:00:00.000000Z","test_args":[],"test_kwargs":{}},"runtime":0.001234,"signal_latency":{"cached":0.001,"executed":0.001,"stored":0.001},"error":null,"traceback":null}"#,
];

/// Reads so many tests, and three times as many signals, from the beginning; says when it begins and ends.
pub(crate) fn run(topics: &Topics, partitions: i32, count: usize) {
    let tests = consumer(&topics.test_topic, partitions);
    let bus = consumer(&topics.bus_topic, partitions);
    println!("ready");
    let (all_read, until_all_read) = mpsc::channel();
    let (measured, until_measured) = mpsc::channel::<()>();
    let signals = move || {
        read(&bus, 3 * count, |_, _| {});
        // What a thread has had is gone with it.
        drop(all_read);
        let _ = until_measured.recv();
    };
    let signals: JoinHandle<()> =
        std::thread::Builder::new().name("signals".to_owned()).spawn(signals).expect("a thread");
    let producer: BaseProducer = Kafka::shared().client(&[
        ("enable.idempotence", "true"),
        ("linger.ms", "5"),
        ("queue.buffering.max.messages", "1000000"),
    ]);
    read(&tests, count, |partition, id| {
        let value = [REPORT[0], id, REPORT[1]].concat();
        let headers = [
            ("LiveCheck-Test-Id", id),
            ("LiveCheck-Test-Name", "livecheck_bench::cases::order"),
            ("LiveCheck-Test-Timestamp", "2026-11-21T12:00:00.000000+00:00"),
            ("LiveCheck-Test-Expires", "2026-11-21T15:00:00.000000+00:00"),
        ];
        let headers = headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
            headers.insert(Header { key, value: Some(*value) })
        });
        let record = || {
            BaseRecord::to(&topics.report_topic)
                .partition(partition)
                .key(id)
                .payload(value.as_str())
                .headers(headers.clone())
        };
        while producer.send(record()).is_err() {
            producer.poll(Duration::from_millis(1));
        }
    });
    let _: Result<(), _> = until_all_read.recv();
    producer.flush(Duration::from_secs(60)).expect("the reports are taken");
    let done = cases::now();
    println!("done {done} {}", Threads::of(std::process::id()).each(count));
    drop(measured);
    signals.join().expect("reading does not panic");
}

/// Reads pings, and writes down how long each took.
pub(crate) fn pings(topics: &Topics, partitions: i32, count: usize) {
    let bus = consumer(&topics.bus_topic, partitions);
    println!("ready");
    let mut left = count;
    while left > 0 {
        let Some(Ok(message)) = bus.poll(Duration::from_millis(100)) else { continue };
        let value = message.payload().unwrap_or_default();
        let value: serde_json::Value = serde_json::from_slice(value).expect("a signal");
        cases::note(value["value"].as_u64().expect("when it was sent")).expect("it is written down");
        left -= 1;
    }
    println!("done {}", cases::now());
}

fn consumer(topic: &str, partitions: i32) -> BaseConsumer {
    let consumer: BaseConsumer = Kafka::shared().client(&[
        ("group.id", "bench-floor"),
        ("enable.auto.commit", "false"),
        ("isolation.level", "read_committed"),
        ("fetch.queue.backoff.ms", "5"),
    ]);
    let mut all = TopicPartitionList::new();
    for partition in 0..partitions {
        all.add_partition_offset(topic, partition, Offset::Beginning).expect("an offset");
    }
    consumer.assign(&all).expect("the partitions can be read");
    consumer
}

fn read(consumer: &BaseConsumer, count: usize, mut take: impl FnMut(i32, &str)) {
    let mut left = count;
    while left > 0 {
        let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) else { continue };
        let key = message.key().and_then(|key| std::str::from_utf8(key).ok());
        take(message.partition(), key.unwrap_or_default());
        left -= 1;
    }
}
