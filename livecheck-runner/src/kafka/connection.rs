//! How the clients of a run are configured.

use std::collections::BTreeMap;
use std::time::Duration;

use livecheck_core::Topics;
use rdkafka::ClientConfig;
use rdkafka::admin::AdminClient;
use rdkafka::client::DefaultClientContext;
use rdkafka::config::FromClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, ProducerContext};

use super::error::KafkaEdgeError;
use super::health::Health;

/// How long one request to the brokers may take before it is tried again.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of a record that the runner writes, in the topics that it makes itself and by its own producer.
pub(super) const LARGEST_OF_OURS: &str = "8388608";

/// librdkafka wants the name of a group also of a consumer whose partitions are assigned by hand. It never
/// joins, and commits nothing.
const NO_GROUP: &str = "livecheck-assigned-by-hand";

/// How a runner shares the work with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// With all the runners of that group: what it has done is committed, with reports.
    Group(String),
    /// With none: in no group, from now on, and nothing is committed.
    Alone,
}

impl Sharing {
    pub(crate) fn group(&self) -> Option<&str> {
        match self {
            Self::Group(group) => Some(group),
            Self::Alone => None,
        }
    }

    pub(crate) fn is_shared(&self) -> bool {
        self.group().is_some()
    }
}

/// Where Kafka is, and what is read there.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) servers: String,
    /// The user's own properties of librdkafka.
    pub(crate) properties: BTreeMap<String, String>,
    pub(crate) topics: Topics,
}

impl Connection {
    fn base(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("client.id", "livecheck-runner")
            // Brokers that are away come back within this, not within librdkafka's ten seconds.
            .set("reconnect.backoff.max.ms", "1000")
            // A topic of ours that somebody deletes must not come back with the partitions and the settings that
            // brokers give whatever a producer asks for: nothing of it could be read beside the tests' topic.
            .set("allow.auto.create.topics", "false");
        for (name, value) in &self.properties {
            config.set(name, value);
        }
        config.set("bootstrap.servers", &self.servers);
        config
    }

