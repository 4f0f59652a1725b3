//! What `doctor` asks of the brokers. Nothing here changes anything there: no topic is created, no record is
//! produced, no group is joined.

mod group;
mod trouble;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use livecheck_core::Timestamp;
use rdkafka::admin::{AdminClient, AdminOptions, ConfigResourceResult, ResourceSpecifier};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, Producer};
use rdkafka::{ClientConfig, ClientContext, Offset, TopicPartitionList};

pub(crate) use self::group::{Group, Position, group};
use self::trouble::Troubles;
pub(crate) use self::trouble::{Trouble, TroubleKind, Unreached};
use super::connection::{Connection, REQUEST_TIMEOUT};
use super::inspection::Inspection;

/// How long one attempt to reach a broker may take; the reasons of a failure are read between attempts.
const ATTEMPT: Duration = Duration::from_secs(1);
/// How long it is waited for the latest records to arrive.
const LATEST: Duration = Duration::from_secs(3);
/// How far before the end of a partition its latest record is looked for: the last offsets may be the control
/// records of transactions, which nobody is given.
const TAIL: i64 = 8;

/// What brokers or topics are set to, by name. Empty where they are not shown: rdkafka does not say why.
pub(crate) type Settings = BTreeMap<String, String>;

/// The cluster, as one of its brokers describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cluster {
    /// Its id, if it has one.
    pub(crate) id: Option<String>,
    /// Its brokers: id, and the address that clients are to use.
    pub(crate) brokers: Vec<(i32, String)>,
    /// Its topics.
    pub(crate) topics: Inspection,
    /// How those of them are kept that tests go by.
    pub(crate) replicas: Vec<Replicas>,
}

/// How the partitions of a topic are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replicas {
    pub(crate) topic: String,
    /// The fewest copies that one of its partitions has.
    pub(crate) fewest: usize,
    /// How many partitions have no leader, so that nothing can be written to them or read.
    pub(crate) leaderless: usize,
}

/// A record near the end of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LatestRecord {
    pub(crate) topic: String,
    /// Its time, by the clock of the broker or of its sender.
    pub(crate) time: Timestamp,
    /// Whether that is the broker's.
    pub(crate) by_broker: bool,
}

/// Finds the cluster. Blocks.
pub(crate) fn reach(connection: &Connection, patience: Duration) -> Result<Cluster, Unreached> {
    let troubles = Troubles::default();
    let consumer: BaseConsumer<Troubles> = client(connection, &[], troubles.clone()).map_err(|error| {
        let explained = crate::config::explain(&error);
        Unreached {
            troubles: vec![Trouble { kind: TroubleKind::Configuration, reason: explained.to_string() }],
        }
    })?;
    let deadline = Instant::now() + patience;
    let metadata = loop {
        let fetched = consumer.fetch_metadata(None, ATTEMPT);
        // The reasons are handed out to who polls.
        while consumer.poll(Duration::ZERO).is_some() {}
        match fetched {
            Ok(metadata) => break metadata,
            Err(error) if troubles.all_are_down() || Instant::now() >= deadline => {
                return Err(troubles.unreached(&error));
            }
            Err(_) => {}
        }
    };
    let brokers = metadata
        .brokers()
        .iter()
        .map(|broker| (broker.id(), format!("{}:{}", broker.host(), broker.port())))
        .collect();
    let found = |name: &str| {
        let topic = metadata.topics().iter().find(|topic| topic.name() == name)?;
        Some(topic).filter(|topic| !topic.partitions().is_empty())
    };
    let names = &connection.topics;
    let names = [&names.test_topic, &names.bus_topic, &names.report_topic];
    let replicas = names.iter().filter_map(|name| {
        let partitions = found(name)?.partitions();
        Some(Replicas {
            topic: (*name).clone(),
            fewest: partitions.iter().map(|partition| partition.replicas().len()).min().unwrap_or(0),
            leaderless: partitions.iter().filter(|partition| partition.leader() < 0).count(),
        })
    });
    Ok(Cluster {
        id: consumer.client().fetch_cluster_id(ATTEMPT).filter(|id| !id.is_empty()),
        brokers,
        replicas: replicas.collect(),
        topics: metadata.topics().iter().map(|topic| (topic.name(), topic.partitions().len())).collect(),
    })
}

/// Asks each broker for its settings, itself: so it is seen which can be reached from here.
pub(crate) async fn broker_settings(
    connection: &Connection,
    ids: impl IntoIterator<Item = i32>,
) -> Vec<(i32, Result<Settings, KafkaError>)> {
    let asked =
        ids.into_iter().map(async |id| (id, describe(connection, &[ResourceSpecifier::Broker(id)]).await));
    let answers = join_all(asked).await.into_iter();
    answers.map(|(id, answer)| (id, answer.and_then(|mut settings| settings.remove(0)))).collect()
}

