//! Checkpoints on their topic: what they look like there, and how they are read back.
//!
//! The topic is compacted, belongs to one group, and has as many partitions as the test topic. The key of a
//! record is `execution:` and the case, the id and the trigger's time as a JSON array; `early:` and an offset of
//! the bus, as in `early:17`, or, where that is of another partition, `early:2@17`; or `question:` and an offset of the
//! topic of keys. The value is JSON, or null once what it was of has ended.

use std::collections::HashMap;

use livecheck_core::ExecutionKey;
use livecheck_core::wire::encode;
use rdkafka::error::KafkaResult;
use rdkafka::{Message, Offset};
use serde::de::DeserializeOwned;

use super::read_back::ReadBack;
use crate::engine::{Checkpoint, CheckpointChange, CheckpointKey, Place};

/// What the key of an execution's record begins with.
const EXECUTION: &str = "execution:";
/// What the key of an early signal's record begins with.
const EARLY: &str = "early:";

/// What the key of a question's record begins with.
const QUESTION: &str = "question:";

/// The topic of a group's checkpoints.
pub(super) fn topic_of(group: &str) -> String {
    format!("{group}-checkpoints")
}

/// The key and the value of the record that says so, in that partition.
pub(super) fn record(
    partition: i32,
    change: &CheckpointChange,
) -> serde_json::Result<(String, Option<Vec<u8>>)> {
    Ok(match change {
        CheckpointChange::Removed(key) => (key_text(partition, key)?, None),
        CheckpointChange::Saved(checkpoint) => {
            let value = match checkpoint {
                Checkpoint::Execution(saved) => encode(&**saved)?,
                Checkpoint::Early(saved) => encode(&**saved)?,
                Checkpoint::Question(saved) => encode(&**saved)?,
            };
            (key_text(partition, &checkpoint.key(partition))?, Some(value))
        }
    })
}

fn key_text(own: i32, key: &CheckpointKey) -> serde_json::Result<String> {
    Ok(match key {
        CheckpointKey::Execution(ExecutionKey { case, id, timestamp }) => {
            format!("{EXECUTION}{}", serde_json::to_string(&(case, id, timestamp))?)
        }
        CheckpointKey::Early(Place { partition, offset }) if *partition == own => format!("{EARLY}{offset}"),
        CheckpointKey::Early(Place { partition, offset }) => format!("{EARLY}{partition}@{offset}"),
        CheckpointKey::Question(offset) => format!("{QUESTION}{offset}"),
    })
}

/// Reads the checkpoints of those partitions. Blocks, until `go_on` says no.
pub(super) fn read_back(
    reader: &ReadBack,
    topic: &str,
    partitions: impl Iterator<Item = i32>,
    go_on: impl Fn() -> bool,
) -> KafkaResult<HashMap<i32, Vec<Checkpoint>>> {
    let from: Vec<_> = partitions.map(|partition| (partition, Offset::Beginning)).collect();
    // The latest of each key counts: what compaction has not removed yet need not be understood.
    let mut latest: HashMap<i32, HashMap<Vec<u8>, Vec<u8>>> = HashMap::new();
    reader.read(topic, &from, go_on, |message| {
        let of_partition = latest.entry(message.partition()).or_default();
        match (message.key(), message.payload()) {
            (Some(key), Some(value)) => drop(of_partition.insert(key.to_vec(), value.to_vec())),
            (Some(key), None) => drop(of_partition.remove(key)),
            (None, _) => tracing::warn!(topic, offset = message.offset(), "a checkpoint without a key"),
        }
    })?;
    let checkpoints = latest.into_iter().map(|(partition, records)| {
        let read = records.iter().filter_map(|(key, value)| {
            let read = checkpoint(key, value);
            if let Err(error) = &read {
                let key = String::from_utf8_lossy(key);
                tracing::error!(%error, topic, partition, %key, "a checkpoint cannot be read: its test has no report");
            }
            read.ok()
        });
        (partition, read.collect())
    });
    Ok(checkpoints.collect())
}

fn checkpoint(key: &[u8], value: &[u8]) -> serde_json::Result<Checkpoint> {
    fn read<T: DeserializeOwned>(value: &[u8]) -> serde_json::Result<Box<T>> {
        serde_json::from_slice(value).map(Box::new)
    }
    if key.starts_with(EARLY.as_bytes()) {
        read(value).map(Checkpoint::Early)
    } else if key.starts_with(QUESTION.as_bytes()) {
        read(value).map(Checkpoint::Question)
    } else {
        read(value).map(Checkpoint::Execution)
    }
}
