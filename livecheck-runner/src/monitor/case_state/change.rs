//! What there is to report on a case as a whole.

use std::fmt;
use std::time::Duration;

use livecheck_core::wire::State;
use livecheck_core::{TestId, Timestamp};
use serde::{Deserialize, Serialize};

/// What there is to report on a case as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// When, in log time.
    pub at: Timestamp,
}

/// How a case as a whole has changed.
#[derive(Clone, Debug, PartialEq)]
pub enum ChangeKind {
    /// It has failed: so many executions in a row did not pass.
    Failing {
        /// How many.
        consecutive_failures: u64,
        /// The latest of them.
        latest: Box<LastFailure>,
    },
    /// A fake request could not be sent: what it asks is down.
    ServiceDown {
        /// The request, and what went wrong.
        latest: Box<LastFailure>,
    },
    /// No execution was seen for so long.
    Stalled {
        /// How long that is: the case's `warn_stalled_after`.
        nothing_for: Duration,
        /// When the last was seen; none where none ever was.
        last_seen: Option<Timestamp>,
    },
    /// Executions pass again.
    Recovered {
        /// What is over.
        from: State,
        /// For how long it was so.
        after: Duration,
    },
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failing { consecutive_failures: 1, .. } => f.write_str("an execution did not pass"),
            Self::Failing { consecutive_failures, .. } => {
                write!(f, "{consecutive_failures} executions in a row did not pass")
            }
            Self::ServiceDown { .. } => f.write_str("a fake request could not be sent"),
            Self::Stalled { nothing_for, last_seen } => {
                let before = if last_seen.is_none() { ", nor any before" } else { "" };
                write!(f, "no execution was seen for {}{before}", humantime::format_duration(*nothing_for))
            }
            Self::Recovered { from: State::Stall, .. } => f.write_str("executions are seen again"),
            Self::Recovered { .. } => f.write_str("executions pass again"),
        }
    }
}

/// An execution that did not pass.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LastFailure {
    /// When it was reported.
    pub at: Timestamp,
    /// FAIL, ERROR or TIMEOUT.
    pub state: State,
    /// The test, if the report names one.
    pub id: Option<TestId>,
    /// What went wrong, cut short.
    pub error: Option<String>,
}
