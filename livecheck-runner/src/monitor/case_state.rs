//! The state of a case as a whole: what its executions, taken together, say of the system.
//!
//! ```text
//!                        PASS                      FAIL, ERROR or TIMEOUT
//!          ┌───────────────────────────▶ PASS ────────────────────────────────┐
//!          │                             ▲  │                                 ▼
//!        INIT ── SKIP ──▶ SKIP ── PASS ──┘  └─ SKIP ─▶ SKIP           FAIL │ ERROR │ TIMEOUT
//!          │                                                          as the latest of them
//!          └─────────────── FAIL, ERROR or TIMEOUT ───────────────────▶       │
//!                                                                             │ PASS
//!                                                        PASS ◀───────────────┘ unless it is failing
//!
//!        any ── max_consecutive_failures in a row ─────────▶ failing   reported as FAIL
//!        any ── nothing seen for warn_stalled_after ───────▶ STALL     reported as STALL
//!        any ── a fake request cannot be sent ──────────────▶ failing   reported as FAIL
//!    failing ── a pass, and no failure for state_transition_delay ──▶ PASS   reported as PASS
//!      STALL ── a pass or a skip ──────────────────────────▶ PASS, SKIP      reported as PASS
//! ```
//!
//! A failure is an execution that ended as FAIL, ERROR or TIMEOUT. The rules are those of faust-streaming 0.15.3
//! (`faust/livecheck/case.py`), as they are meant:
//!
//! | rule | in Faust | here |
//! |---|---|---|
//! | A failure sets the state at once, and is counted. | `_set_test_error_state` | the same |
//! | So many failures in a row, and the case as a whole has failed. | `max_consecutive_failures`: `SuiteFailed` | the same |
//! | While it fails it is reported once, and again only after a pause. | `on_suite_fail`: `is_ok()` or `_failed_longer_than` | once, until it has recovered |
//! | It has recovered with a pass, and when it has not failed for the delay. | `_maybe_recover_from_failed_state`, `state_transition_delay` | the same; a pass within the delay counts once the delay is over |
//! | The pass is of a test that was triggered after the failure. | `on_test_pass`: wall clock against monotonic, so always true | by log time |
//! | A pass ends the row of failures, and is counted. | only where it changes the state | always |
//! | A service that is down fails the case as a whole. | `url_request`: `ServiceDown` | a fake request that fails does |
//! | Nothing seen for a time: stalled. A skipped test is seen, too. | `_check_frequency`, `warn_stalled_after`, looked at once in that time | at that moment |
//! | Tests that are seen end a stall. | `_check_frequency`; also where all of them fail, and failing cases are set to pass so, too | a pass or a skip does; a failure shows as such |
//! | The state is that of one process. | yes | kept, and derived from all reports |
//!
//! There is no clock here. Reports come with their log time, and what depends on time that passes without a report
//! happens at [`due`](CaseState::due), whenever it is looked at: looking more often changes nothing.

mod change;
mod rules;
#[cfg(test)]
mod tests;

use std::time::Duration;

use livecheck_core::wire::{State, TestReport};
use livecheck_core::{TestId, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::change::{Change, ChangeKind, LastFailure};
pub use self::rules::Rules;
use super::statistics::Statistics;

/// How much of a failure's text is kept, in characters.
const ERROR_KEPT: usize = 300;

/// What is wrong with a case as a whole, and has been reported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Trouble {
    /// It fails, since then.
    Failing {
        since: Timestamp,
        /// Whether it began with a fake request that could not be sent.
        #[serde(default)]
        service_down: bool,
        /// Whether a test that was triggered after the last failure has passed.
        passes: bool,
    },
    /// Nothing was seen, since then.
    Stalled { since: Timestamp },
}

/// The state of a case, and the statistics of its executions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseState {
    state: State,
    /// Since when the state is what it is.
    since: Timestamp,
    trouble: Option<Trouble>,
    /// Since when it is watched, moved on by the time in which it was not. A stall counts from there, where nothing
    /// was seen since.
    watched_since: Timestamp,
    /// When an execution was last seen.
    last_seen: Option<Timestamp>,
    last_failure: Option<LastFailure>,
    /// How many executions have failed since the last one that passed.
    consecutive_failures: u64,
    statistics: Statistics,
}

