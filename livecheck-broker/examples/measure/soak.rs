//! The soak: hours in minutes, and whether memory and processor time stay flat.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, Producer};

use crate::Failure;
use crate::figures::{Sender, client, create_topic};
use crate::served::Served;

const EACH_SECOND: u64 = 1000;

pub(crate) fn soak(served: &Served, minutes: u64) -> Result<(), Failure> {
    let end = Instant::now() + Duration::from_secs(60 * minutes);
    let bootstrap = served.bootstrap.clone();
    // A tenth of what comes in a minute is kept, so that what goes is measured, too.
    let topic = create_topic(&bootstrap, 6, &[("retention.bytes", "2000000")]);
    // Markers of transactions stay for as long as tombstones do: a minute, and not Kafka's day.
    let compacted =
        [("cleanup.policy", "compact"), ("segment.bytes", "1048576"), ("delete.retention.ms", "60000")];
    let bus = create_topic(&bootstrap, 1, &compacted);
    let sending = {
        let (bootstrap, topic) = (bootstrap.clone(), topic.clone());
        std::thread::spawn(move || send(&bootstrap, &topic, end))
    };
    let transactions = {
        let bootstrap = bootstrap.clone();
        std::thread::spawn(move || transactions(&bootstrap, &bus, end))
    };
    let consumer: BaseConsumer =
        client(&bootstrap).set("group.id", "soak").set("auto.offset.reset", "earliest").create()?;
    consumer.subscribe(&[&topic])?;
    let (mut minute, mut read, mut late) = (Instant::now(), 0_u64, Vec::new());
    let mut before = served.processor().unwrap_or_default();
    println!(
        "{:>6} {:>10} {:>9} {:>9} {:>10} {:>11}",
        "minute", "records", "p50 ms", "p99 ms", "memory", "processor"
    );
    let started = Instant::now();
    while Instant::now() < end {
        if let Some(message) = consumer.poll(Duration::from_millis(100)) {
            let message = message?;
            let sent = message.payload().and_then(|payload| payload.first_chunk()).ok_or("a time")?;
            late.push(now().saturating_sub(u64::from_be_bytes(*sent)));
            read += 1;
        }
        if minute.elapsed() >= Duration::from_secs(60) && !late.is_empty() {
            late.sort_unstable();
            let at = |share: usize| late[(late.len() - 1) * share / 100] as f64 / 1000.0;
            let taken = served.processor().unwrap_or_default();
            println!(
                "{:>6} {read:>10} {:>9.2} {:>9.2} {:>6} MiB {:>9.1} %",
                started.elapsed().as_secs() / 60,
                at(50),
                at(99),
                served.memory().unwrap_or_default() >> 20,
                (taken - before) / minute.elapsed().as_secs_f64() * 100.0
            );
            before = taken;
            minute = Instant::now();
            late.clear();
        }
    }
    let sent = sending.join().map_err(|_| "the sender has panicked")?;
    transactions.join().map_err(|_| "the transactions have panicked")?;
    // The last are still on their way.
    while read < sent && end.elapsed() < Duration::from_secs(30) {
        if let Some(message) = consumer.poll(Duration::from_millis(100)) {
            message?;
            read += 1;
        }
    }
    println!("sent {sent}, read {read}");
    Ok(())
}

/// Returns how many records it has sent, all of them acknowledged.
fn send(bootstrap: &str, topic: &str, end: Instant) -> u64 {
    let producer: Sender = client(bootstrap).set("linger.ms", "0").create().expect("a producer");
    let start = Instant::now();
    let mut payload = [b'x'; 200];
    let mut number = 0;
    loop {
        let due = start + Duration::from_micros(number * 1_000_000 / EACH_SECOND);
        if due >= end {
            break;
        }
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        payload[..8].copy_from_slice(&now().to_be_bytes());
        let record = BaseRecord::<(), _>::to(topic).payload(&payload[..]).partition((number % 6) as i32);
        producer.send(record).expect("queued");
        number += 1;
    }
    producer.flush(Duration::from_secs(10)).expect("flushed");
    number
}

/// Twenty a second, of a few records to a compacted topic, under a producer that starts anew every minute.
fn transactions(bootstrap: &str, topic: &str, end: Instant) {
    const PATIENCE: Duration = Duration::from_secs(30);
    let mut number = 0_u64;
    while Instant::now() < end {
        let producer: Sender =
            client(bootstrap).set("transactional.id", "soak").create().expect("a producer");
        producer.init_transactions(PATIENCE).expect("initialised");
        let renewed = Instant::now() + Duration::from_secs(60);
        while Instant::now() < end.min(renewed) {
            producer.begin_transaction().expect("begun");
            for _ in 0..5 {
                number += 1;
                let key = (number % 1000).to_string();
                let payload = [b'x'; 200];
                producer.send(BaseRecord::to(topic).key(&key).payload(&payload[..])).expect("queued");
            }
            if number % 7 == 0 {
                producer.abort_transaction(PATIENCE).expect("aborted");
            } else {
                producer.commit_transaction(PATIENCE).expect("committed");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Microseconds since 1970.
fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    since.as_micros() as u64
}
