//! Records to Kafka, by rdkafka.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};

use super::statistics::Counters;
use super::{AlreadyInstalled, Client, OutgoingRecord, Rejected, Sink, Topics, install};

/// The variable that names the brokers, as the runner reads it too.
const BOOTSTRAP_SERVERS: &str = "LIVECHECK_BOOTSTRAP_SERVERS";

/// How a client reaches Kafka.
#[derive(Clone, Debug)]
pub struct KafkaClientBuilder {
    topics: Topics,
    config: ClientConfig,
}

/// A client could not be made or installed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// librdkafka refuses the configuration.
    #[error("the LiveCheck client cannot be made: {0}")]
    Configuration(#[from] KafkaError),
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
            // The partitioner of Java, Faust and the rest. librdkafka's own default places keys elsewhere, so
            // that a test and its signals would come apart.
            .set("partitioner", "murmur2_random")
            .set("enable.idempotence", "true")
            .set("linger.ms", "0")
            // A service under load must not grow without bound while the brokers are away.
            .set("queue.buffering.max.kbytes", "65536");
        KafkaClientBuilder { topics: Topics::default(), config }
    }

    /// Installs a client for the brokers that the variable `LIVECHECK_BOOTSTRAP_SERVERS` names. Where it is
    /// unset or empty nothing is installed, and LiveCheck does nothing in this process.
    ///
    /// # Errors
    ///
    /// The configuration is refused, or a client is installed already.
    pub fn install_from_env() -> Result<(), ClientError> {
        match std::env::var(BOOTSTRAP_SERVERS) {
            Ok(servers) if !servers.trim().is_empty() => Self::kafka(&servers).install(),
            _ => Ok(()),
        }
    }
}

impl KafkaClientBuilder {
    /// Uses other topics than the default ones.
    #[must_use]
    pub fn topics(mut self, topics: Topics) -> Self {
        self.topics = topics;
        self
    }

    /// Sets any property of librdkafka, such as those for TLS and SASL.
    #[must_use]
    pub fn property(mut self, name: &str, value: &str) -> Self {
        self.config.set(name, value);
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
        let producer = self.config.create_with_context(context)?;
        Ok(Client { topics: self.topics, sink: Box::new(KafkaSink { producer }), counters })
    }

    /// Makes the client, and installs it for this process.
    ///
    /// # Errors
    ///
    /// librdkafka refuses the configuration, or a client is installed already.
    pub fn install(self) -> Result<(), ClientError> {
        Ok(install(self.build()?)?)
    }
}

struct KafkaSink {
    producer: ThreadedProducer<Deliveries>,
}

impl Sink for KafkaSink {
    fn send(&self, record: OutgoingRecord) -> Result<(), Rejected> {
        let OutgoingRecord { topic, key, value, headers } = record;
        let mut kafka_headers = OwnedHeaders::new_with_capacity(headers.len());
        for (key, value) in &headers {
            kafka_headers = kafka_headers.insert(Header { key, value: Some(value) });
        }
        let record = BaseRecord::to(&topic).key(&key).payload(&value).headers(kafka_headers);
        self.producer.send(record).map_err(|(error, _)| {
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
        let _ = self.producer.flush(timeout);
    }
}

/// Counts what became of each record.
struct Deliveries {
    counters: Arc<Counters>,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => self.counters.delivered(),
            Err((error, _)) => self.counters.failed(error),
        }
    }
}