impl CaseState {
    /// The state of a case of which nothing is known, and which is watched from now on.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self {
            state: State::Init,
            since: now,
            trouble: None,
            watched_since: now,
            last_seen: None,
            last_failure: None,
            consecutive_failures: 0,
            statistics: Statistics::default(),
        }
    }

    /// Nobody has watched for so long: a stall is so much further away.
    pub fn unwatched(&mut self, pause: Duration) {
        self.watched_since = self.quiet_since() + pause;
    }

    /// Executions are expected from now on, and were not before.
    pub fn expected_from(&mut self, now: Timestamp) {
        self.watched_since = self.watched_since.max(now);
    }

    /// An execution was triggered, by then, and goes on.
    pub fn seen(&mut self, rules: &Rules, at: Timestamp) -> Vec<Change> {
        let changes = self.tick(rules, at);
        self.last_seen = self.last_seen.max(Some(at));
        changes
    }

    /// An execution has ended, as this report says; `at` is the log time of the report.
    pub fn ended(&mut self, rules: &Rules, report: &TestReport, at: Timestamp) -> Vec<Change> {
        // What was due before it came has happened before it came.
        let mut changes = self.tick(rules, at);
        let started = at - report.runtime.map_or(Duration::ZERO, duration);
        self.last_seen = self.last_seen.max(Some(at));
        self.statistics.ended(rules, report, started);
        match report.state {
            State::Pass => changes.extend(self.passed(rules, started, at)),
            State::Skip => changes.extend(self.skipped(at)),
            _ => changes.extend(self.failed(rules, report, at)),
        }
        changes
    }

    /// Time has passed.
    pub fn tick(&mut self, rules: &Rules, now: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        // A case that has recovered may be found stalled later, but not the other way round.
        for due in [self.recovery_due(rules), self.stall_due(rules)].into_iter().flatten() {
            if due > now {
                continue;
            }
            changes.extend(if self.recovery_due(rules) == Some(due) {
                self.recover(State::Pass, due)
            } else {
                self.stall(rules, due)
            });
        }
        changes
    }

    /// When the state changes if no execution is seen before.
    #[must_use]
    pub fn due(&self, rules: &Rules) -> Option<Timestamp> {
        self.recovery_due(rules).into_iter().chain(self.stall_due(rules)).min()
    }

    /// When the case will be stalled.
    #[must_use]
    pub fn stall_due(&self, rules: &Rules) -> Option<Timestamp> {
        if self.state == State::Stall {
            return None;
        }
        Some(self.quiet_since() + rules.warn_stalled_after?)
    }

    /// Since when nothing was seen; moved on by the time in which nobody watched.
    fn quiet_since(&self) -> Timestamp {
        self.last_seen.map_or(self.watched_since, |seen| seen.max(self.watched_since))
    }

    /// When a failing case, whose tests pass again, has not failed for long enough.
    fn recovery_due(&self, rules: &Rules) -> Option<Timestamp> {
        match (&self.trouble, &self.last_failure) {
            (Some(Trouble::Failing { passes: true, .. }), Some(last)) => {
                Some(last.at + rules.state_transition_delay)
            }
            _ => None,
        }
    }

    fn passed(&mut self, rules: &Rules, started: Timestamp, at: Timestamp) -> Option<Change> {
        self.consecutive_failures = 0;
        match &mut self.trouble {
            None => self.set(State::Pass, at),
            Some(Trouble::Stalled { .. }) => return self.recover(State::Pass, at),
            Some(Trouble::Failing { passes, .. }) => {
                // A test of the time before the failure says nothing of the time after it.
                *passes |= self.last_failure.as_ref().is_none_or(|last| started > last.at);
                if self.recovery_due(rules).is_some_and(|due| due <= at) {
                    return self.recover(State::Pass, at);
                }
            }
        }
        None
    }

    fn skipped(&mut self, at: Timestamp) -> Option<Change> {
        match &self.trouble {
            Some(Trouble::Stalled { .. }) => return self.recover(State::Skip, at),
            // It says nothing of what has failed.
            Some(Trouble::Failing { .. }) => {}
            None if self.state.is_failure() => {}
            None => self.set(State::Skip, at),
        }
        None
    }

    fn failed(&mut self, rules: &Rules, report: &TestReport, at: Timestamp) -> Option<Change> {
        self.consecutive_failures += 1;
        let failure = LastFailure {
            at,
            state: report.state,
            id: report.test.as_ref().map(|test| test.id.clone()),
            error: report.error.as_deref().map(cut),
        };
        self.set(report.state, at);
        self.last_failure = Some(failure.clone());
        if let Some(Trouble::Failing { passes, .. }) = &mut self.trouble {
            *passes = false;
            return None;
        }
        let consecutive_failures = self.consecutive_failures;
        if rules.max_consecutive_failures.is_none_or(|most| consecutive_failures < most) {
            return None;
        }
        self.trouble = Some(Trouble::Failing { since: at, service_down: false, passes: false });
        Some(Change { kind: ChangeKind::Failing { consecutive_failures, latest: Box::new(failure) }, at })
    }

    /// A fake request could not be sent. It is no execution, and is not counted as one.
    pub fn service_down(
        &mut self,
        rules: &Rules,
        request: TestId,
        error: &str,
        at: Timestamp,
    ) -> Vec<Change> {
        let mut changes = self.tick(rules, at);
        let failure = LastFailure { at, state: State::Fail, id: Some(request), error: Some(cut(error)) };
        self.set(State::Fail, at);
        self.last_failure = Some(failure.clone());
        if let Some(Trouble::Failing { passes, .. }) = &mut self.trouble {
            *passes = false;
        } else {
            self.trouble = Some(Trouble::Failing { since: at, service_down: true, passes: false });
            changes.push(Change { kind: ChangeKind::ServiceDown { latest: Box::new(failure) }, at });
        }
        changes
    }

    fn stall(&mut self, rules: &Rules, at: Timestamp) -> Option<Change> {
        let nothing_for = rules.warn_stalled_after?;
        self.set(State::Stall, at);
        // Of a stall that some failures have interrupted all has been said.
        if matches!(self.trouble, Some(Trouble::Stalled { .. })) {
            return None;
        }
        self.trouble = Some(Trouble::Stalled { since: at });
        Some(Change { kind: ChangeKind::Stalled { nothing_for, last_seen: self.last_seen }, at })
    }

    fn recover(&mut self, state: State, at: Timestamp) -> Option<Change> {
        let (from, since) = match self.trouble.take()? {
            Trouble::Failing { since, .. } => (State::Fail, since),
            Trouble::Stalled { since } => (State::Stall, since),
        };
        self.set(state, at);
        Some(Change { kind: ChangeKind::Recovered { from, after: at.since(since) }, at })
    }

    fn set(&mut self, state: State, at: Timestamp) {
        if self.state != state {
            self.state = state;
            self.since = self.since.max(at);
        }
    }
}

