//! Records there and back.

use rdkafka::consumer::Consumer;
use rdkafka::message::{Header, Headers, Message, OwnedHeaders, Timestamp};
use rdkafka::producer::{FutureRecord, Producer};

use crate::rig::{PATIENCE, Rig, assign_from_start, drain, next, send, text, texts, unique};

#[tokio::test]
async fn a_record_arrives_whole() {
    let rig = Rig::start().await;
    let topic = rig.topic("whole", 1, &[]).await;
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

#[tokio::test]
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

#[tokio::test]
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
