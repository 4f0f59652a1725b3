//! Topics of LiveCheck's own: one partition, of which the latest record of each key is kept.

use std::time::Instant;

use super::connection::Connection;
use super::error::KafkaEdgeError;
use super::topics::{ASK_AGAIN, SETTLE, create, not_there, partition_count};

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
    let topic = name.to_owned();
    let deadline = Instant::now() + SETTLE;
    while !is_there(connection, name).await? {
        if Instant::now() >= deadline {
            return Err(not_there(name).into());
        }
        create(connection, std::slice::from_ref(&topic), SETTINGS, 1, replication_factor).await?;
        tokio::time::sleep(ASK_AGAIN).await;
    }
    Ok(())
}

/// Whether there is such a topic. Creates none.
pub(crate) async fn is_there(connection: &Connection, name: &str) -> Result<bool, KafkaEdgeError> {
    let name = name.to_owned();
    let count = connection.ask(move |connection| partition_count(connection, &name)).await?;
    Ok(count.is_some())
}
