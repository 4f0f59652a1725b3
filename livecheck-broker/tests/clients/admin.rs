//! Topics, as an administrator makes them.

use std::time::Duration;

use livecheck_broker::Broker;
use rdkafka::admin::{
    AdminOptions, ConfigSource, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::error::RDKafkaErrorCode;

use crate::rig::{PATIENCE, Rig, unique};

/// Asks until there is an answer: there is no event that would tell.
async fn eventually<T>(ask: impl AsyncFn() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.expect("an answer within the test's patience")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_has_the_settings_it_was_given() {
    let rig = Rig::start().await;
    let settings = [("cleanup.policy", "compact"), ("retention.ms", "1234567")];
    let topic = rig.topic("settings", 2, &settings).await;
    let resources = [ResourceSpecifier::Topic(&topic)];
    let admin = rig.admin();
    // Kafka tells all of its parts of a new topic one after the other: the first answers may know nothing of it.
    let described = eventually(async || {
        let mut described =
            admin.describe_configs(&resources, &AdminOptions::new()).await.expect("an answer");
        described.pop()?.ok().filter(|topic| topic.get("cleanup.policy").is_some())
    })
    .await;
    for (name, value, source) in [
        ("cleanup.policy", "compact", ConfigSource::DynamicTopic),
        ("retention.ms", "1234567", ConfigSource::DynamicTopic),
        ("message.timestamp.type", "CreateTime", ConfigSource::Default),
        ("max.message.bytes", "1048588", ConfigSource::Default),
    ] {
        let entry = described.get(name).expect(name);
        assert_eq!((entry.value.as_deref(), &entry.source), (Some(value), &source), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_tells_how_much_of_it_the_broker_keeps() {
    for (limit, value, source) in
        [(Some(1 << 30), "1073741824", ConfigSource::StaticBroker), (None, "-1", ConfigSource::Default)]
    {
        let rig = Rig::embedded(Broker::builder().retention_bytes(limit)).await;
        let topic = rig.topic("kept", 1, &[]).await;
        let resources = [ResourceSpecifier::Topic(&topic)];
        let described =
            rig.admin().describe_configs(&resources, &AdminOptions::new()).await.expect("an answer");
        let entry = described[0].as_ref().expect("described").get("retention.bytes").expect("known");
        assert_eq!((entry.value.as_deref(), &entry.source), (Some(value), &source));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_created_is_refused_with_the_reason() {
    let rig = Rig::start().await;
    let present = rig.topic("present", 1, &[]).await;
    let fresh = unique("fresh");
    let new = |name, replicas| NewTopic::new(name, 1, TopicReplication::Fixed(replicas));
    let cases = [
        (new(present.as_str(), 1), RDKafkaErrorCode::TopicAlreadyExists),
        (new("no spaces", 1), RDKafkaErrorCode::InvalidTopic),
        (new(&fresh, 3), RDKafkaErrorCode::InvalidReplicationFactor),
        (new(&fresh, 1).set("retention", "1"), RDKafkaErrorCode::InvalidConfig),
        (new(&fresh, 1).set("retention.ms", "soon"), RDKafkaErrorCode::InvalidConfig),
    ];
    let admin = rig.admin();
    for (topic, expected) in cases {
        let created = admin.create_topics([&topic], &AdminOptions::new()).await.expect("an answer");
        assert_eq!(created[0].as_ref().map_err(|(_, code)| *code), Err(expected), "{}", topic.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_grows_and_goes() {
    let rig = Rig::start().await;
    let topic = rig.topic("grows", 2, &[]).await;
    let admin = rig.admin();
    let options = AdminOptions::new();
    let grown = admin.create_partitions([&NewPartitions::new(&topic, 5)], &options).await.expect("an answer");
    assert_eq!(grown, vec![Ok(topic.clone())]);
    let shrunk =
        admin.create_partitions([&NewPartitions::new(&topic, 3)], &options).await.expect("an answer");
    assert_eq!(shrunk, vec![Err((topic.clone(), RDKafkaErrorCode::InvalidPartitions))]);
    // As above: the metadata follows.
    eventually(async || {
        let metadata = admin.inner().fetch_metadata(Some(&topic), PATIENCE).expect("metadata");
        (metadata.topics()[0].partitions().len() == 5).then_some(())
    })
    .await;

    let gone = admin.delete_topics(&[&topic], &options).await.expect("an answer");
    assert_eq!(gone, vec![Ok(topic.clone())]);
    let again = admin.delete_topics(&[&topic], &options).await.expect("an answer");
    assert_eq!(again, vec![Err((topic, RDKafkaErrorCode::UnknownTopicOrPartition))]);
}
