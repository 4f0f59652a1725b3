//! What a successor needs in order to go on.

use std::collections::HashSet;

use livecheck_core::{ExecutionKey, Timestamp};

use super::checkpoint::Checkpoint;

/// From where a successor has to read, so that nothing in flight is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitPoint {
    /// The oldest trigger in flight, or the next to read.
    pub test_offset: i64,
    /// The first record of the bus that something in flight may have received, or the next to read.
    pub bus_offset: i64,
    /// Where on the report topic the first report may be of a test that a successor reads again.
    pub report_offset: i64,
    /// The first message of another shard that has not been answered, or the next to read.
    pub message_offset: i64,
    /// What is known of signals that lie in another partition than that of their key.
    pub strays: StrayPoint,
}

impl CommitPoint {
    /// The beginning of everything.
    pub const START: Self =
        Self { test_offset: 0, bus_offset: 0, report_offset: 0, message_offset: 0, strays: StrayPoint::NONE };
}

/// What is known of strays: signals that lie in another partition than that of their key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StrayPoint {
    /// Those before that offset of the bus have been handed on.
    pub handed_on_to: i64,
    /// Until when, in log time, there may be more, in whichever partition.
    pub expected_until: Timestamp,
}

impl StrayPoint {
    /// None was ever seen.
    pub const NONE: Self = Self { handed_on_to: 0, expected_until: Timestamp::MIN };
}

/// All that a predecessor has left of a partition.
#[derive(Clone, Debug)]
pub struct Handover {
    /// From where to read.
    pub from: CommitPoint,
    /// What it has reported of the tests that are read again.
    pub reported: Reported,
    /// The executions that have ended lately, the oldest first.
    pub recent: Vec<ExecutionKey>,
    /// What it has saved.
    pub checkpoints: Vec<Checkpoint>,
}

/// What a predecessor has reported of the tests that are read again.
#[derive(Clone, Debug, Default)]
pub struct Reported {
    /// The executions, by the report topic.
    pub executions: HashSet<ExecutionKey>,
    /// Where the test partition ended when the report topic was read: no test beyond can be among them.
    pub tests_end: i64,
}
