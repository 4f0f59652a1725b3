//! Consumer groups.

use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::{Offset, TopicPartitionList};

use crate::rig::{PATIENCE, Rig, blocking, next, send, text, unique};

#[tokio::test]
async fn a_group_resumes_where_it_committed_with_what_it_noted() {
    let rig = Rig::start().await;
    let topic = rig.topic("resumed", 1, &[]).await;
    let producer = rig.producer(&[]);
    for number in 0..4 {
        send(&producer, &topic, 0, &number.to_string()).await;
    }
    let group = unique("group");
    let consumer = rig.consumer(&group, &[]);
    consumer.subscribe(&[&topic]).expect("subscribed");
    assert_eq!(text(&next(&consumer).await), "0");
    assert_eq!(text(&next(&consumer).await), "1");
    let mut offsets = TopicPartitionList::new();
    offsets.add_partition_offset(&topic, 0, Offset::Offset(2)).expect("valid");
    offsets.find_partition(&topic, 0).expect("there").set_metadata("notes, in any words");
    blocking(move || {
        consumer.commit(&offsets, CommitMode::Sync).expect("committed");
        // The list first: it refers to the consumer's partitions, and librdkafka waits for ever for such
        // references to go before it destroys a client.
        drop(offsets);
        drop(consumer);
    })
    .await;

    let consumer = rig.consumer(&group, &[]);
    consumer.subscribe(&[&topic]).expect("subscribed");
    assert_eq!(text(&next(&consumer).await), "2");
    let (offset, metadata) = blocking(move || {
        let committed = consumer.committed(PATIENCE).expect("committed offsets");
        let committed = committed.find_partition(&topic, 0).expect("there");
        (committed.offset(), committed.metadata().to_owned())
    })
    .await;
    assert_eq!(offset, Offset::Offset(2));
    assert_eq!(metadata, "notes, in any words");
}
