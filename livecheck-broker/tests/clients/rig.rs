//! A broker to test against, and clients for it.
//!
//! Tests run on more than one thread: librdkafka blocks when a client is dropped, and the broker, which lives on
//! the same runtime, must be able to answer it meanwhile.

use std::time::Duration;

use futures_util::FutureExt;
use livecheck_broker::{Broker, BrokerBuilder};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::{ClientConfig, FromClientConfig, FromClientConfigAndContext};
use rdkafka::consumer::{Consumer, ConsumerContext, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message, OwnedMessage};
use rdkafka::producer::{FutureProducer, FutureRecord};

/// Longer than anything here takes; a wait that reaches it has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Rig {
    pub(crate) bootstrap: String,
    /// Kept: it stops when dropped. There is none when the tests run against another broker.
    _broker: Option<Broker>,
}

impl Rig {
    pub(crate) async fn start() -> Self {
        if let Ok(bootstrap) = std::env::var("LIVECHECK_TEST_BOOTSTRAP") {
            return Self { bootstrap, _broker: None };
        }
        Self::embedded(Broker::builder()).await
    }

    /// A broker that somebody else has started.
    pub(crate) fn at(bootstrap: String) -> Self {
        Self { bootstrap, _broker: None }
    }

    /// An embedded broker with these settings, wherever the other tests run.
    pub(crate) async fn embedded(builder: BrokerBuilder) -> Self {
        let broker = builder.start().await.expect("an embedded broker");
        Self { bootstrap: broker.bootstrap_servers(), _broker: Some(broker) }
    }

    /// Whether the broker looks every few seconds for what is to be deleted. Real Kafka does so every five
    /// minutes unless it is told otherwise (`log.retention.check.interval.ms`).
    pub(crate) async fn cleans_up_often(&self) -> bool {
        let resources = [ResourceSpecifier::Broker(1)];
        let described =
            self.admin().describe_configs(&resources, &AdminOptions::new()).await.expect("described");
        let entry = described[0].as_ref().expect("described").get("log.retention.check.interval.ms");
        let interval = entry.and_then(|entry| entry.value.as_ref()).expect("a value");
        let often = interval.parse::<u64>().expect("a number") <= 5_000;
        if !often {
            eprintln!("not tried: log.retention.check.interval.ms is {interval} there");
        }
        often
    }

    pub(crate) fn config(&self, settings: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.bootstrap);
        for (key, value) in settings {
            config.set(*key, *value);
        }
        config
    }

    pub(crate) fn client<C: FromClientConfig>(&self, settings: &[(&str, &str)]) -> C {
        self.config(settings).create().expect("a client")
    }

    pub(crate) fn producer(&self, settings: &[(&str, &str)]) -> FutureProducer {
        let mut config = self.config(&[("linger.ms", "0")]);
        for (key, value) in settings {
            config.set(*key, *value);
        }
        config.create().expect("a producer")
    }

    fn consumer_config(&self, group: &str, settings: &[(&str, &str)]) -> ClientConfig {
        let mut config = self.config(&[
            ("group.id", group),
            ("auto.offset.reset", "earliest"),
            ("enable.auto.commit", "false"),
            ("session.timeout.ms", "6000"),
            ("heartbeat.interval.ms", "200"),
            ("partition.assignment.strategy", "cooperative-sticky"),
        ]);
        for (key, value) in settings {
            config.set(*key, *value);
        }
        config
    }

    pub(crate) fn consumer(&self, group: &str, settings: &[(&str, &str)]) -> StreamConsumer {
        self.consumer_config(group, settings).create().expect("a consumer")
    }

    pub(crate) fn consumer_with<C: ConsumerContext + 'static>(
        &self,
        group: &str,
        settings: &[(&str, &str)],
        context: C,
    ) -> StreamConsumer<C> {
        let config = self.consumer_config(group, settings);
        StreamConsumer::from_config_and_context(&config, context).expect("a consumer")
    }

    pub(crate) fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.client(&[])
    }

    /// A new topic of a name nobody else uses.
    pub(crate) async fn topic(&self, name: &str, partitions: i32, settings: &[(&str, &str)]) -> String {
        let name = unique(name);
        let mut topic = NewTopic::new(&name, partitions, TopicReplication::Fixed(1));
        for (key, value) in settings {
            topic = topic.set(key, value);
        }
        let created = self.admin().create_topics([&topic], &AdminOptions::new()).await.expect("an answer");
        assert_eq!(created, vec![Ok(name.clone())]);
        name
    }
}

/// A name that no other test, and no other run, uses.
pub(crate) fn unique(name: &str) -> String {
    format!("{name}-{}", uuid::Uuid::new_v4().simple())
}

/// Sends one record and waits until it is acknowledged; returns its partition and offset.
pub(crate) async fn send(
    producer: &FutureProducer,
    topic: &str,
    partition: i32,
    payload: &str,
) -> (i32, i64) {
    let record = FutureRecord::<str, str>::to(topic).partition(partition).payload(payload);
    let delivery = producer.send(record, PATIENCE).await.expect("acknowledged");
    (delivery.partition, delivery.offset)
}

/// The next message.
pub(crate) async fn next<C: ConsumerContext + 'static>(consumer: &StreamConsumer<C>) -> OwnedMessage {
    receive(consumer).await.expect("a message").detach()
}

/// The next message or event.
pub(crate) async fn receive<C: ConsumerContext + 'static>(
    consumer: &StreamConsumer<C>,
) -> Result<BorrowedMessage<'_>, KafkaError> {
    tokio::time::timeout(PATIENCE, consumer.recv()).await.expect("something within patience")
}

/// Everything up to the end of `partitions` partitions; the consumer must have `enable.partition.eof`.
pub(crate) async fn drain(consumer: &StreamConsumer, partitions: usize) -> Vec<OwnedMessage> {
    let mut ended = std::collections::HashSet::new();
    let mut messages = Vec::new();
    while ended.len() < partitions {
        match receive(consumer).await {
            Ok(message) => messages.push(message.detach()),
            Err(KafkaError::PartitionEOF(partition)) => {
                ended.insert(partition);
            }
            Err(error) => panic!("{error}"),
        }
    }
    messages
}

pub(crate) fn text(message: &impl Message) -> String {
    String::from_utf8(message.payload().unwrap_or_default().to_vec()).expect("text")
}

pub(crate) fn texts(messages: &[OwnedMessage]) -> Vec<String> {
    messages.iter().map(text).collect()
}

/// Runs something that blocks, as librdkafka's synchronous calls do, off the runtime.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).map(|done| done.expect("it does not panic")).await
}

/// Assigns all partitions of a topic by hand, from the beginning.
pub(crate) fn assign_from_start<C: ConsumerContext>(
    consumer: &StreamConsumer<C>,
    topic: &str,
    partitions: i32,
) {
    let mut list = rdkafka::TopicPartitionList::new();
    for partition in 0..partitions {
        list.add_partition_offset(topic, partition, rdkafka::Offset::Beginning).expect("a valid offset");
    }
    consumer.assign(&list).expect("assigned");
}