/// Asks for the settings of topics.
pub(crate) async fn topic_settings(
    connection: &Connection,
    topics: &[String],
) -> Result<Vec<(String, Result<Settings, KafkaError>)>, KafkaError> {
    if topics.is_empty() {
        return Ok(Vec::new());
    }
    let resources: Vec<_> = topics.iter().map(|topic| ResourceSpecifier::Topic(topic)).collect();
    let described = describe(connection, &resources).await?;
    Ok(topics.iter().cloned().zip(described).collect())
}

async fn describe(
    connection: &Connection,
    resources: &[ResourceSpecifier<'_>],
) -> Result<Vec<Result<Settings, KafkaError>>, KafkaError> {
    let admin: AdminClient<Troubles> = client(connection, &[], Troubles::default())?;
    let options = AdminOptions::new().request_timeout(Some(REQUEST_TIMEOUT));
    let described = admin.describe_configs(resources, &options).await?;
    let settings = |result: ConfigResourceResult| {
        let entries = result.map_err(KafkaError::AdminOp)?.entries.into_iter();
        Ok(entries.filter_map(|entry| Some((entry.name, entry.value?))).collect())
    };
    let mut described: Vec<_> = described.into_iter().map(settings).collect();
    // Each was asked for once, and is answered once.
    described.resize_with(resources.len(), || Err(KafkaError::AdminOp(RDKafkaErrorCode::BadMessage)));
    Ok(described)
}

/// Looks for a record near the end of each partition of those topics. Blocks.
pub(crate) fn latest_records(
    connection: &Connection,
    topics: &[(String, usize)],
) -> Result<Vec<LatestRecord>, KafkaError> {
    let settings =
        [("group.id", "livecheck-doctor"), ("enable.auto.commit", "false"), ("enable.partition.eof", "true")];
    let consumer: BaseConsumer<Troubles> = client(connection, &settings, Troubles::default())?;
    let mut assignment = TopicPartitionList::new();
    for (topic, partitions) in topics {
        for partition in (0..).take(*partitions) {
            let (beginning, end) = consumer.fetch_watermarks(topic, partition, REQUEST_TIMEOUT)?;
            if end > beginning {
                let offset = Offset::Offset((end - TAIL).max(beginning));
                assignment.add_partition_offset(topic, partition, offset)?;
            }
        }
    }
    let mut at_their_end = 0;
    let mut latest: BTreeMap<String, LatestRecord> = BTreeMap::new();
    consumer.assign(&assignment)?;
    let deadline = Instant::now() + LATEST;
    while at_their_end < assignment.count() && Instant::now() < deadline {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(record)) => {
                let time = record.timestamp();
                let Some(millis) = time.to_millis() else { continue };
                let record = LatestRecord {
                    topic: record.topic().to_owned(),
                    time: Timestamp::from_millis(millis),
                    by_broker: matches!(time, rdkafka::Timestamp::LogAppendTime(_)),
                };
                let known = latest.entry(record.topic.clone()).or_insert_with(|| record.clone());
                if record.time > known.time {
                    *known = record;
                }
            }
            Some(Err(KafkaError::PartitionEOF(_))) => at_their_end += 1,
            Some(Err(error)) => return Err(error),
            None => {}
        }
    }
    Ok(latest.into_values().collect())
}

/// Whether a producer of reports could begin: asks for a transactional id that nobody uses. Blocks.
pub(crate) fn transactions(
    connection: &Connection,
    group: &str,
    patience: Duration,
) -> Result<(), KafkaError> {
    // As the runners' own ids begin, so that the rules about who may use which are the same.
    let id = format!("livecheck-{group}-doctor-{}", uuid::Uuid::new_v4());
    let settings = [("transactional.id", id.as_str()), ("transaction.timeout.ms", "10000")];
    let producer: BaseProducer<Troubles> = client(connection, &settings, Troubles::default())?;
    producer.init_transactions(patience)
}

/// A client for these brokers, with the user's properties.
fn client<C: ClientContext, T: FromClientConfigAndContext<C>>(
    connection: &Connection,
    settings: &[(&str, &str)],
    context: C,
) -> Result<T, KafkaError> {
    let mut config = ClientConfig::new();
    config.set("client.id", "livecheck-doctor");
    for (name, value) in &connection.properties {
        config.set(name, value);
    }
    for (name, value) in settings {
        config.set(*name, *value);
    }
    config.set("bootstrap.servers", &connection.servers).create_with_context(context)
}
