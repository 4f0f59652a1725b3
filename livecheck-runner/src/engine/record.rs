//! What is read from the topics.

use std::sync::Arc;

use livecheck_core::wire::{SignalEvent, TestExecution};
use livecheck_core::{Context, Origin, PartitionKey, Timestamp};

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

/// A record on the bus: the event, and the test that its headers name.
#[derive(Clone, Debug)]
pub struct SignalRecord {
    /// The event.
    pub event: SignalEvent,
    /// The execution that the sender was in, by the headers.
    pub context: Option<Context>,
    /// Who sent it, where it says.
    pub origin: Option<Arc<Origin>>,
}

impl SignalRecord {
    /// When the execution that this is for was triggered, if the headers are about that execution.
    ///
    /// A request that triggered two cases carries the headers of one: a signal for the other then names the
    /// other's id only by its key.
    pub(super) fn triggered_at(&self) -> Option<Timestamp> {
        self.context
            .as_ref()
            .filter(|context| *context.case_name() == self.event.case_name && *context.id() == self.event.key)
            .map(Context::timestamp)
    }
}
