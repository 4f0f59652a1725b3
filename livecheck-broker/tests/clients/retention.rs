//! What goes from a log, and what stays: retention and compaction.

use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::{Message, OwnedMessage};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{Offset, TopicPartitionList};

use crate::rig::{PATIENCE, Rig, assign_from_start, drain, next, receive, send, unique};

/// Waits until the log no longer starts at nought; returns where it starts and ends.
async fn started_later(rig: &Rig, topic: &str) -> (i64, i64) {
    let consumer: StreamConsumer = rig.consumer(&unique("group"), &[]);
    let topic = topic.to_owned();
    let moved = crate::rig::blocking(move || {
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            let (start, end) = consumer.fetch_watermarks(&topic, 0, PATIENCE).expect("watermarks");
            if start > 0 || std::time::Instant::now() > deadline {
                return (start, end);
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    });
    let (start, end) = moved.await;
    assert!(start > 0, "nothing has gone");
    (start, end)
}

async fn is_out_of_range(rig: &Rig, topic: &str, offset: i64) {
    let consumer = rig.consumer(&unique("group"), &[("auto.offset.reset", "error")]);
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, Offset::Offset(offset)).expect("valid");
    consumer.assign(&list).expect("assigned");
    let error = receive(&consumer).await.expect_err("out of range");
    assert_eq!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::AutoOffsetReset));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_records_go_when_there_are_too_many() {
    let rig = Rig::start().await;
    if !rig.cleans_up_often().await {
        return;
    }
    let settings = [("retention.bytes", "2000000"), ("segment.bytes", "1048576")];
    let topic = rig.topic("too-many", 1, &settings).await;
    let producer = rig.producer(&[]);
    let payload = "x".repeat(500_000);
    for number in 0..10 {
        send(&producer, &topic, 0, &format!("{number}{payload}")).await;
    }
    let (start, end) = started_later(&rig, &topic).await;
    assert_eq!(end, 10);
    assert!(start <= 6, "at least two megabytes are kept, so four records; it starts at {start}");
    is_out_of_range(&rig, &topic, 0).await;
    let consumer = rig.consumer(&unique("group"), &[]);
    assign_from_start(&consumer, &topic, 1);
    assert!(next(&consumer).await.offset() >= start, "the earliest that is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_go_when_they_are_too_old() {
    let rig = Rig::start().await;
    if !rig.cleans_up_often().await {
        return;
    }
    let topic = rig.topic("too-old", 1, &[("retention.ms", "3600000")]).await;
    let producer = rig.producer(&[]);
    let record = FutureRecord::<str, str>::to(&topic).payload("old").timestamp(1_700_000_000_000);
    producer.send(record, PATIENCE).await.expect("acknowledged");
    assert_eq!(started_later(&rig, &topic).await, (1, 1));
    send(&producer, &topic, 0, "young").await;
    is_out_of_range(&rig, &topic, 0).await;
    let consumer = rig.consumer(&unique("group"), &[]);
    assign_from_start(&consumer, &topic, 1);
    assert_eq!(next(&consumer).await.offset(), 1);
}

async fn put(producer: &FutureProducer, topic: &str, key: &str, value: Option<&str>, time: i64) {
    let mut record = FutureRecord::<str, str>::to(topic).partition(0).key(key).timestamp(time);
    record.payload = value;
    producer.send(record, PATIENCE).await.expect("acknowledged");
}

fn pair(message: &OwnedMessage) -> (String, Option<String>) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (text(message.key().expect("a key")), message.payload().map(text))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compacted_topic_keeps_the_latest_of_each_key_where_it_was() {
    let rig = Rig::start().await;
    if !rig.cleans_up_often().await {
        return;
    }
    let codecs = ["none", "gzip", "snappy", "lz4", "zstd"];
    futures_util::future::join_all(codecs.map(|codec| compacted(&rig, codec))).await;
}

async fn compacted(rig: &Rig, codec: &str) {
    let settings = [
        ("cleanup.policy", "compact"),
        ("min.cleanable.dirty.ratio", "0.01"),
        ("segment.ms", "1000"),
        ("delete.retention.ms", "86400000"),
    ];
    let topic = rig.topic("compacted", 1, &settings).await;
    let producer = rig.producer(&[("compression.type", codec), ("linger.ms", "50")]);
    // Long values, lest the client find that compressing them does not pay.
    let long = |value: &str| value.repeat(200);
    let start = 1_700_000_000_000;
    let (first, second, third) = (long("a1"), long("b1"), long("a2"));
    // In one batch, of which a part goes.
    tokio::join!(
        put(&producer, &topic, "a", Some(&first), start),
        put(&producer, &topic, "b", Some(&second), start),
        put(&producer, &topic, "a", Some(&third), start),
        put(&producer, &topic, "c", Some("c1"), start),
    );
    put(&producer, &topic, "c", None, start + 5_000).await;
    // What is in the last segment is not compacted: this begins another.
    put(&producer, &topic, "d", Some("d1"), start + 10_000).await;
    let expected = [(1, "b", Some(&*second)), (2, "a", Some(&*third)), (4, "c", None), (5, "d", Some("d1"))]
        .map(|(offset, key, value)| (offset, (key.to_owned(), value.map(str::to_owned))));

    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let consumer = rig.consumer(&unique("group"), &[("enable.partition.eof", "true")]);
        assign_from_start(&consumer, &topic, 1);
        let read = drain(&consumer, 1).await;
        let read: Vec<_> = read.iter().map(|message| (message.offset(), pair(message))).collect();
        crate::rig::blocking(move || drop(consumer)).await;
        if read == expected {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "{codec}: {read:?}");
    }
    let consumer = rig.consumer(&unique("group"), &[]);
    assert_eq!(consumer.fetch_watermarks(&topic, 0, PATIENCE).expect("watermarks"), (0, 6));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compacted_topic_takes_no_record_without_a_key() {
    let rig = Rig::start().await;
    let topic = rig.topic("keyed", 1, &[("cleanup.policy", "compact")]).await;
    let producer = rig.producer(&[]);
    let record = FutureRecord::<str, str>::to(&topic).partition(0).payload("no key");
    let (error, _) = producer.send(record, PATIENCE).await.expect_err("refused");
    assert_eq!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::InvalidRecord));
    put(&producer, &topic, "key", Some("value"), 1_700_000_000_000).await;
    let consumer = rig.consumer(&unique("group"), &[]);
    assert_eq!(consumer.fetch_watermarks(&topic, 0, PATIENCE).expect("watermarks"), (0, 1));
}
