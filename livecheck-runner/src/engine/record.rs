//! What is read from the topics.

use std::sync::Arc;

use livecheck_core::context::Carried;
use livecheck_core::wire::{SignalEvent, TestExecution};
use livecheck_core::{Origin, PartitionKey, Timestamp};

/// A record as it was read from a partition.
#[derive(Clone, Debug)]
pub struct Logged<T> {
    /// Its offset in the partition.
    pub offset: i64,
    /// Its timestamp: the log's own clock, or, where a topic does not keep one, the producer's.
    pub time: Timestamp,
    /// What it says.
    pub value: T,
}

/// A record on the test topic: the test, and what decided its partition.
#[derive(Clone, Debug)]
pub struct TestRecord {
    /// The test.
    pub test: TestExecution,
    /// The record's key, where that is not the id of the test.
    pub partition_key: Option<PartitionKey>,
    /// Who sent it, where it says.
    pub origin: Option<Arc<Origin>>,
}

/// A record on the bus: the event, and what its headers say of the test.
#[derive(Clone, Debug)]
pub struct SignalRecord {
    /// The event.
    pub event: SignalEvent,
    /// The test that the sender was in.
    pub sent_in: SentIn,
    /// Who sent it, where it says.
    pub origin: Option<Arc<Origin>>,
}

/// What the headers of a signal say of the test that its sender was in.
#[derive(Clone, Debug, Default)]
pub struct SentIn {
    /// Its times, if it is the test that the signal is for.
    ///
    /// A request that triggered two cases carries the headers of one: a signal for the other then names the
    /// other's id only by its key.
    pub times: Option<Times>,
    /// What decides its partition, where that is not its id.
    pub partition_key: Option<PartitionKey>,
}

/// From when to when a test lives, by the clock of the process that triggered it.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// When it was triggered.
    pub triggered: Timestamp,
    /// When it expires.
    pub expires: Timestamp,
}

impl SentIn {
    /// The test that the headers carry, beside that event.
    #[must_use]
    pub fn of(carried: Carried<'_>, event: &SignalEvent) -> Self {
        let Carried { case, id, timestamp: triggered, expires, partition_key } = carried;
        let is_the_one = event.case_name == *case && event.key == *id;
        let times = is_the_one.then_some(Times { triggered, expires });
        Self { times, partition_key: partition_key.map(PartitionKey::from) }
    }
}
