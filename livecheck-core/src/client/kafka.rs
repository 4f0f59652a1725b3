//! Records to Kafka, by rdkafka.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaConfRes;

use super::statistics::Counters;
use super::{AlreadyInstalled, Client, OutgoingRecord, Rejected, Sink, Topics, install};
use crate::control::{self, Profile};
use crate::origin::Origin;
use crate::variables::{self, kafka_property, variable};

/// What a variable cannot set, since a test and its signals would come apart, or nothing could be sent at all.
const RESERVED: [&str; 3] = ["partitioner", "enable.idempotence", "transactional.id"];

/// What holds of the producer, unless it is set otherwise.
const PRODUCER: [(&str, &str); 5] = [
    // The partitioner of Java, Faust and the rest. librdkafka's own default places keys elsewhere, so
    // that a test and its signals would come apart.
    ("partitioner", "murmur2_random"),
    ("enable.idempotence", "true"),
    ("linger.ms", "0"),
    // What cannot be delivered is said while the reason is still of interest.
    ("message.timeout.ms", "60000"),
    // A service under load must not grow without bound while the brokers are away.
    ("queue.buffering.max.kbytes", "65536"),
];

/// How a client reaches Kafka.
#[derive(Clone, Debug)]
pub struct KafkaClientBuilder {
    topics: Topics,
    config: ClientConfig,
    origin: Origin,
    /// What counts in this process, where that is for the client to say.
    profile: Option<Profile>,
}

/// A client could not be made or installed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// librdkafka refuses the configuration.
    #[error("the LiveCheck client cannot be made: {0}")]
    Configuration(#[from] KafkaError),
    /// A variable sets a property that librdkafka does not have, or that cannot have this value.
    #[error("the variable {variable} sets the property `{property}` of librdkafka: {reason}")]
    Variable {
        /// The variable.
        variable: String,
        /// The property that it stands for.
        property: String,
        /// What is wrong with it; the value is not repeated, for it may be a secret.
        reason: String,
    },
    /// A variable sets a setting of a case to something that it cannot be.
    #[error("the variable {variable} is `{value}`: {expected}")]
    Case {
        /// The variable.
        variable: String,
        /// Its value.
        value: String,
        /// What it can be.
        expected: control::NoValue,
    },
    /// One is installed already.
    #[error(transparent)]
    AlreadyInstalled(#[from] AlreadyInstalled),
}

impl Client {
    /// A client that sends to the Kafka brokers at these addresses, `host:port` with commas between.
    ///
    /// ```no_run
    /// livecheck_core::Client::kafka("kafka-1:9092,kafka-2:9092").install()?;
    /// # Ok::<(), livecheck_core::client::ClientError>(())
    /// ```
    #[must_use]
    pub fn kafka(bootstrap_servers: &str) -> KafkaClientBuilder {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", bootstrap_servers)
            .set("client.id", "livecheck-client")
            // A topic that was missing is found within this, once it is there.
            .set("topic.metadata.refresh.interval.ms", "30000");
        let origin = Origin::of_this_process().clone();
        KafkaClientBuilder { topics: Topics::default(), config, origin, profile: None }
    }

    /// Installs a client for the brokers that the variable `LIVECHECK_BOOTSTRAP_SERVERS` names. Where it is
    /// unset or empty nothing is installed, and LiveCheck does nothing in this process.
    ///
    /// Other variables (see [`crate::variables`]) name the topics and set any property of librdkafka, as they do for
    /// the runner: `LIVECHECK_TOPICS_TEST_TOPIC`, `LIVECHECK_KAFKA_SECURITY_PROTOCOL`; and say which requests are
    /// followed: `LIVECHECK_CASES_ORDER_FLOW_PROBABILITY`.
    ///
    /// # Errors
    ///
    /// The configuration is refused, or a client is installed already.
    pub fn install_from_env() -> Result<(), ClientError> {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        match KafkaClientBuilder::from_variables(variables)? {
            Some(builder) => builder.install(),
            None => Ok(()),
        }
    }
}

impl KafkaClientBuilder {
    /// What those [variables](crate::variables) say; nothing where none of them names the brokers.
    fn from_variables(
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Option<Self>, ClientError> {
        let mut servers = None;
        let mut topics = Topics::default();
        let mut properties = Vec::new();
        let mut profile = Profile::default();
        let names = [
            (variable(&["topics", "test-topic"]), &mut topics.test_topic),
            (variable(&["topics", "bus-topic"]), &mut topics.bus_topic),
            (variable(&["topics", "report-topic"]), &mut topics.report_topic),
            (variable(&["topics", "control-topic"]), &mut topics.control_topic),
        ];
        let mut names = std::collections::BTreeMap::from(names);
        let bootstrap_servers = variable(&["bootstrap-servers"]);
        for (name, value) in variables {
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            if name == bootstrap_servers {
                servers = Some(value.to_owned());
            } else if let Some(topic) = names.get_mut(&name) {
                value.clone_into(topic);
            } else if let Some(property) = kafka_property(&name) {
                properties.push((name, property, value.to_owned()));
            } else if let Err(expected) = profile.set_from_variable(&name, value) {
                return Err(ClientError::Case { variable: name, value: value.to_owned(), expected });
            }
        }
        let alias = properties.iter().find(|(_, property, _)| variables::is_bootstrap_servers(property));
        let Some(servers) = servers.or_else(|| alias.map(|(_, _, servers)| servers.clone())) else {
            return Ok(None);
        };
        let mut builder = Client::kafka(&servers).topics(topics).profile(profile);
        for (variable, property, value) in properties {
            if variables::is_bootstrap_servers(&property) {
                continue;
            }
            if let Err(reason) = check(&property, &value) {
                return Err(ClientError::Variable { variable, property, reason });
            }
            builder = builder.property(&property, &value);
        }
        Ok(Some(builder))
    }

    /// Uses other topics than the default ones.
    #[must_use]
    pub fn topics(mut self, topics: Topics) -> Self {
        self.topics = topics;
        self
    }

    /// Lets those settings of cases count in this process, once the client is installed.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = Some(profile);
        self
    }

    /// Sets any property of librdkafka, such as those for TLS and SASL.
    #[must_use]
    pub fn property(mut self, name: &str, value: &str) -> Self {
        self.config.set(name, value);
        self
    }

    /// Names the service, for the reports of tests that do not pass. Without it the variable `LIVECHECK_SERVICE` does,
    /// or `OTEL_SERVICE_NAME`, or the program.
    #[must_use]
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.origin.service = Some(name.into());
        self
    }

    /// Names the consumer group with which the service reads what it works on: where its signals stay out, the report
    /// says how far the group is behind. Without it the variable `LIVECHECK_CONSUMER_GROUP` does.
    #[must_use]
    pub fn consumer_group(mut self, group: impl Into<String>) -> Self {
        self.origin.consumer_group = Some(group.into());
        self
    }

    /// Makes the client. Brokers that are away are no error: they are tried for as long as the client lives.
    ///
    /// # Errors
    ///
    /// librdkafka refuses the configuration.
    pub fn build(self) -> Result<Client, ClientError> {
        let counters = Arc::new(Counters::default());
        let context = Deliveries { counters: Arc::clone(&counters) };
        let mut config = self.config;
        for (property, value) in PRODUCER {
            if config.get(property).is_none() {
                config.set(property, value);
            }
        }
        let producer = config.create_with_context(context)?;
        let sink = KafkaSink { producer, counters: Arc::clone(&counters) };
        Ok(Client { topics: self.topics, sink: Box::new(sink), counters, origin: self.origin.to_header() })
    }

    /// Makes the client, and installs it for this process. From then on what is [set at run
    /// time](crate::control) counts in it, as well.
    ///
    /// # Errors
    ///
    /// librdkafka refuses the configuration, or a client is installed already.
    pub fn install(self) -> Result<(), ClientError> {
        install(self.clone().build()?)?;
        if let Some(profile) = &self.profile {
            control::apply_profile(profile.clone());
        }
        self.follow_control();
        Ok(())
    }

    /// Lets what is [set at run time](crate::control) count in this process, whether or not a client is installed in it.
    /// It is followed once, however often this is asked for.
    pub fn follow_control(&self) {
        control::follow(&self.config, &self.topics.control_topic);
    }
}

