//! Checkpoints on their topic: what they look like there, and how they are read back.
//!
//! The topic is compacted, belongs to one group, and has as many partitions as the test topic. The key of a
//! record is `execution:` and the case, the id and the trigger's time as a JSON array; `early:` and an offset of
//! the bus, as in `early:17`, or, where that is of another partition, `early:2@17`; or `question:` and an offset of the
//! topic of keys. The value is JSON, or null once what it was of has ended.

use std::collections::HashMap;
use std::num::NonZero;
use std::sync::mpsc;
use std::thread;

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

/// How many records are handed on at once to be decoded.
const BATCH: usize = 1_000;
/// How many batches may wait for a thread that decodes.
const WAITING: usize = 4;

/// A record as it was read: of that partition, its key and its value.
type Record = (i32, Vec<u8>, Option<Vec<u8>>);

/// Reads the checkpoints of those partitions. Blocks, until `go_on` says no.
///
/// There may be millions: they are decoded by as many threads as there are processors, while this one reads on.
pub(super) fn read_back(
    reader: &ReadBack,
    topic: &str,
    partitions: impl Iterator<Item = i32>,
    go_on: impl Fn() -> bool,
) -> KafkaResult<HashMap<i32, Vec<Checkpoint>>> {
    let from: Vec<_> = partitions.map(|partition| (partition, Offset::Beginning)).collect();
    let threads = thread::available_parallelism().map_or(1, NonZero::get).clamp(1, from.len().max(1));
    thread::scope(|scope| {
        let decode = |_| {
            let (batches, inbox) = mpsc::sync_channel(WAITING);
            (scope.spawn(move || Latest::of(inbox).into_checkpoints(topic)), Batches::to(batches))
        };
        let (decoding, mut batches): (Vec<_>, Vec<_>) = (0..threads).map(decode).unzip();
        let read = reader.read(topic, &from, go_on, |message| match message.key() {
            Some(key) => {
                let value = message.payload().map(<[u8]>::to_vec);
                let thread = message.partition().unsigned_abs() as usize % threads;
                batches[thread].push((message.partition(), key.to_vec(), value));
            }
            None => tracing::warn!(topic, offset = message.offset(), "a checkpoint without a key"),
        });
        drop(batches);
        let decoded: HashMap<_, _> = decoding
            .into_iter()
            .flat_map(|decoding| decoding.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect();
        read.map(|()| decoded)
    })
}

/// Records on their way to a thread that decodes them.
struct Batches {
    batch: Vec<Record>,
    decoder: mpsc::SyncSender<Vec<Record>>,
}

impl Batches {
    fn to(decoder: mpsc::SyncSender<Vec<Record>>) -> Self {
        Self { batch: Vec::with_capacity(BATCH), decoder }
    }

    fn push(&mut self, record: Record) {
        self.batch.push(record);
        if self.batch.len() == BATCH {
            self.flush();
        }
    }

    fn flush(&mut self) {
        // A thread that is gone has panicked: whoever joins it says so.
        let _ = self.decoder.send(std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH)));
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        self.flush();
    }
}

/// The latest of each key, by partition. What cannot be read counts only once it is known to be the latest: what
/// compaction has not removed yet need not be understood.
#[derive(Default)]
struct Latest(HashMap<i32, HashMap<Vec<u8>, serde_json::Result<Checkpoint>>>);

impl Latest {
    fn of(records: impl IntoIterator<Item = Vec<Record>>) -> Self {
        let mut latest = Self::default();
        for (partition, key, value) in records.into_iter().flatten() {
            let of_partition = latest.0.entry(partition).or_default();
            match value {
                Some(value) => {
                    let read = checkpoint(&key, &value);
                    of_partition.insert(key, read);
                }
                None => drop(of_partition.remove(&key)),
            }
        }
        latest
    }

    fn into_checkpoints(self, topic: &str) -> HashMap<i32, Vec<Checkpoint>> {
        let checkpoints = |(partition, latest): (i32, HashMap<Vec<u8>, serde_json::Result<Checkpoint>>)| {
            let read = latest.into_iter().filter_map(|(key, read)| {
                if let Err(error) = &read {
                    let key = String::from_utf8_lossy(&key);
                    tracing::error!(%error, topic, partition, %key, "a checkpoint cannot be read: its test has no report");
                }
                read.ok()
            });
            (partition, read.collect())
        };
        self.0.into_iter().map(checkpoints).collect()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn early(offset: i64, id: &str) -> Record {
        let signal =
            format!(r#"{{"name":"paid","offset":{offset},"time":"2026-11-21T12:00:00Z","value":null}}"#);
        let until = "2026-11-21T15:00:00Z";
        let value =
            format!(r#"{{"case":"c","id":"{id}","triggered":null,"until":"{until}","signal":{signal}}}"#);
        (3, format!("{EARLY}{offset}").into_bytes(), Some(value.into_bytes()))
    }

    fn ids(records: Vec<Record>) -> Vec<String> {
        let mut latest = Latest::of([records]).into_checkpoints("checkpoints");
        let of_partition = latest.remove(&3).unwrap_or_default();
        let id = |checkpoint| match checkpoint {
            Checkpoint::Early(saved) => saved.id.to_string(),
            other => panic!("{other:?} is another"),
        };
        let mut ids: Vec<_> = of_partition.into_iter().map(id).collect();
        ids.sort();
        ids
    }

    #[test]
    fn of_each_key_the_latest_counts_and_what_has_ended_does_not() {
        let (_, ended, _) = early(2, "b");
        let records = vec![early(1, "a"), early(2, "b"), early(1, "c"), (3, ended, None), early(4, "d")];
        assert_eq!(ids(records), ["c", "d"]);
    }

    #[test]
    fn what_cannot_be_read_harms_nothing_once_it_is_replaced() {
        let (partition, key, _) = early(1, "a");
        let broken = (partition, key, Some(b"{".to_vec()));
        assert_eq!(ids(vec![broken.clone(), early(1, "b")]), ["b"]);
        assert_eq!(ids(vec![early(1, "b"), early(2, "c"), broken]), ["c"]);
    }
}
