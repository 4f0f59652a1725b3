//! How an execution ended, and what that says.

use std::time::Duration;

use livecheck_core::wire::{Attempt, State};
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
    /// It failed, and was tried again.
    TriedAgain {
        /// Each attempt, the last one included, and how long it took. There is at least one.
        attempts: Vec<(Self, Duration)>,
    },
}

impl Ending {
    /// Whether it says that something is wrong with the system or with the case.
    pub(crate) fn is_failure(&self) -> bool {
        match self {
            Self::Passed => false,
            Self::Returned(error) => from_error(error).state.is_failure(),
            Self::Panicked(_) => true,
            Self::TriedAgain { attempts } => attempts.last().is_some_and(|(last, _)| last.is_failure()),
        }
    }

    /// Whether the execution says that it was none.
    #[must_use]
    pub fn is_skip(&self) -> bool {
        matches!(self, Self::Returned(error) if error.chain().any(<dyn std::error::Error>::is::<Skip>))
    }

    /// Whether a signal for which it waited did not come.
    pub(super) fn is_timeout(&self) -> bool {
        match self {
            Self::Returned(error) => error.chain().any(is_timeout),
            // What is tried again waits for no signals.
            Self::Passed | Self::Panicked(_) | Self::TriedAgain { .. } => false,
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
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Verdict {
    pub(super) state: State,
    pub(super) error: Option<String>,
    pub(super) traceback: Option<String>,
    /// Each attempt, where there were several.
    pub(super) attempts: Vec<Attempt>,
}

impl Verdict {
    fn new(state: State, error: Option<String>, traceback: Option<String>) -> Self {
        Self { state, error, traceback, attempts: Vec::new() }
    }

    pub(super) fn skip(reason: String) -> Self {
        Self::new(State::Skip, Some(reason), None)
    }

    pub(super) fn timeout(reason: String) -> Self {
        Self::new(State::Timeout, Some(reason), None)
    }

    /// The last attempt decides.
    fn of_attempts(attempts: Vec<(Ending, Duration)>) -> Self {
        let attempt = |(ending, took): (Ending, Duration)| {
            let Self { state, error, traceback, .. } = ending.into();
            Attempt { state, runtime: took.as_secs_f64(), error, traceback }
        };
        let attempts: Vec<Attempt> = attempts.into_iter().map(attempt).collect();
        let last = attempts.last().cloned();
        let (state, error, traceback) = last
            .map_or((State::Pass, None, None), |Attempt { state, error, traceback, .. }| {
                (state, error, traceback)
            });
        Self { state, error, traceback, attempts }
    }
}

impl From<Ending> for Verdict {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Passed => Self::new(State::Pass, None, None),
            Ending::Returned(error) => from_error(&error),
            Ending::Panicked(PanicReport { message, location, backtrace }) => {
                let traceback = match (location, backtrace) {
                    (Some(location), Some(backtrace)) => Some(format!("at {location}\n{backtrace}")),
                    (Some(location), None) => Some(format!("at {location}")),
                    (None, backtrace) => backtrace,
                };
                Self::new(State::Fail, Some(message), traceback)
            }
            Ending::TriedAgain { attempts } => Self::of_attempts(attempts),
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
    Verdict::new(State::Error, Some(with_causes(error)), backtrace_of(error))
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
        WaitError::Timeout(Timeout::Signal { signal: "cached", key: None, timeout: Duration::from_secs(5) })
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
    fn the_last_attempt_decides_and_each_is_known() {
        let silent = || Ending::Returned(std::io::Error::other("silent").into());
        let second = Duration::from_secs(1);
        let flaky = Ending::TriedAgain { attempts: vec![(silent(), second), (Ending::Passed, second)] };
        assert!(!flaky.is_failure());
        let flaky = Verdict::from(flaky);
        assert_eq!((flaky.state, flaky.error), (State::Pass, None));
        let states: Vec<_> = flaky.attempts.iter().map(|attempt| attempt.state).collect();
        assert_eq!(states, [State::Error, State::Pass]);
        let failed = Ending::TriedAgain { attempts: vec![(silent(), second), (silent(), second)] };
        assert!(failed.is_failure());
        assert_eq!(Verdict::from(failed).error.as_deref(), Some("silent"));
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
