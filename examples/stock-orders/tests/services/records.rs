//! What stands on a topic, read as any consumer reads it.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Headers as _, Message as _};
use rdkafka::metadata::MetadataPartition;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::Value;

const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) partition: i32,
    pub(crate) key: String,
    pub(crate) value: Value,
    pub(crate) headers: BTreeMap<String, String>,
}

/// All the records of a topic.
pub(crate) fn read_all(servers: &str, topic: &str) -> Vec<Record> {
    let consumer = consumer(servers, "reader");
    let mut assignment = TopicPartitionList::new();
    let mut left = 0;
    for partition in partitions(&consumer, topic) {
        let (begin, end) = consumer.fetch_watermarks(topic, partition, TIMEOUT).unwrap();
        left += end - begin;
        assignment.add_partition_offset(topic, partition, Offset::Beginning).unwrap();
    }
    consumer.assign(&assignment).unwrap();
    (0..left).map(|_| read(&consumer)).collect()
}

/// How many records of a topic, which has had no transactions, a group has committed.
pub(crate) fn committed(servers: &str, group: &str, topic: &str) -> i64 {
    let consumer = consumer(servers, group);
    let mut list = TopicPartitionList::new();
    for partition in partitions(&consumer, topic) {
        list.add_partition(topic, partition);
    }
    let offsets = consumer.committed_offsets(list, TIMEOUT).unwrap();
    offsets.elements().iter().filter_map(|partition| partition.offset().to_raw().filter(|raw| *raw > 0)).sum()
}

fn consumer(servers: &str, group: &str) -> BaseConsumer {
    ClientConfig::new().set("bootstrap.servers", servers).set("group.id", group).create().unwrap()
}

fn partitions(consumer: &BaseConsumer, topic: &str) -> Vec<i32> {
    let metadata = consumer.fetch_metadata(Some(topic), TIMEOUT).unwrap();
    metadata.topics()[0].partitions().iter().map(MetadataPartition::id).collect()
}

fn read(consumer: &BaseConsumer) -> Record {
    let message = consumer.poll(TIMEOUT).expect("a record in time").unwrap();
    let headers = message.headers().map(|headers| {
        let text = |value: Option<&[u8]>| String::from_utf8(value.unwrap().to_vec()).unwrap();
        headers.iter().map(|header| (header.key.to_owned(), text(header.value))).collect()
    });
    Record {
        partition: message.partition(),
        key: String::from_utf8(message.key().unwrap().to_vec()).unwrap(),
        value: serde_json::from_slice(message.payload().unwrap()).unwrap(),
        headers: headers.unwrap_or_default(),
    }
}