    pub(super) fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str)
    }

    fn consumer(&self, group: &str) -> ClientConfig {
        let mut config = self.base();
        config
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("enable.partition.eof", "true")
            // How far it is behind goes to the metrics.
            .set("statistics.interval.ms", "5000")
            // What a sender's transaction aborted has not happened.
            .set("isolation.level", "read_committed")
            // A short pause after a full queue: with the default of a second, throughput falls to a sixth.
            .set("fetch.queue.backoff.ms", "5")
            // What is fetched ahead takes memory, and is fetched again after a pause: tens of milliseconds' worth.
            .set("queued.min.messages", self.property("queued.min.messages").unwrap_or("10000"));
        config
    }

    /// The consumer that shares the partitions of the test topic with the group.
    pub(super) fn test_consumer<C: ConsumerContext>(
        &self,
        sharing: &Sharing,
        context: C,
    ) -> Result<BaseConsumer<C>, KafkaEdgeError> {
        let mut config = self.consumer(sharing.group().unwrap_or(NO_GROUP));
        config
            .set("partition.assignment.strategy", "cooperative-sticky")
            // How long the group waits for a runner that was killed before others go on with its tests: the least
            // that brokers allow unless they are told otherwise (`group.min.session.timeout.ms`). The default of 45
            // seconds is for consumers that nobody waits for, and to whom a rebalance costs more than a pause.
            .set("session.timeout.ms", self.property("session.timeout.ms").unwrap_or("6000"))
            .set("heartbeat.interval.ms", self.property("heartbeat.interval.ms").unwrap_or("2000"))
            // Where the group has committed nothing: what was triggered before the first runner started counts.
            .set("auto.offset.reset", "earliest");
        config.create_with_context(context).map_err(KafkaEdgeError::Client)
    }

    /// The consumer whose partitions of the bus are assigned by hand.
    pub(super) fn bus_consumer(&self, health: Health) -> Result<BaseConsumer<BusContext>, KafkaEdgeError> {
        let mut config = self.consumer(NO_GROUP);
        config.set("auto.offset.reset", "earliest");
        config.create_with_context(BusContext(health)).map_err(KafkaEdgeError::Client)
    }

    /// A member of a group that shares out one partition, and with it a duty.
    pub(crate) fn member<C: ConsumerContext>(
        &self,
        group: &str,
        context: C,
    ) -> Result<BaseConsumer<C>, KafkaEdgeError> {
        let sharing = Sharing::Group(group.to_owned());
        self.test_consumer(&sharing, context)
    }

    /// A producer of single records, each of which may be lost.
    pub(crate) fn producer<C: ProducerContext>(&self, context: C) -> Result<BaseProducer<C>, KafkaEdgeError> {
        let mut config = self.base();
        config.set("message.timeout.ms", "10000").set("linger.ms", "0").set("partitioner", "murmur2_random");
        config.create_with_context(context).map_err(KafkaEdgeError::Client)
    }

    /// The producer of reports, in transactions.
    pub(crate) fn report_producer<C: ProducerContext>(
        &self,
        id: &str,
        context: C,
    ) -> Result<BaseProducer<C>, KafkaError> {
        let mut config = self.base();
        config
            .set("transactional.id", id)
            // Readers of committed records wait for a runner that has died for this long at most.
            .set("transaction.timeout.ms", "10000")
            .set("message.timeout.ms", "10000")
            // A report has the arguments of its trigger, which may be as large as a record can be, and more.
            .set("message.max.bytes", self.property("message.max.bytes").unwrap_or(LARGEST_OF_OURS))
            // Whole batches: what a transaction writes comes all at once, and its commit waits for what lingers.
            .set("linger.ms", "5")
            .set("partitioner", "murmur2_random");
        config.create_with_context(context)
    }

    /// A producer of records that stand for themselves.
    pub(super) fn plain_producer<P: FromClientConfig>(&self) -> Result<P, KafkaError> {
        let mut config = self.base();
        config
            .set("enable.idempotence", "true")
            .set("message.timeout.ms", "10000")
            .set("partitioner", "murmur2_random");
        config.create()
    }

    /// Asks the brokers something that blocks, on a thread where that holds up nobody.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> T {
        let connection = self.clone();
        tokio::task::spawn_blocking(move || question(&connection))
            .await
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }

    /// A producer for a single trigger.
    pub(crate) fn client_builder(&self) -> livecheck_core::client::KafkaClientBuilder {
        let mut builder = livecheck_core::Client::kafka(&self.servers).topics(self.topics.clone());
        for (name, value) in &self.properties {
            builder = builder.property(name, value);
        }
        builder
    }

    pub(super) fn admin(&self) -> Result<AdminClient<DefaultClientContext>, KafkaEdgeError> {
        self.base().create().map_err(KafkaEdgeError::Client)
    }

    /// A consumer to ask things with: metadata and offsets.
    pub(crate) fn inquirer(&self) -> Result<BaseConsumer<BusContext>, KafkaEdgeError> {
        self.bus_consumer(Health::new(|_| {}))
    }

    /// A consumer to ask with what a group of others has committed: it joins nothing.
    pub(super) fn observer_of(&self, group: &str) -> Result<BaseConsumer<BusContext>, KafkaError> {
        self.consumer(group).create_with_context(BusContext(Health::new(|_| {})))
    }

    /// A consumer that reads partitions to their end, once.
    pub(super) fn reader_to_the_end(&self) -> Result<BaseConsumer<BusContext>, KafkaEdgeError> {
        let mut config = self.consumer(NO_GROUP);
        // The end is known once a broker has had nothing to give for this long.
        config.set("auto.offset.reset", "earliest").set("fetch.wait.max.ms", "10");
        config.create_with_context(BusContext(Health::new(|_| {}))).map_err(KafkaEdgeError::Client)
    }

    /// A consumer to ask with where partitions end, whether that is committed or not.
    pub(super) fn raw_inquirer(&self) -> Result<BaseConsumer<BusContext>, KafkaEdgeError> {
        let mut config = self.consumer(NO_GROUP);
        config.set("isolation.level", "read_uncommitted");
        config.create_with_context(BusContext(Health::new(|_| {}))).map_err(KafkaEdgeError::Client)
    }
}

/// What the brokers call their cluster, if they do. Blocks.
pub(crate) fn cluster_id(connection: &Connection) -> Result<Option<String>, KafkaEdgeError> {
    let id = connection.inquirer()?.client().fetch_cluster_id(REQUEST_TIMEOUT);
    Ok(id.filter(|id| !id.is_empty()))
}

/// The context of a consumer that is in no group.
pub(crate) struct BusContext(pub(super) Health);

impl rdkafka::ClientContext for BusContext {
    fn log(&self, level: rdkafka::config::RDKafkaLogLevel, facility: &str, message: &str) {
        self.0.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.error(error, reason);
    }

    fn stats(&self, statistics: rdkafka::Statistics) {
        self.0.stats(statistics);
    }
}

impl ConsumerContext for BusContext {}