/// What there is to read.
impl CaseState {
    /// The state.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// Since when the state is what it is.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// What was reported of the case as a whole, FAIL or STALL, until it has recovered; and since when it is so.
    #[must_use]
    pub fn trouble(&self) -> Option<(State, Timestamp)> {
        Some(match self.trouble.as_ref()? {
            Trouble::Failing { since, .. } => (State::Fail, *since),
            Trouble::Stalled { since } => (State::Stall, *since),
        })
    }

    /// Whether it fails because a fake request could not be sent.
    #[must_use]
    pub fn is_service_down(&self) -> bool {
        matches!(self.trouble, Some(Trouble::Failing { service_down: true, .. }))
    }

    /// When an execution was last seen.
    #[must_use]
    pub fn last_seen(&self) -> Option<Timestamp> {
        self.last_seen
    }

    /// The last execution that did not pass.
    #[must_use]
    pub fn last_failure(&self) -> Option<&LastFailure> {
        self.last_failure.as_ref()
    }

    /// How many executions have failed since the last one that passed.
    #[must_use]
    pub fn consecutive_failures(&self) -> u64 {
        self.consecutive_failures
    }

    /// What the executions have in common.
    #[must_use]
    pub fn statistics(&self) -> &Statistics {
        &self.statistics
    }
}

/// A text as it is kept.
fn cut(text: &str) -> String {
    text.chars().take(ERROR_KEPT).collect()
}

/// What a report says in seconds. A text from elsewhere may say anything.
fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
