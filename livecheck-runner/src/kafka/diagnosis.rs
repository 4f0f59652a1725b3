//! What `doctor` asks of the brokers. Nothing here changes anything there: no topic is created, no record is
//! produced, no group is joined.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use livecheck_core::Timestamp;
use rdkafka::admin::{AdminClient, AdminOptions, ConfigResourceResult, ResourceSpecifier};
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, DeliveryResult, Producer, ProducerContext};
use rdkafka::{ClientConfig, ClientContext, Offset, TopicPartitionList};

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

/// No broker answered, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreached {
    /// What librdkafka met, each once.
    pub(crate) troubles: Vec<Trouble>,
}

/// Something that librdkafka met on its way to a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) kind: TroubleKind,
    /// In its own words.
    pub(crate) reason: String,
}

/// What kind of trouble it is, as far as librdkafka says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TroubleKind {
    /// The client cannot even be made.
    Configuration,
    /// The name has no address.
    Name,
    /// Nothing listens there.
    Refused,
    /// The TLS handshake failed.
    Tls,
    /// The brokers do not know us.
    Authentication,
    /// Something listens that speaks otherwise: TLS where we do not, or no Kafka at all.
    Protocol,
    /// Nothing comes back.
    Silence,
    /// Something else.
    Other,
}

impl TroubleKind {
    fn of(code: Option<RDKafkaErrorCode>, reason: &str) -> Self {
        let says = |words: &[&str]| words.iter().any(|word| reason.contains(word));
        match code {
            Some(RDKafkaErrorCode::Resolve) => Self::Name,
            Some(RDKafkaErrorCode::SSL) => Self::Tls,
            Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed) => {
                Self::Authentication
            }
            _ if says(&["Failed to resolve"]) => Self::Name,
            _ if says(&["SSL handshake", "certificate"]) => Self::Tls,
            _ if says(&["SASL"]) => Self::Authentication,
            _ if says(&["ApiVersion", "incorrect security.protocol", "Receive failed"]) => Self::Protocol,
            _ if says(&["onnection refused"]) => Self::Refused,
            _ if says(&["imed out", "timeout"]) => Self::Silence,
            _ => Self::Other,
        }
    }
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

/// The consumer group, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// As the coordinator names it: `Stable`, `Empty`; nothing if it does not know the group.
    pub(crate) state: String,
    /// Where its members are; those that have died and have not been missed yet are among them.
    pub(crate) hosts: Vec<String>,
    /// By partition.
    pub(crate) positions: Vec<Position>,
}

/// How far a group is with a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) partition: i32,
    /// The first offset that there is.
    pub(crate) beginning: i64,
    /// The one after the last.
    pub(crate) end: i64,
    /// What the group has committed.
    pub(crate) committed: Option<i64>,
}

impl Position {
    /// How many records the group has not done.
    pub(crate) fn lag(&self) -> i64 {
        (self.end - self.committed.unwrap_or(self.beginning).max(self.beginning)).max(0)
    }

