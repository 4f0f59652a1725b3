//! What ends a run beside the user.

use std::time::Duration;

use crate::args::RunArgs;
use crate::engine::CaseTally;
use crate::reporter::StopReason;

/// What ends a run beside the user.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) run_for: Option<Duration>,
    max_executions: Option<u64>,
    fail_fast: bool,
    once: bool,
}

impl Bounds {
    pub(super) fn of(args: &RunArgs) -> Self {
        Self {
            run_for: args.run_for,
            max_executions: args.max_executions.map(std::num::NonZero::get),
            fail_fast: args.fail_fast,
            once: args.once,
        }
    }

    /// Whether the run is a check, which ends, and not a watch, which goes on until it is told to stop.
    pub(super) fn is_check(&self) -> bool {
        self.run_for.is_some() || self.max_executions.is_some() || self.fail_fast || self.once
    }

    /// Whether what was executed is enough.
    pub(super) fn reached(&self, executed: &CaseTally) -> Option<StopReason> {
        if self.fail_fast && executed.failures() > 0 {
            Some(StopReason::FirstFailure)
        } else if self.max_executions.is_some_and(|most| executed.ended() >= most) {
            Some(StopReason::EnoughExecutions)
        } else {
            None
        }
    }
}
