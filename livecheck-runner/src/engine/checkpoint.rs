//! What a successor goes on from without reading the log again from its trigger: what has been in flight for a
//! while.

use std::sync::Arc;

use livecheck_core::wire::TestExecution;
use livecheck_core::{CaseName, ExecutionKey, Origin, PartitionKey, TestId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::message::{Place, Question};

/// Something in flight, as it was when it was saved.
#[derive(Clone, Debug)]
pub enum Checkpoint {
    /// An execution, with all the signals that it has received.
    Execution(Box<SavedExecution>),
    /// A signal whose test has not come yet.
    Early(Box<SavedEarlySignal>),
    /// A question of another shard that could not be answered yet.
    Question(Box<SavedQuestion>),
}

/// An execution, with all the signals that it has received.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SavedExecution {
    /// The trigger.
    pub test: TestExecution,
    /// The offset of the trigger.
    pub offset: i64,
    /// Where its clock starts, in log time.
    pub start: Timestamp,
    /// When it expires, in log time.
    pub expires: Timestamp,
    /// What decided its partition, where that was not its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_key: Option<PartitionKey>,
    /// Who sent the trigger, where that says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Arc<Origin>>,
    /// The signals, whether the case has waited for them or not.
    pub signals: Vec<SavedSignal>,
}

/// A signal whose test has not come yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SavedEarlySignal {
    /// The case.
    pub case: CaseName,
    /// The test.
    pub id: TestId,
    /// When that was triggered, where the signal's headers say.
    pub triggered: Option<Timestamp>,
    /// Until when the test may come, in log time.
    pub until: Timestamp,
    /// The signal.
    pub signal: SavedSignal,
}

/// A signal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SavedSignal {
    /// Its name.
    pub name: String,
    /// The partition of the bus that it stands in, where that is not the execution's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<i32>,
    /// Where in it.
    pub offset: i64,
    /// The key that it was sent with, where that is not the id of the test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<TestId>,
    /// Its log time.
    pub time: Timestamp,
    /// Its payload.
    pub value: Option<Arc<RawValue>>,
    /// Who sent it, where it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Arc<Origin>>,
}

impl SavedSignal {
    /// Where it stands, for a shard of that partition.
    pub(super) fn place(&self, own_partition: i32) -> Place {
        Place { partition: self.partition.unwrap_or(own_partition), offset: self.offset }
    }
}

/// A question of another shard that could not be answered yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SavedQuestion {
    /// The question.
    pub question: Question,
    /// Where among the messages it stands.
    pub offset: i64,
}

/// What a checkpoint is of. There is one of each at most, and the latest counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckpointKey {
    /// That execution.
    Execution(ExecutionKey),
    /// The early signal of that place.
    Early(Place),
    /// The question at that offset among the messages.
    Question(i64),
}

impl Checkpoint {
    /// What it is of, among those of that partition.
    #[must_use]
    pub fn key(&self, partition: i32) -> CheckpointKey {
        match self {
            Self::Execution(saved) => CheckpointKey::Execution(saved.test.key()),
            Self::Early(saved) => CheckpointKey::Early(saved.signal.place(partition)),
            Self::Question(saved) => CheckpointKey::Question(saved.offset),
        }
    }
}

/// What is to be written of a checkpoint, or of its end.
#[derive(Clone, Debug)]
pub enum CheckpointChange {
    /// This holds from now on.
    Saved(Checkpoint),
    /// What it was of has ended.
    Removed(CheckpointKey),
}
