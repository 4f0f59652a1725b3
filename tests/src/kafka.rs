//! The broker that the tests share, and what an administrator asks of it.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use livecheck_broker::Broker;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::FromClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use tokio::runtime::Runtime;

use crate::PATIENCE;

/// The variable that names a real Kafka.
const BOOTSTRAP: &str = "LIVECHECK_TEST_BOOTSTRAP";
/// The variable that has the id of its process: `ci/kafka env` sets both.
const PROCESS: &str = "LIVECHECK_TEST_KAFKA_PID";

static KAFKA: OnceLock<Kafka> = OnceLock::new();

/// The broker that all tests of this process share.
#[derive(Debug)]
pub struct Kafka {
    servers: String,
    /// The administrator's client, which all tests share: connecting takes longer than asking.
    admin: OnceLock<Admin>,
    /// The embedded broker, where there is no real one. Statics are never dropped: it serves to the end.
    embedded: Option<(Runtime, Broker)>,
}

impl Kafka {
    /// The broker; started at the first call.
    #[must_use]
    pub fn shared() -> &'static Self {
        KAFKA.get_or_init(|| match std::env::var(BOOTSTRAP) {
            Ok(servers) if !servers.trim().is_empty() => {
                Self { servers, admin: OnceLock::new(), embedded: None }
            }
            _ => Self::start_embedded(),
        })
    }

    /// Makes the broker at that address the one that is shared.
    ///
    /// # Panics
    ///
    /// When there is one already.
    pub fn share(servers: &str) {
        let given = Self { servers: servers.to_owned(), admin: OnceLock::new(), embedded: None };
        KAFKA.set(given).expect("nothing has asked for the broker yet");
    }

    fn start_embedded() -> Self {
        // Threads of its own: a test may block its thread.
        let runtime = Runtime::new().expect("a tokio runtime");
        // As many production clusters do: it makes no topic that nobody created. Real Kafka has its own defaults in
        // the tests, and does.
        let broker = runtime.block_on(Broker::builder().auto_create_topics(false).start()).expect("a broker");
        let servers = broker.bootstrap_servers();
        Self { servers, admin: OnceLock::new(), embedded: Some((runtime, broker)) }
    }

    /// The addresses, as `bootstrap.servers`.
    #[must_use]
    pub fn servers(&self) -> &str {
        &self.servers
    }

    /// Whether it is Apache Kafka.
    #[must_use]
    pub fn is_real(&self) -> bool {
        self.embedded.is_none()
    }

    /// The process of Apache Kafka, where that is on this machine and known.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        let of_kafka = std::env::var(PROCESS).ok().filter(|_| self.is_real());
        of_kafka.and_then(|process| process.parse().ok())
    }

    /// A client with those settings.
    #[must_use]
    pub fn client<C: FromClientConfig>(&self, settings: &[(&str, &str)]) -> C {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.servers);
        for (key, value) in settings {
            config.set(*key, *value);
        }
        config.create().expect("librdkafka takes the test's settings")
    }

    /// Creates a topic, unless it is there; it is known then.
    pub fn create_topic(&self, name: &str, partitions: i32, settings: &[(&str, &str)]) {
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        for (key, value) in settings {
            topic = topic.set(key, value);
        }
        let created = block_on(self.admin().create_topics([&topic], &admin_options())).expect("an answer");
        match created.as_slice() {
            [Ok(_) | Err((_, rdkafka::types::RDKafkaErrorCode::TopicAlreadyExists))] => {}
            refused => panic!("topic {name} was not created: {refused:?}"),
        }
        // A broker answers before it tells of the topic itself.
        let asked = Instant::now();
        while self.partitions(name) == 0 {
            assert!(asked.elapsed() < PATIENCE, "topic {name} was created, and is not there");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Deletes a topic.
    pub fn delete_topic(&self, name: &str) {
        let deleted = block_on(self.admin().delete_topics(&[name], &admin_options())).expect("an answer");
        assert!(matches!(deleted.as_slice(), [Ok(_)]), "topic {name} was not deleted: {deleted:?}");
    }

    /// How many partitions a topic has: none if it is not there.
    #[must_use]
    pub fn partitions(&self, topic: &str) -> usize {
        // Of all topics, so that asking creates none.
        let metadata = self.admin().inner().fetch_metadata(None, PATIENCE).expect("metadata");
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        found.map_or(0, |topic| topic.partitions().len())
    }

    /// The settings of a topic.
    #[must_use]
    pub fn settings(&self, topic: &str) -> BTreeMap<String, String> {
        let specifier = [ResourceSpecifier::Topic(topic)];
        let mut described =
            block_on(self.admin().describe_configs(&specifier, &admin_options())).expect("an answer");
        let described = described.remove(0).expect("the topic is there");
        let entries = described.entries.into_iter();
        entries.map(|entry| (entry.name, entry.value.unwrap_or_default())).collect()
    }

    /// What the group has committed for each partition of a topic: the offset, and the metadata.
    #[must_use]
    pub fn committed(&self, group: &str, topic: &str) -> BTreeMap<i32, (Offset, String)> {
        let consumer: BaseConsumer = self.client(&[("group.id", group)]);
        let mut list = TopicPartitionList::new();
        list.add_partition_range(topic, 0, i32::try_from(self.partitions(topic)).expect("a few") - 1);
        let committed = consumer.committed_offsets(list, PATIENCE).expect("an answer");
        let elements = committed.elements().into_iter();
        elements.map(|it| (it.partition(), (it.offset(), it.metadata().to_owned()))).collect()
    }

    /// The offset of the next record of each partition of a topic.
    #[must_use]
    pub fn ends(&self, topic: &str) -> BTreeMap<i32, i64> {
        let ends = (0..i32::try_from(self.partitions(topic)).expect("a few")).map(|partition| {
            let watermarks = self.admin().inner().fetch_watermarks(topic, partition, PATIENCE);
            (partition, watermarks.expect("an answer").1)
        });
        ends.collect()
    }

    /// Removes everything that stands in a topic.
    pub fn empty(&self, topic: &str) {
        let mut list = TopicPartitionList::new();
        for partition in self.ends(topic).into_keys() {
            list.add_partition_offset(topic, partition, Offset::End).expect("an offset");
        }
        block_on(self.admin().delete_records(&list, &admin_options())).expect("they are removed");
    }

    fn admin(&self) -> &AdminClient<DefaultClientContext> {
        &self.admin.get_or_init(|| Admin(self.client(&[]))).0
    }
}

struct Admin(AdminClient<DefaultClientContext>);

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Admin")
    }
}

fn admin_options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE))
}

/// Runs a future of one of rdkafka's clients, which need no runtime of a certain kind.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a tokio runtime")
        .block_on(future)
}
