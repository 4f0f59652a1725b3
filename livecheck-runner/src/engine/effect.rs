//! What a shard asks for.

use livecheck_core::signal::ReceivedSignal;
use livecheck_core::wire::{Arguments, TestReport};
use livecheck_core::{Case, Context, Timeout, Timestamp};

use super::execution::Handle;
use super::message::Message;
use super::notice::Notice;

/// What a shard asks of whoever drives it. `R` is how a wait is answered.
#[derive(Debug)]
pub enum Effect<R> {
    /// Execute the case, and say how it [ended](super::Shard::ended).
    Start {
        /// The execution.
        execution: Handle,
        /// The case.
        case: &'static Case,
        /// The test's context.
        context: Context,
        /// The arguments.
        arguments: Arguments,
        /// Where the clock of the execution starts, in log time.
        start: Timestamp,
    },
    /// A wait is over.
    Resolve {
        /// As given to [`Shard::wait`](super::Shard::wait).
        reply: R,
        /// The event, or why there is none.
        result: Result<ReceivedSignal, Timeout>,
    },
    /// Stop executing: the execution has been reported.
    Abort {
        /// The execution.
        execution: Handle,
    },
    /// A verdict: produce it, in the transaction that commits the [commit point](super::Shard::commit_point).
    Report {
        /// The execution that it is on; none where the case was not executed.
        execution: Option<Handle>,
        /// The report.
        report: Box<TestReport>,
    },
    /// Tell another shard, in the same transaction.
    Send {
        /// Its partition.
        to: i32,
        /// What to tell.
        message: Box<Message>,
    },
    /// Tell the operator.
    Notice(Notice),
}
