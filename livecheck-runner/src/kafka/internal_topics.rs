//! Topics of LiveCheck's own: what they are called, what they keep, and that they are there.

use livecheck_core::Topics;

use super::connection::Connection;
use super::error::KafkaEdgeError;
use super::inspection::Inspection;
use super::topics::ensure;
use super::{checkpoints, keys};

/// What is kept is read from the beginning by whoever comes: it is compacted before it is long.
const SETTINGS: &[(&str, &str)] = &[
    ("cleanup.policy", "compact"),
    ("message.timestamp.type", "LogAppendTime"),
    ("min.cleanable.dirty.ratio", "0.1"),
    ("segment.bytes", "16777216"),
    ("segment.ms", "3600000"),
];

/// A topic of LiveCheck's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InternalTopic {
    pub(crate) name: String,
    pub(crate) keeps: Keeps,
    is_of_one_partition: bool,
}

/// Which records a topic keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// The latest of each key: it is compacted.
    Latest,
    /// All, for some time.
    All,
}

impl InternalTopic {
    /// Those of the brokers, and of a group.
    pub(crate) fn all(topics: &Topics, group: &str) -> [Self; 4] {
        let of_one_partition =
            |name: &String| Self { name: name.clone(), keeps: Keeps::Latest, is_of_one_partition: true };
        let of_group = |name, keeps| Self { name, keeps, is_of_one_partition: false };
        [
            of_one_partition(&topics.monitor_topic),
            of_one_partition(&topics.control_topic),
            of_group(checkpoints::topic_of(group), Keeps::Latest),
            of_group(keys::topic_of(group), Keeps::All),
        ]
    }

    /// Whether it has one partition, and not as many as the test topic.
    pub(crate) fn is_of_one_partition(&self) -> bool {
        self.is_of_one_partition
    }
}

/// Creates a topic of one partition, of which the latest record of each key is kept, if it is not there.
pub(crate) async fn ensure_internal_topic(
    connection: &Connection,
    inspection: &Inspection,
    name: &str,
    replication_factor: Option<i32>,
) -> Result<(), KafkaEdgeError> {
    ensure(connection, inspection, name, SETTINGS, 1, replication_factor).await.map(drop)
}
