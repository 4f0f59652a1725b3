//! Topics and a group that no other test uses, and no other run of this one.

use livecheck::wire::{Arguments, TestExecution};
use livecheck::{Case, Timestamp, Topics};
use serde_json::Value;

use crate::kafka::Kafka;

/// How many partitions the topics have: enough for two runners to share, and few, as there are many tests.
pub const PARTITIONS: i32 = 4;

/// The three topics, and the consumer group, of one test.
#[derive(Clone, Debug)]
pub struct OwnTopics {
    /// The names of the topics.
    pub names: Topics,
    /// The consumer group of the runners.
    pub group: String,
}

impl OwnTopics {
    /// Names that say which test they are of. Nothing is created.
    #[must_use]
    pub fn named(test: &str) -> Self {
        let unique = &uuid::Uuid::new_v4().simple().to_string()[..8];
        let test_topic = format!("e2e-{test}-{unique}");
        let names = Topics {
            bus_topic: format!("{test_topic}-bus"),
            report_topic: format!("{test_topic}-report"),
            monitor_topic: format!("{test_topic}-monitor"),
            control_topic: format!("{test_topic}-control"),
            test_topic: test_topic.clone(),
        };
        Self { names, group: test_topic }
    }

    /// Creates them as a runner does, with settings beside.
    #[must_use]
    pub fn created(test: &str, settings: &[(&str, &str)]) -> Self {
        let topics = Self::named(test);
        let settings = [&[("message.timestamp.type", "LogAppendTime")], settings].concat();
        for name in topics.all() {
            Kafka::shared().create_topic(name, PARTITIONS, &settings);
        }
        topics
    }

    /// The test topic, the bus and the report topic.
    #[must_use]
    pub fn all(&self) -> [&str; 3] {
        [&self.names.test_topic, &self.names.bus_topic, &self.names.report_topic]
    }

    /// The variables that tell a runner of them.
    #[must_use]
    pub fn variables(&self) -> [(&'static str, String); 7] {
        [
            ("LIVECHECK_TOPICS_TEST_TOPIC", self.names.test_topic.clone()),
            ("LIVECHECK_TOPICS_BUS_TOPIC", self.names.bus_topic.clone()),
            ("LIVECHECK_TOPICS_REPORT_TOPIC", self.names.report_topic.clone()),
            ("LIVECHECK_TOPICS_MONITOR_TOPIC", self.names.monitor_topic.clone()),
            ("LIVECHECK_TOPICS_CONTROL_TOPIC", self.names.control_topic.clone()),
            ("LIVECHECK_TOPICS_PARTITIONS", PARTITIONS.to_string()),
            ("LIVECHECK_GROUP", self.group.clone()),
        ]
    }
}

/// A test of the case, triggered now, as a client makes it.
#[must_use]
pub fn test(case: &Case, id: &str, arguments: &[(&str, Value)]) -> TestExecution {
    let mut named = Arguments::new();
    for (name, value) in arguments {
        named.insert(name, value).expect("a JSON value is JSON");
    }
    let timestamp = Timestamp::now();
    TestExecution {
        id: id.into(),
        case_name: case.name.into(),
        timestamp,
        expires: timestamp + case.settings.test_expires,
        arguments: named,
    }
}
