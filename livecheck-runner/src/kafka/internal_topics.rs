//! Topics of LiveCheck's own: what they are called, what they keep, and that they are there.

use livecheck_core::Topics;

use super::connection::{Connection, LARGEST_OF_OURS};
use super::error::KafkaEdgeError;
use super::inspection::Inspection;
use super::topics::ensure;
use super::{checkpoints, keys};

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
    /// The latest of each key, for those who read it from the beginning: it is compacted before it is long.
    Latest,
    /// The rows of a table, for those who read on from a copy: that a row was removed is kept, too, for a day.
    Rows,
    /// All, for some time.
    All,
}

impl Keeps {
    /// What such a topic is set to when it is created. What is relied upon is said, whatever the brokers' defaults are.
    pub(super) fn settings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Latest => &[
                ("cleanup.policy", "compact"),
                ("max.message.bytes", LARGEST_OF_OURS),
                ("message.timestamp.type", "LogAppendTime"),
                ("min.cleanable.dirty.ratio", "0.1"),
                ("segment.bytes", "16777216"),
                ("segment.ms", "3600000"),
            ],
            // What was written last is never compacted: with Kafka's segments of a gigabyte and a week, a small table that
            // changes much would be read back from a million records. Streams has 50 MiB for its own topics, too.
            Self::Rows => &[
                ("cleanup.policy", "compact"),
                ("delete.retention.ms", "86400000"),
                ("max.message.bytes", LARGEST_OF_OURS),
                ("segment.bytes", "52428800"),
                ("segment.ms", "3600000"),
            ],
            Self::All => &[],
        }
    }
}

impl InternalTopic {
    /// Those of the brokers, and of a group, whose changelogs have those names.
    pub(crate) fn all(
        topics: &Topics,
        group: &str,
        changelogs: impl IntoIterator<Item = String>,
    ) -> Vec<Self> {
        let of_one_partition =
            |name: &String| Self { name: name.clone(), keeps: Keeps::Latest, is_of_one_partition: true };
        let of_group = |name, keeps| Self { name, keeps, is_of_one_partition: false };
        let mut all = vec![
            of_one_partition(&topics.monitor_topic),
            of_one_partition(&topics.control_topic),
            of_group(checkpoints::topic_of(group), Keeps::Latest),
            of_group(keys::topic_of(group), Keeps::All),
        ];
        all.extend(changelogs.into_iter().map(|name| of_group(name, Keeps::Rows)));
        all
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
    ensure(connection, inspection, name, Keeps::Latest.settings(), 1, replication_factor).await.map(drop)
}
