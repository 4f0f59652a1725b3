//! Transactions.

use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::producer::{FutureProducer, Producer};
use rdkafka::{Offset, TopicPartitionList};

use crate::rig::{PATIENCE, Rig, assign_from_start, blocking, drain, next, send, text, texts, unique};

async fn transactional(rig: &Rig, id: &str, settings: &[(&str, &str)]) -> FutureProducer {
    let mut all = vec![("transactional.id", id)];
    all.extend(settings);
    let producer = rig.producer(&all);
    let initialised = producer.clone();
    blocking(move || initialised.init_transactions(PATIENCE)).await.expect("initialised");
    producer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_committed_reader_sees_what_was_committed_and_not_what_was_aborted() {
    let rig = Rig::start().await;
    let topic = rig.topic("transactional", 1, &[]).await;
    let producer = transactional(&rig, &unique("tx"), &[]).await;
    for (payload, commit) in [("a", true), ("b", false), ("c", true)] {
        producer.begin_transaction().expect("begun");
        send(&producer, &topic, 0, payload).await;
        let producer = producer.clone();
        blocking(move || {
            if commit { producer.commit_transaction(PATIENCE) } else { producer.abort_transaction(PATIENCE) }
        })
        .await
        .expect("ended");
    }
    for (isolation, expected) in
        [("read_committed", vec!["a", "c"]), ("read_uncommitted", vec!["a", "b", "c"])]
    {
        let settings = [("isolation.level", isolation), ("enable.partition.eof", "true")];
        let consumer = rig.consumer(&unique("group"), &settings);
        assign_from_start(&consumer, &topic, 1);
        assert_eq!(texts(&drain(&consumer, 1).await), expected, "{isolation}");
    }
}

async fn end(producer: &FutureProducer, commit: bool) -> Result<(), KafkaError> {
    let producer = producer.clone();
    blocking(move || {
        if commit { producer.commit_transaction(PATIENCE) } else { producer.abort_transaction(PATIENCE) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_transaction_holds_back_committed_readers_until_it_ends() {
    let rig = Rig::start().await;
    let topic = rig.topic("held-back", 1, &[]).await;
    let plain = rig.producer(&[]);
    let producer = transactional(&rig, &unique("tx"), &[]).await;
    send(&plain, &topic, 0, "before").await;
    producer.begin_transaction().expect("begun");
    send(&producer, &topic, 0, "within").await;
    send(&plain, &topic, 0, "after").await;

    let settings = [("isolation.level", "read_committed"), ("enable.partition.eof", "true")];
    let consumer = rig.consumer(&unique("group"), &settings);
    assign_from_start(&consumer, &topic, 1);
    assert_eq!(texts(&drain(&consumer, 1).await), ["before"], "up to the last stable offset");
    assert_eq!(consumer.fetch_watermarks(&topic, 0, PATIENCE).expect("watermarks").0, 0);
    end(&producer, true).await.expect("committed");
    assert_eq!(texts(&drain(&consumer, 1).await), ["within", "after"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_producer_of_the_same_id_fences_the_first() {
    let rig = Rig::start().await;
    let topic = rig.topic("fenced", 1, &[]).await;
    let id = unique("tx");
    let first = transactional(&rig, &id, &[]).await;
    first.begin_transaction().expect("begun");
    send(&first, &topic, 0, "of the first").await;
    let second = transactional(&rig, &id, &[]).await;
    let error = end(&first, true).await.expect_err("fenced");
    let KafkaError::Transaction(error) = error else { panic!("{error}") };
    assert!(error.is_fatal(), "{error}");
    second.begin_transaction().expect("begun");
    send(&second, &topic, 0, "of the second").await;
    end(&second, true).await.expect("committed");

    let settings = [("isolation.level", "read_committed"), ("enable.partition.eof", "true")];
    let consumer = rig.consumer(&unique("group"), &settings);
    assign_from_start(&consumer, &topic, 1);
    assert_eq!(texts(&drain(&consumer, 1).await), ["of the second"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_open_for_too_long_is_aborted() {
    let rig = Rig::start().await;
    let topic = rig.topic("timed-out", 1, &[]).await;
    // Real Kafka looks for such transactions every ten seconds.
    let producer = transactional(&rig, &unique("tx"), &[("transaction.timeout.ms", "1000")]).await;
    producer.begin_transaction().expect("begun");
    send(&producer, &topic, 0, "never committed").await;
    send(&rig.producer(&[]), &topic, 0, "behind it").await;
    let consumer = rig.consumer(&unique("group"), &[("isolation.level", "read_committed")]);
    assign_from_start(&consumer, &topic, 1);
    assert_eq!(text(&next(&consumer).await), "behind it");
    assert!(end(&producer, true).await.is_err(), "its producer is fenced");
}

#[tokio::test(flavor = "multi_thread")]
async fn offsets_are_committed_with_the_transaction_or_not_at_all() {
    let rig = Rig::start().await;
    let input = rig.topic("input", 1, &[]).await;
    let output = rig.topic("output", 1, &[]).await;
    let plain = rig.producer(&[]);
    for payload in ["1", "2"] {
        send(&plain, &input, 0, payload).await;
    }
    let group = unique("group");
    let consumer = rig.consumer(&group, &[]);
    consumer.subscribe(&[&input]).expect("subscribed");
    let producer = transactional(&rig, &unique("tx"), &[]).await;
    for (commit, expected) in [(false, Offset::Invalid), (true, Offset::Offset(1))] {
        producer.begin_transaction().expect("begun");
        if !commit {
            assert_eq!(text(&next(&consumer).await), "1");
        }
        send(&producer, &output, 0, "processed").await;
        send_offsets(&producer, &consumer, &input, 1).await.expect("sent");
        end(&producer, commit).await.expect("ended");
        assert_eq!(committed(&rig, &group, &input).await, expected, "committed: {commit}");
    }
    blocking(move || drop(consumer)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_was_replaced_cannot_commit_in_a_transaction() {
    let rig = Rig::start().await;
    let input = rig.topic("input", 1, &[]).await;
    send(&rig.producer(&[]), &input, 0, "1").await;
    let group = unique("group");
    let stale = rig.consumer(&group, &[]);
    stale.subscribe(&[&input]).expect("subscribed");
    assert_eq!(text(&next(&stale).await), "1");
    let metadata = stale.group_metadata().expect("a member");
    blocking(move || drop(stale)).await;
    let fresh = rig.consumer(&group, &[]);
    fresh.subscribe(&[&input]).expect("subscribed");
    assert_eq!(text(&next(&fresh).await), "1");

    let producer = transactional(&rig, &unique("tx"), &[]).await;
    producer.begin_transaction().expect("begun");
    let offsets = offsets(&input, 1);
    let sending = producer.clone();
    let error = blocking(move || sending.send_offsets_to_transaction(&offsets, &metadata, PATIENCE))
        .await
        .expect_err("no longer a member");
    let KafkaError::Transaction(error) = error else { panic!("{error}") };
    assert!(error.txn_requires_abort(), "{error}");
    end(&producer, false).await.expect("aborted");
    assert_eq!(committed(&rig, &group, &input).await, Offset::Invalid);
    blocking(move || drop(fresh)).await;
}

fn offsets(topic: &str, offset: i64) -> TopicPartitionList {
    let mut offsets = TopicPartitionList::new();
    offsets.add_partition_offset(topic, 0, Offset::Offset(offset)).expect("valid");
    offsets
}

async fn send_offsets(
    producer: &FutureProducer,
    consumer: &StreamConsumer,
    topic: &str,
    offset: i64,
) -> Result<(), KafkaError> {
    let metadata = consumer.group_metadata().expect("a member");
    let (producer, offsets) = (producer.clone(), offsets(topic, offset));
    blocking(move || producer.send_offsets_to_transaction(&offsets, &metadata, PATIENCE)).await
}

async fn committed(rig: &Rig, group: &str, topic: &str) -> Offset {
    let consumer = rig.consumer(group, &[]);
    let mut asked = TopicPartitionList::new();
    asked.add_partition(topic, 0);
    let topic = topic.to_owned();
    blocking(move || {
        let committed = consumer.committed_offsets(asked, PATIENCE).expect("committed offsets");
        committed.find_partition(&topic, 0).expect("there").offset()
    })
    .await
}