    /// Whether records have gone that the group had still to read.
    pub(crate) fn is_out_of_range(&self) -> bool {
        self.committed.is_some_and(|committed| committed < self.beginning)
    }
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

/// Looks at the group, and at how far it is with the test topic. Blocks.
pub(crate) fn group(connection: &Connection, name: &str, partitions: usize) -> Result<Group, KafkaError> {
    let settings = [("group.id", name), ("enable.auto.commit", "false")];
    let consumer: BaseConsumer<Troubles> = client(connection, &settings, Troubles::default())?;
    let list = consumer.fetch_group_list(Some(name), REQUEST_TIMEOUT)?;
    let found = list.groups().iter().find(|group| group.name() == name);
    let members = found.map(rdkafka::groups::GroupInfo::members).unwrap_or_default();
    let topic = &connection.topics.test_topic;
    let mut asked = TopicPartitionList::new();
    let numbers: Vec<i32> = (0..).take(partitions).collect();
    for partition in &numbers {
        asked.add_partition(topic, *partition);
    }
    let committed = consumer.committed_offsets(asked, REQUEST_TIMEOUT)?;
    let position = |partition: i32| {
        let (beginning, end) = consumer.fetch_watermarks(topic, partition, REQUEST_TIMEOUT)?;
        let committed = match committed.find_partition(topic, partition).map(|found| found.offset()) {
            Some(Offset::Offset(offset)) => Some(offset),
            _ => None,
        };
        Ok(Position { partition, beginning, end, committed })
    };
    Ok(Group {
        state: found.map(|group| group.state().to_owned()).unwrap_or_default(),
        hosts: members.iter().map(|member| member.client_host().to_owned()).collect(),
        positions: numbers.into_iter().map(position).collect::<Result<_, KafkaError>>()?,
    })
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

/// Collects what librdkafka meets, and keeps it from the log.
#[derive(Clone, Default)]
struct Troubles(Arc<Mutex<Vec<Met>>>);

/// An error as it is told: its code, and librdkafka's own words.
type Met = (Option<RDKafkaErrorCode>, String);

impl Troubles {
    fn all_are_down(&self) -> bool {
        let met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        met.iter().any(|(code, _)| *code == Some(RDKafkaErrorCode::AllBrokersDown))
    }

    fn unreached(&self, error: &KafkaError) -> Unreached {
        let met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut troubles: Vec<Trouble> = Vec::new();
        for (code, reason) in met.iter().filter(|(code, _)| *code != Some(RDKafkaErrorCode::AllBrokersDown)) {
            let trouble = Trouble { kind: TroubleKind::of(*code, reason), reason: brief(reason) };
            if !troubles.contains(&trouble) {
                troubles.push(trouble);
            }
        }
        if troubles.is_empty() {
            let reason = error.to_string();
            troubles.push(Trouble { kind: TroubleKind::of(error.rdkafka_error_code(), &reason), reason });
        }
        Unreached { troubles }
    }
}

/// Without what differs from one attempt to the next: `(after 0ms in state CONNECT, 1 identical error(s) …)`.
fn brief(reason: &str) -> String {
    let reason = reason.split(" (after ").next().unwrap_or(reason);
    reason.replace("/bootstrap", "").trim().to_owned()
}

impl ClientContext for Troubles {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", facility, "{message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let mut met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        met.push((error.rdkafka_error_code(), reason.to_owned()));
    }
}

impl ConsumerContext for Troubles {}

impl ProducerContext for Troubles {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn troubles_are_told_apart() {
        use TroubleKind as Kind;
        let transport = Some(RDKafkaErrorCode::BrokerTransportFailure);
        for (code, reason, kind) in [
            (
                transport,
                "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused",
                Kind::Refused,
            ),
            (Some(RDKafkaErrorCode::Resolve), "k:9092/bootstrap: Failed to resolve 'k:9092'", Kind::Name),
            (Some(RDKafkaErrorCode::SSL), "SSL handshake failed: certificate verify failed", Kind::Tls),
            (
                Some(RDKafkaErrorCode::Authentication),
                "SASL PLAIN mechanism handshake failed",
                Kind::Authentication,
            ),
            (
                transport,
                "Disconnected while requesting ApiVersion: might be caused by incorrect security.protocol",
                Kind::Protocol,
            ),
            (transport, "Connection setup timed out in state CONNECT", Kind::Silence),
            (None, "something else", Kind::Other),
        ] {
            assert_eq!(TroubleKind::of(code, reason), kind, "{reason}");
        }
    }

    #[test]
    fn a_reason_is_the_same_at_each_attempt() {
        let reason = "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in \
                      state CONNECT, 1 identical error(s) suppressed)";
        assert_eq!(brief(reason), "127.0.0.1:1: Connect to ipv4#127.0.0.1:1 failed: Connection refused");
    }

    #[test]
    fn what_is_not_committed_is_read_from_the_beginning() {
        let position = |committed| Position { partition: 0, beginning: 10, end: 25, committed };
        assert_eq!(position(Some(20)).lag(), 5);
        assert_eq!(position(None).lag(), 15);
        assert_eq!(position(Some(30)).lag(), 0);
        assert!(position(Some(9)).is_out_of_range() && position(Some(9)).lag() == 15);
        assert!(!position(None).is_out_of_range());
    }
}