/// Whether this librdkafka takes that property, and why not.
fn check(property: &str, value: &str) -> Result<(), String> {
    if RESERVED.contains(&property) {
        return Err("it is LiveCheck's own to set".to_owned());
    }
    let mut config = ClientConfig::new();
    config.set(property, value);
    config.create_native_config().map(drop).map_err(|error| match error {
        KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, ..) => {
            "it has none of that name".to_owned()
        }
        KafkaError::ClientConfig(_, reason, ..) if !reason.contains(value) => reason,
        _ => "it cannot have that value".to_owned(),
    })
}

struct KafkaSink {
    producer: ThreadedProducer<Deliveries>,
    counters: Arc<Counters>,
}

impl Sink for KafkaSink {
    fn send(&self, record: OutgoingRecord<'_>) -> Result<(), Rejected> {
        let OutgoingRecord { topic, key, value, headers } = record;
        let mut kafka_headers = OwnedHeaders::new_with_capacity(headers.len());
        for (key, value) in headers {
            kafka_headers = kafka_headers.insert(Header { key, value: Some(*value) });
        }
        let record = BaseRecord::to(topic).key(key).payload(value).headers(kafka_headers);
        self.producer.send(record).map_err(|(error, record)| {
            if is_missing_topic(&error) {
                self.counters.missing_topic(record.topic);
            }
            let reason = match error.rdkafka_error_code() {
                Some(RDKafkaErrorCode::QueueFull) => {
                    "the queue is full: the brokers do not keep up".to_owned()
                }
                _ => error.to_string(),
            };
            Rejected { reason }
        })
    }

