//! Latency at a thousand records a second, throughput, and the time that a rebalance takes.

use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::{Offset, TopicPartitionList};

pub(crate) type Sender = ThreadedProducer<DefaultProducerContext>;

pub(crate) struct Figures {
    /// Of half, of 99 in a hundred, and of all, in milliseconds.
    pub(crate) latency: [f64; 3],
    /// Records of 200 bytes a second.
    pub(crate) produced: f64,
    pub(crate) consumed: f64,
    /// Until a member that joins a group of one has its share.
    pub(crate) rebalance: Duration,
}

impl Figures {
    pub(crate) fn of(bootstrap: &str) -> Self {
        // The first run warms up: Java's compiler most of all.
        latency(bootstrap, 3_000);
        let latency = latency(bootstrap, 10_000);
        throughput(bootstrap, 300_000);
        let (produced, consumed) = throughput(bootstrap, 1_000_000);
        Self { latency, produced, consumed, rebalance: rebalance(bootstrap) }
    }
}

/// Creates a topic of a fresh name.
pub(crate) fn create_topic(bootstrap: &str, partitions: i32, settings: &[(&str, &str)]) -> String {
    let name = format!("measure-{}", uuid::Uuid::new_v4().simple());
    let admin: AdminClient<DefaultClientContext> = client(bootstrap).create().expect("a client");
    let mut topic = NewTopic::new(&name, partitions, TopicReplication::Fixed(1));
    for (key, value) in settings {
        topic = topic.set(key, value);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let created = runtime.block_on(admin.create_topics([&topic], &AdminOptions::new())).expect("an answer");
    assert_eq!(created, [Ok(name.clone())]);
    name
}

fn rebalance(bootstrap: &str) -> Duration {
    let topic = create_topic(bootstrap, 6, &[]);
    let group = format!("measure-{}", uuid::Uuid::new_v4().simple());
    let member = || -> BaseConsumer {
        let consumer: BaseConsumer = client(bootstrap)
            .set("group.id", &group)
            .set("heartbeat.interval.ms", "100")
            .set("partition.assignment.strategy", "cooperative-sticky")
            .create()
            .expect("a consumer");
        consumer.subscribe(&[&topic]).expect("subscribed");
        consumer
    };
    let has = |consumer: &BaseConsumer, count| {
        consumer.assignment().is_ok_and(|assignment| assignment.count() == count)
    };
    let first = member();
    while !has(&first, 6) {
        first.poll(Duration::from_millis(1));
    }
    let started = Instant::now();
    let second = member();
    while !(has(&first, 3) && has(&second, 3)) {
        first.poll(Duration::from_millis(1));
        second.poll(Duration::from_millis(1));
    }
    started.elapsed()
}

pub(crate) fn client(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "measure")
        .set("fetch.queue.backoff.ms", "1")
        .set("queue.buffering.max.messages", "1000000");
    config
}

fn read_from(bootstrap: &str, topic: &str, offset: Offset) -> BaseConsumer {
    let consumer: BaseConsumer = client(bootstrap).create().expect("a consumer");
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, offset).expect("valid");
    consumer.assign(&list).expect("assigned");
    consumer
}

/// The next message; a poll may return without one before its time.
fn next(consumer: &BaseConsumer) -> BorrowedMessage<'_> {
    let started = Instant::now();
    loop {
        if let Some(message) = consumer.poll(Duration::from_secs(1)) {
            return message.expect("sound");
        }
        assert!(started.elapsed() < Duration::from_secs(20), "no message");
    }
}

fn latency(bootstrap: &str, records: usize) -> [f64; 3] {
    let topic = create_topic(bootstrap, 1, &[]);
    let producer: Sender = client(bootstrap).set("linger.ms", "0").create().expect("a producer");
    producer.send(BaseRecord::<(), _>::to(&topic).payload(&[0_u8; 8])).expect("queued");
    producer.flush(Duration::from_secs(10)).expect("flushed");
    let consumer = read_from(bootstrap, &topic, Offset::Beginning);
    next(&consumer);
    let start = Instant::now();
    let sending = std::thread::spawn(move || {
        for number in 0..records {
            let due = start + Duration::from_millis(number as u64);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let sent = (start.elapsed().as_nanos() as u64).to_be_bytes();
            producer.send(BaseRecord::<(), _>::to(&topic).payload(&sent)).expect("queued");
        }
        producer.flush(Duration::from_secs(10)).expect("flushed");
    });
    let mut latencies: Vec<u64> = (0..records)
        .map(|_| {
            let message = next(&consumer);
            let sent =
                u64::from_be_bytes(message.payload().expect("a time").try_into().expect("eight bytes"));
            start.elapsed().as_nanos() as u64 - sent
        })
        .collect();
    sending.join().expect("no panic");
    latencies.sort_unstable();
    let millis = |share: f64| latencies[((records - 1) as f64 * share) as usize] as f64 / 1e6;
    [millis(0.5), millis(0.99), millis(1.0)]
}

fn throughput(bootstrap: &str, records: usize) -> (f64, f64) {
    let topic = create_topic(bootstrap, 1, &[]);
    let producer: Sender = client(bootstrap).set("linger.ms", "5").create().expect("a producer");
    let payload = [b'x'; 200];
    let start = Instant::now();
    for _ in 0..records {
        while producer.send(BaseRecord::<(), _>::to(&topic).payload(&payload)).is_err() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    producer.flush(Duration::from_secs(60)).expect("flushed");
    let produced = records as f64 / start.elapsed().as_secs_f64();
    let consumer = read_from(bootstrap, &topic, Offset::Beginning);
    let start = Instant::now();
    for _ in 0..records {
        next(&consumer);
    }
    let consumed = records as f64 / start.elapsed().as_secs_f64();
    (produced, consumed)
}
