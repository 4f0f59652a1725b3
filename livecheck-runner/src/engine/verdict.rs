//! How an execution ended, and what that says.

use livecheck_core::wire::State;
use livecheck_core::{Error, Skip, Timeout, WaitError};

use crate::backtrace::{of_the_case, place_of};

/// How a case ended.
#[derive(Debug)]
pub enum Ending {
    /// It returned without an error.
    Passed,
    /// It returned an error.
    Returned(Error),
    /// It panicked, as a failed `assert!` does.
    Panicked(PanicReport),
}

impl Ending {
    /// Whether the execution says that it was none.
    #[must_use]
    pub fn is_skip(&self) -> bool {
        matches!(self, Self::Returned(error) if error.chain().any(<dyn std::error::Error>::is::<Skip>))
    }

    /// Whether a signal for which it waited did not come.
    pub(super) fn is_timeout(&self) -> bool {
        match self {
            Self::Returned(error) => error.chain().any(is_timeout),
            Self::Passed | Self::Panicked(_) => false,
        }
    }
}

fn is_timeout(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.is::<Timeout>()
        || cause.downcast_ref::<WaitError>().is_some_and(|error| matches!(error, WaitError::Timeout(_)))
}

/// What is known of a panic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PanicReport {
    /// What it said.
    pub message: String,
    /// Where it was: `file:line:column`.
    pub location: Option<String>,
    /// How it got there.
    pub backtrace: Option<String>,
}

/// The state of a report, and the texts that go with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) state: State,
    pub(super) error: Option<String>,
    pub(super) traceback: Option<String>,
}

impl Verdict {
    pub(super) fn skip(reason: String) -> Self {
        Self { state: State::Skip, error: Some(reason), traceback: None }
    }

    pub(super) fn timeout(reason: String) -> Self {
        Self { state: State::Timeout, error: Some(reason), traceback: None }
    }
}

impl From<Ending> for Verdict {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Passed => Self { state: State::Pass, error: None, traceback: None },
            Ending::Returned(error) => from_error(&error),
            Ending::Panicked(PanicReport { message, location, backtrace }) => {
                let traceback = match (location, backtrace) {
                    (Some(location), Some(backtrace)) => Some(format!("at {location}\n{backtrace}")),
                    (Some(location), None) => Some(format!("at {location}")),
                    (None, backtrace) => backtrace,
                };
                Self { state: State::Fail, error: Some(message), traceback }
            }
        }
    }
}

fn from_error(error: &Error) -> Verdict {
    for cause in error.chain() {
        if let Some(skip) = cause.downcast_ref::<Skip>() {
            return Verdict::skip(skip.reason().to_owned());
        }
        if is_timeout(cause) {
            // Which signal did not come says it all.
            return Verdict::timeout(with_causes(error));
        }
    }
    Verdict { state: State::Error, error: Some(with_causes(error)), traceback: backtrace_of(error) }
}

/// The error and what caused it, on one line: `cannot read the order: connection refused`.
fn with_causes(error: &Error) -> String {
    format!("{error:#}")
}

/// Where the error was made, if backtraces are on (`RUST_BACKTRACE`).
fn backtrace_of(error: &Error) -> Option<String> {
    use std::backtrace::BacktraceStatus;

    let backtrace = error.backtrace();
    if backtrace.status() != BacktraceStatus::Captured {
        return None;
    }
    let frames = of_the_case(&backtrace.to_string());
    match place_of(&frames) {
        Some(place) => Some(format!("at {place}\n{frames}")),
        None => Some(frames).filter(|frames| !frames.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use livecheck_core::anyhow::Context as _;

    use super::*;

    fn timeout() -> WaitError {
        WaitError::Timeout(Timeout::Signal { signal: "cached", timeout: Duration::from_secs(5) })
    }

    fn verdict(error: impl Into<Error>) -> Verdict {
        Ending::Returned(error.into()).into()
    }

    #[test]
    fn a_timeout_is_one_also_under_the_users_own_context() {
        assert_eq!(verdict(timeout()).state, State::Timeout);
        let wrapped = Err::<(), _>(timeout()).context("after the order was stored");
        let verdict = verdict(wrapped.expect_err("it is an error"));
        assert_eq!(verdict.state, State::Timeout);
        assert_eq!(
            verdict.error.as_deref(),
            Some("after the order was stored: signal `cached` did not come within 5s")
        );
    }

    #[test]
    fn a_timeout_within_an_error_of_the_users_own_type_is_one() {
        #[derive(Debug, thiserror::Error)]
        #[error("the order never settled")]
        struct NeverSettled(#[source] WaitError);

        assert_eq!(verdict(NeverSettled(timeout())).state, State::Timeout);
    }

    #[test]
    fn a_skip_keeps_its_reason_and_any_other_error_is_an_error() {
        let skipped = livecheck_core::skip::<()>("a test order").expect_err("a skip is an error");
        assert_eq!(verdict(skipped), Verdict::skip("a test order".into()));
        assert_eq!(verdict(std::io::Error::other("refused")).state, State::Error);
    }

    #[test]
    fn a_panic_is_a_failure_with_its_place() {
        let report = PanicReport {
            message: "assertion failed".into(),
            location: Some("src/cases.rs:7:5".into()),
            backtrace: None,
        };
        let verdict = Verdict::from(Ending::Panicked(report));
        assert_eq!(verdict.state, State::Fail);
        assert_eq!(verdict.traceback.as_deref(), Some("at src/cases.rs:7:5"));
    }
}