    fn flush(&self, timeout: Duration) {
        // What is still under way when the time is up is counted as it fails or arrives.
        let _ = flush_producer(&self.producer, |look| self.producer.poll(look), timeout);
    }
}

/// Waits until each record of a producer is delivered or has failed, at most that long; `poll` is the producer's. Blocks.
///
/// rdkafka's own `flush` polls for 100 ms at a time, however soon nothing is left to wait for: it would hold up each
/// transaction of a runner by that, and each process that ends.
///
/// # Errors
///
/// What the producer's own `flush` says once the time is up.
#[doc(hidden)]
pub fn flush_producer<C: ProducerContext, P: Producer<C>>(
    producer: &P,
    poll: impl Fn(Duration),
    patience: Duration,
) -> KafkaResult<()> {
    const LOOK: Duration = Duration::from_millis(1);
    let deadline = Instant::now() + patience;
    loop {
        match producer.flush(Duration::ZERO) {
            Err(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut)) if Instant::now() < deadline => {
                poll(LOOK);
            }
            flushed => return flushed,
        }
    }
}

/// Whether a record could not be delivered because there is no such topic, or no such partition of it.
fn is_missing_topic(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{UnknownPartition, UnknownTopic, UnknownTopicOrPartition};
    matches!(error.rdkafka_error_code(), Some(UnknownTopic | UnknownPartition | UnknownTopicOrPartition))
}

/// Counts what became of each record.
struct Deliveries {
    counters: Arc<Counters>,
}

impl ClientContext for Deliveries {
    // librdkafka says the same at each attempt: what matters of it is said once a minute at most.
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "livecheck", facility, "{message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown) {
            self.counters.out_of_reach(&reason);
        } else {
            tracing::debug!(target: "livecheck", %error, "{reason}");
        }
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => self.counters.delivered(),
            Err((error, record)) => {
                if is_missing_topic(error) {
                    self.counters.missing_topic(record.topic());
                }
                self.counters.failed(error);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<Option<KafkaClientBuilder>, ClientError> {
        let owned = variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        KafkaClientBuilder::from_variables(owned)
    }

    #[test]
    fn without_brokers_there_is_no_client() {
        for variables in [
            &[][..],
            &[("LIVECHECK_BOOTSTRAP_SERVERS", " ")],
            &[("LIVECHECK_TOPICS_TEST_TOPIC", "t"), ("LIVECHECK_KAFKA_NONSENSE", "1")],
        ] {
            assert!(from(variables).expect("no error").is_none(), "{variables:?}");
        }
    }

    #[test]
    fn topics_and_properties_are_read_as_the_runner_reads_them() {
        let builder = from(&[
            ("LIVECHECK_BOOTSTRAP_SERVERS", "kafka:9092"),
            ("LIVECHECK_TOPICS_BUS_TOPIC", "bus"),
            ("LIVECHECK_KAFKA_SOCKET_TIMEOUT_MS", "5000"),
            ("LIVECHECK_KAFKA_CLIENT_ID", ""),
        ]);
        let builder = builder.expect("no error").expect("a client");
        assert_eq!(builder.topics, Topics { bus_topic: "bus".to_owned(), ..Topics::default() });
        assert_eq!(builder.config.get("bootstrap.servers"), Some("kafka:9092"));
        assert_eq!(builder.config.get("socket.timeout.ms"), Some("5000"));
        assert_eq!(builder.config.get("client.id"), Some("livecheck-client"));
    }

    #[test]
    fn the_brokers_may_be_named_by_their_property() {
        let builder = from(&[("LIVECHECK_KAFKA_BOOTSTRAP_SERVERS", "kafka:9092")]);
        let builder = builder.expect("no error").expect("a client");
        assert_eq!(builder.config.get("bootstrap.servers"), Some("kafka:9092"));
    }

    #[test]
    fn a_property_that_is_none_is_named_with_its_variable_and_without_its_value() {
        let message = |variable: &str, value: &str| {
            let error = from(&[("LIVECHECK_BOOTSTRAP_SERVERS", "kafka:9092"), (variable, value)]);
            error.expect_err("it is refused").to_string()
        };
        assert_eq!(
            message("LIVECHECK_KAFKA_SASL_PASWORD", "hunter2"),
            "the variable LIVECHECK_KAFKA_SASL_PASWORD sets the property `sasl.pasword` of librdkafka: it has \
             none of that name"
        );
        assert!(!message("LIVECHECK_KAFKA_SOCKET_TIMEOUT_MS", "hunter2").contains("hunter2"));
        assert!(message("LIVECHECK_KAFKA_PARTITIONER", "random").ends_with("LiveCheck's own to set"));
    }

    #[test]
    fn a_missing_topic_is_told_from_other_failures() {
        let failed = |code| is_missing_topic(&KafkaError::MessageProduction(code));
        assert!(failed(RDKafkaErrorCode::UnknownTopic));
        assert!(failed(RDKafkaErrorCode::UnknownTopicOrPartition));
        assert!(!failed(RDKafkaErrorCode::MessageTimedOut));
    }
}
