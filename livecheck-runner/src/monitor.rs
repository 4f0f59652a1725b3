//! The monitor: what all executions together say of each case, and who tells.
//!
//! | module | subject |
//! |---|---|
//! | [`case_state`] | the heart: the state of one case, from its reports and the time |
//! | [`statistics`], [`history`] | what the executions of a case have in common |
//! | `board` | all cases, and how far the reports on them were read |
//! | `record` | what is kept of that on the monitor's topic |
//! | `merge` | what is read from several partitions, in the order of the log |
//! | [`slots`] | the heart of what is done by the clock: which slot is fired, missed, left out |
//! | `plan`, `scheduler` | what is done by the clock, and how far each of it is |
//! | `firing` | what a leader does itself at a slot |
//! | `alerting` | who is told of it |
//! | `kept` | the same put together again |
//! | `roster` | the runners at work, and what they have in flight |
//! | `membership` | who leads |
//! | `own_topic`, `reports`, `writer` | the edge: what a leader reads and writes |
//! | `silencing` | a silence, written for whoever leads |
//! | `presence` | what each runner says of itself |
//! | `term` | one term of leading |
//! | `leader` | the thread |
//!
//! ```text
//!  report topic ──▶ Reports ──▶ Board ──▶ Writer ──▶ report topic    reports on whole cases
//!                 by log time     ▲            │                     in one transaction with
//!                                 │            └────▶ monitor topic   states and positions
//!                   what is kept ─┘                        │
//!                                 └────────────────────────┘
//! ```
//!
//! All runners of a group are members of a second group, whose topic has one partition: who owns that leads. A leader
//! first takes the producer of its predecessors from them, which undoes what they have not committed; then it reads
//! what they have kept. Each of its transactions carries the membership by which it leads, so one that has lost
//! the lead without knowing writes nothing. Where anything fails the term is over, and the next one begins from
//! the topics: a report on a case is written with the state that follows from it, so none is lost or repeated.

mod alerting;
mod board;
pub mod case_state;
mod firing;
pub mod history;
mod kept;
mod leader;
mod membership;
mod merge;
mod own_topic;
mod plan;
mod presence;
mod record;
mod reports;
mod roster;
mod scheduler;
mod silencing;
pub mod slots;
pub mod statistics;
mod term;
mod writer;

pub use alerting::{AlertEvent, AlertResult};
pub(crate) use alerting::{AlertGauges, AlertingOptions};
pub use board::CaseChange;
pub(crate) use firing::{Failure, send as send_fake_request};
pub(crate) use kept::Kept;
pub(crate) use leader::{Monitor, MonitorEvent, MonitorOptions};
pub(crate) use own_topic::OwnTopic;
pub(crate) use plan::{Plan, Rhythm, Rhythms, What, has_fake_requests_for};
pub(crate) use presence::machine;
#[cfg(test)]
pub(crate) use record::Position;
pub(crate) use record::{RunnerRecord, Serves};
pub(crate) use reports::{Missed, Reports};
pub(crate) use silencing::write_silence;
