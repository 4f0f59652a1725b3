//! Latency at a thousand records a second, then throughput, with rdkafka: of an embedded broker, or of the one
//! that `LIVECHECK_TEST_BOOTSTRAP` names. `cargo run --release -p livecheck-broker --example measure`

use std::time::{Duration, Instant};

use livecheck_broker::Broker;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};
use rdkafka::{Offset, TopicPartitionList, producer::DefaultProducerContext};

type Sender = ThreadedProducer<DefaultProducerContext>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (bootstrap, _broker) = match std::env::var("LIVECHECK_TEST_BOOTSTRAP") {
        Ok(bootstrap) => (bootstrap, None),
        Err(_) => {
            let broker = Broker::builder().start().await?;
            (broker.bootstrap_servers(), Some(broker))
        }
    };
    tokio::task::spawn_blocking(move || {
        latency(&bootstrap);
        throughput(&bootstrap);
    })
    .await?;
    Ok(())
}

fn client(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "measure")
        .set("fetch.queue.backoff.ms", "1")
        .set("queue.buffering.max.messages", "1000000");
    config
}

fn topic() -> String {
    format!("measure-{}", uuid::Uuid::new_v4().simple())
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

fn latency(bootstrap: &str) {
    const RECORDS: usize = 10_000;
    let topic = topic();
    let producer: Sender = client(bootstrap).set("linger.ms", "0").create().expect("a producer");
    producer.send(BaseRecord::<(), _>::to(&topic).payload(&[0_u8; 8])).expect("queued");
    producer.flush(Duration::from_secs(10)).expect("flushed");
    let consumer = read_from(bootstrap, &topic, Offset::Beginning);
    next(&consumer);
    let start = Instant::now();
    let sending = std::thread::spawn(move || {
        for number in 0..RECORDS {
            let due = start + Duration::from_millis(number as u64);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let sent = (start.elapsed().as_nanos() as u64).to_be_bytes();
            producer.send(BaseRecord::<(), _>::to(&topic).payload(&sent)).expect("queued");
        }
        producer.flush(Duration::from_secs(10)).expect("flushed");
    });
    let mut latencies: Vec<u64> = (0..RECORDS)
        .map(|_| {
            let message = next(&consumer);
            let sent =
                u64::from_be_bytes(message.payload().expect("a time").try_into().expect("eight bytes"));
            start.elapsed().as_nanos() as u64 - sent
        })
        .collect();
    sending.join().expect("no panic");
    latencies.sort_unstable();
    let millis = |share: f64| latencies[((RECORDS - 1) as f64 * share) as usize] as f64 / 1e6;
    println!(
        "latency at 1000/s: p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms",
        millis(0.5),
        millis(0.99),
        millis(1.0)
    );
}

fn throughput(bootstrap: &str) {
    const RECORDS: usize = 1_000_000;
    let topic = topic();
    let producer: Sender = client(bootstrap).set("linger.ms", "5").create().expect("a producer");
    let payload = [b'x'; 200];
    let start = Instant::now();
    for _ in 0..RECORDS {
        while producer.send(BaseRecord::<(), _>::to(&topic).payload(&payload)).is_err() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    producer.flush(Duration::from_secs(60)).expect("flushed");
    let produced = RECORDS as f64 / start.elapsed().as_secs_f64();
    let consumer = read_from(bootstrap, &topic, Offset::Beginning);
    let start = Instant::now();
    for _ in 0..RECORDS {
        next(&consumer);
    }
    let consumed = RECORDS as f64 / start.elapsed().as_secs_f64();
    println!("records of 200 bytes: {produced:.0} produced a second, {consumed:.0} consumed a second");
}
