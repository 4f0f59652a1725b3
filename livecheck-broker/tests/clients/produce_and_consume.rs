//! Records there and back.

use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::{Header, Headers, Message, OwnedHeaders, Timestamp};
use rdkafka::producer::{FutureRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

use crate::rig::{PATIENCE, Rig, assign_from_start, drain, next, receive, send, text, texts, unique};

#[tokio::test(flavor = "multi_thread")]
async fn a_record_arrives_whole() {
    let rig = Rig::start().await;
    // A record of another year would go at once.
    let topic = rig.topic("whole", 1, &[("retention.ms", "-1")]).await;
    let headers = OwnedHeaders::new()
        .insert(Header { key: "id", value: Some("42") })
        .insert(Header { key: "id", value: Some("43") })
        .insert(Header { key: "none", value: None::<&str> });
    let record =
        FutureRecord::to(&topic).key("key").payload("payload").headers(headers).timestamp(1_700_000_000_123);
    rig.producer(&[]).send(record, PATIENCE).await.expect("acknowledged");

    let consumer = rig.consumer(&unique("group"), &[]);
    consumer.subscribe(&[&topic]).expect("subscribed");
    let message = next(&consumer).await;
    assert_eq!(message.key(), Some("key".as_bytes()));
    assert_eq!(text(&message), "payload");
    assert_eq!(message.offset(), 0);
    assert_eq!(message.timestamp(), Timestamp::CreateTime(1_700_000_000_123));
    let headers: Vec<_> = message
        .headers()
        .expect("headers")
        .iter()
        .map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)))
        .collect();
    let expected = [("id", Some(b"42".to_vec())), ("id", Some(b"43".to_vec())), ("none", None)];
    assert_eq!(headers, expected.map(|(key, value)| (key.to_owned(), value)));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_compression_passes() {
    let rig = Rig::start().await;
    let topic = rig.topic("compressed", 1, &[]).await;
    let payload = "all work and no play makes Jack a dull boy; ".repeat(200);
    let codecs = ["none", "gzip", "snappy", "lz4", "zstd"];
    for codec in codecs {
        let producer = rig.producer(&[("compression.type", codec)]);
        send(&producer, &topic, 0, &format!("{codec} {payload}")).await;
    }
    let consumer = rig.consumer(&unique("group"), &[("enable.partition.eof", "true")]);
    assign_from_start(&consumer, &topic, 1);
    let received = texts(&drain(&consumer, 1).await);
    assert_eq!(received, codecs.map(|codec| format!("{codec} {payload}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_is_created_when_first_produced_to() {
    let rig = Rig::start().await;
    let topic = unique("unheard-of");
    send(&rig.producer(&[]), &topic, 0, "hello").await;
    let metadata = {
        let producer = rig.producer(&[]);
        let topic = topic.clone();
        crate::rig::blocking(move || {
            let metadata = producer.client().fetch_metadata(Some(&topic), PATIENCE).expect("metadata");
            metadata.topics()[0].partitions().len()
        })
        .await
    };
    assert_eq!(metadata, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brokers_time_is_told_to_producer_and_consumer() {
    let rig = Rig::start().await;
    let topic = rig.topic("log-append-time", 1, &[("message.timestamp.type", "LogAppendTime")]).await;
    let before = now();
    let record = FutureRecord::<str, str>::to(&topic).payload("x").timestamp(1_000);
    let delivery = rig.producer(&[]).send(record, PATIENCE).await.expect("acknowledged");
    let consumer = rig.consumer(&unique("group"), &[]);
    assign_from_start(&consumer, &topic, 1);
    let message = next(&consumer).await;
    let Timestamp::LogAppendTime(time) = message.timestamp() else { panic!("{:?}", message.timestamp()) };
    assert!((before..=now()).contains(&time), "{before} <= {time} <= {}", now());
    assert_eq!(delivery.timestamp.to_millis(), Some(time));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_reader_is_woken_by_a_record() {
    let rig = Rig::start().await;
    let topic = rig.topic("woken", 1, &[]).await;
    let producer = rig.producer(&[]);
    let consumer =
        rig.consumer(&unique("group"), &[("fetch.wait.max.ms", "10000"), ("fetch.queue.backoff.ms", "1")]);
    assign_from_start(&consumer, &topic, 1);
    let mut quickest = PATIENCE;
    for number in 0..20 {
        let payload = number.to_string();
        let sent = Instant::now();
        let (received, _) = tokio::join!(next(&consumer), send(&producer, &topic, 0, &payload));
        quickest = quickest.min(sent.elapsed());
        assert_eq!(text(&received), payload);
    }
    // The quickest of them, since the machine may be busy; a reader that is not woken takes up to ten seconds.
    assert!(quickest < Duration::from_millis(100), "{quickest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_many_megabytes_passes_and_one_too_large_is_refused() {
    let rig = Rig::start().await;
    let topic = rig.topic("large", 1, &[("max.message.bytes", "6000000")]).await;
    let producer = rig.producer(&[("message.max.bytes", "20000000")]);
    let payload = "x".repeat(5_000_000);
    send(&producer, &topic, 0, &payload).await;
    let too_large = "x".repeat(7_000_000);
    let record = FutureRecord::<str, str>::to(&topic).payload(&too_large);
    let (error, _) = producer.send(record, PATIENCE).await.expect_err("refused");
    assert_eq!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::MessageSizeTooLarge));
    let consumer = rig.consumer(&unique("group"), &[("enable.partition.eof", "true")]);
    assign_from_start(&consumer, &topic, 1);
    assert!(texts(&drain(&consumer, 1).await) == [payload], "the large message alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_repeated_among_many_producers() {
    const PRODUCERS: usize = 8;
    const EACH: usize = 500;
    let rig = Rig::start().await;
    let topic = rig.topic("many", 4, &[]).await;
    let producing = (0..PRODUCERS).map(|who| {
        let producer = rig.producer(&[("enable.idempotence", "true"), ("linger.ms", "1")]);
        let topic = topic.clone();
        tokio::spawn(async move {
            let sent = (0..EACH).map(|number| {
                let key = who.to_string();
                let payload = format!("{who}:{number}");
                let record = FutureRecord::to(&topic).key(&key).payload(&payload);
                producer.send_result(record).expect("queued")
            });
            for delivery in sent.collect::<Vec<_>>() {
                delivery.await.expect("not cancelled").expect("acknowledged");
            }
        })
    });
    for done in producing.collect::<Vec<_>>() {
        done.await.expect("no panic");
    }
    let consumer = rig.consumer(&unique("group"), &[("enable.partition.eof", "true")]);
    assign_from_start(&consumer, &topic, 4);
    let received = drain(&consumer, 4).await;
    for who in 0..PRODUCERS {
        let prefix = format!("{who}:");
        let own: Vec<_> = texts(&received).into_iter().filter(|text| text.starts_with(&prefix)).collect();
        let expected: Vec<_> = (0..EACH).map(|number| format!("{who}:{number}")).collect();
        assert!(own == expected, "producer {who}: all, once, in order; {} arrived", own.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_readers_place_is_found_by_time_within_a_batch() {
    let rig = Rig::start().await;
    let start = now() - 100_000;
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let topic = rig.topic("times", 1, &[]).await;
        let producer = rig.producer(&[("compression.type", codec), ("linger.ms", "200")]);
        let payload = "compressible ".repeat(20);
        let deliveries: Vec<_> = (0..10)
            .map(|number| {
                let record =
                    FutureRecord::<str, str>::to(&topic).payload(&payload).timestamp(start + number * 10);
                producer.send_result(record).expect("queued")
            })
            .collect();
        for delivery in deliveries {
            delivery.await.expect("not cancelled").expect("acknowledged");
        }
        let consumer = rig.consumer(&unique("group"), &[]);
        for (time, expected) in [
            (start - 1, Offset::Offset(0)),
            (start, Offset::Offset(0)),
            (start + 1, Offset::Offset(1)),
            (start + 50, Offset::Offset(5)),
            (start + 90, Offset::Offset(9)),
            (start + 91, Offset::End),
        ] {
            let mut times = TopicPartitionList::new();
            times.add_partition_offset(&topic, 0, Offset::Offset(time)).expect("valid");
            let found = consumer.offsets_for_times(times, PATIENCE).expect("found");
            let found = found.find_partition(&topic, 0).expect("there").offset();
            assert_eq!(found, expected, "{codec}, {} ms after the start", time - start);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_outside_the_log_is_told_so() {
    let rig = Rig::start().await;
    let topic = rig.topic("out-of-range", 1, &[]).await;
    send(&rig.producer(&[]), &topic, 0, "only").await;
    let consumer = rig.consumer(&unique("group"), &[("auto.offset.reset", "error")]);
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&topic, 0, Offset::Offset(50)).expect("valid");
    consumer.assign(&list).expect("assigned");
    let error = receive(&consumer).await.expect_err("out of range");
    assert_eq!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::AutoOffsetReset));
}

#[tokio::test(flavor = "multi_thread")]
async fn watermarks_follow_the_log() {
    let rig = Rig::start().await;
    let topic = rig.topic("watermarks", 1, &[]).await;
    let producer = rig.producer(&[]);
    for number in 0..3 {
        send(&producer, &topic, 0, &number.to_string()).await;
    }
    let consumer = rig.consumer(&unique("group"), &[]);
    assert_eq!(consumer.fetch_watermarks(&topic, 0, PATIENCE).expect("watermarks"), (0, 3));

    let mut before = TopicPartitionList::new();
    before.add_partition_offset(&topic, 0, Offset::Offset(2)).expect("valid");
    rig.admin().delete_records(&before, &rdkafka::admin::AdminOptions::new()).await.expect("deleted");
    assert_eq!(consumer.fetch_watermarks(&topic, 0, PATIENCE).expect("watermarks"), (2, 3));
    assign_from_start(&consumer, &topic, 1);
    assert_eq!(text(&next(&consumer).await), "2");
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("before the year 292 million")
}
