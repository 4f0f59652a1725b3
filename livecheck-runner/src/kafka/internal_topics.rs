//! Topics of LiveCheck's own: one partition, of which the latest record of each key is kept.

use super::connection::Connection;
use super::error::KafkaEdgeError;
use super::topics::{ensure, partition_count};

/// What is kept is read from the beginning by whoever comes: it is compacted before it is long.
const SETTINGS: &[(&str, &str)] = &[
    ("cleanup.policy", "compact"),
    ("message.timestamp.type", "LogAppendTime"),
    ("min.cleanable.dirty.ratio", "0.1"),
    ("segment.bytes", "16777216"),
    ("segment.ms", "3600000"),
];

/// Creates a topic of LiveCheck's own, if it is not there.
pub(crate) async fn ensure_internal_topic(
    connection: &Connection,
    name: &str,
    replication_factor: Option<i32>,
) -> Result<(), KafkaEdgeError> {
    ensure(connection, name, SETTINGS, 1, replication_factor).await.map(drop)
}

/// Whether there is such a topic. Creates none.
pub(crate) async fn is_there(connection: &Connection, name: &str) -> Result<bool, KafkaEdgeError> {
    let name = name.to_owned();
    let count = connection.ask(move |connection| partition_count(connection, &name)).await?;
    Ok(count.is_some())
}
