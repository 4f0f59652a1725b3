//! The engine: one [`Shard`] per assigned partition, a plain state machine with no Kafka and no clock in it.
//!
//! ```text
//!  tests ────┐                    ┌──▶ Start     execute this case
//!  signals ──┤                    ├──▶ Resolve   a wait has its event, or its timeout
//!  bus time ─┼──▶  Shard  ────────┼──▶ Abort     stop executing: the test expired
//!  waits ────┤                    ├──▶ Report    the verdict, for the report topic
//!  outcomes ─┤                    ├──▶ Send      a message for another shard
//!  messages ─┘                    └──▶ Notice    what an operator should know
//! ```
//!
//! Two clocks run in it, and neither is read here. *Log time* is the timestamp of the records: a test starts
//! at the log time of its trigger, a wait ends at a log time, and whether a signal came in time is a
//! comparison of two log times, so a runner that is late, or runs again after a crash, reaches the same
//! verdict. *Local time* only bounds how long a case may execute outside of its waits.

mod checkpoint;
mod commit_point;
mod early;
mod effect;
mod execution;
mod holds;
mod in_flight;
mod limits;
mod log_clock;
mod message;
mod notice;
mod others;
mod placement;
mod questions;
mod recent;
mod record;
mod schedule;
mod selection;
mod senders;
mod shard;
mod strays;
mod tally;
#[cfg(test)]
mod tests;
mod topic_progress;
mod verdict;

pub use checkpoint::{
    Checkpoint, CheckpointChange, CheckpointKey, SavedEarlySignal, SavedExecution, SavedQuestion, SavedSignal,
};
pub use commit_point::{CommitPoint, Handover, Reported, StrayPoint};
pub use effect::Effect;
pub use execution::Handle;
pub use limits::{Limits, Pressure};
pub use message::{Answer, Asker, Message, Place, Question, ReadTo};
pub use notice::Notice;
pub use placement::Placement;
pub use record::{Logged, SentIn, SignalRecord, TestRecord, Times};
pub use schedule::Skew;
pub use selection::{Selection, UnknownCases};
pub use shard::Shard;
pub use tally::{CaseTally, Tally};
pub use verdict::{Ending, PanicReport};
