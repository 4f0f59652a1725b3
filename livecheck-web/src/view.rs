//! What the page and the API show, and where it comes from.
//!
//! These types are the JSON of the API, word for word. Members are only ever added; who reads them ignores those that
//! they do not know. Durations are in seconds, times are as in the reports, and what is not known is null.

mod range;

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use livecheck_core::wire::{State, TestReport};
use livecheck_core::{CaseName, TestId, Timestamp};
use serde::Serialize;
use tokio::sync::watch;

pub use self::range::{Range, Span};

/// Where what is shown comes from: the runner, by its monitor and its store.
pub trait Source: Send + Sync + 'static {
    /// The group of runners that all of it is about, if it is about one.
    fn group(&self) -> Option<&str>;

    /// All the cases.
    fn overview(&self) -> BoxFuture<'_, Result<Overview, SourceError>>;

    /// One case over some time; nothing if there is no such case.
    fn case(&self, name: CaseName, span: Span) -> BoxFuture<'_, Result<Option<CaseHistory>, SourceError>>;

    /// Executions that have ended, the latest first.
    fn executions(&self, query: ExecutionQuery) -> BoxFuture<'_, Result<ExecutionPage, SourceError>>;

    /// The reports on the executions of a case with that id, the latest first; there may be several, for an id may be
    /// used again.
    fn execution(&self, name: CaseName, id: TestId) -> BoxFuture<'_, Result<Vec<Execution>, SourceError>>;

    /// A number that changes whenever something that is shown has changed.
    fn changes(&self) -> watch::Receiver<u64>;
}

/// Why something cannot be shown now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(pub String);

/// How a group of runners and its cases do.
#[derive(Clone, Debug, Serialize)]
pub struct Overview {
    /// The group.
    pub group: String,
    /// The runner that leads, by its id.
    pub leader: Option<String>,
    /// The runners at work.
    pub runners: Vec<Runner>,
    /// The cases, by name.
    pub cases: Vec<CaseSummary>,
    /// When this was so.
    pub at: Timestamp,
    /// What keeps the history from being shown, if something does.
    pub history_is_missing: Option<String>,
}

/// A runner at work.
#[derive(Clone, Debug, Serialize)]
pub struct Runner {
    /// Its id.
    pub id: String,
    /// The machine that it runs on.
    pub host: String,
    /// When it started.
    pub started: Timestamp,
}

/// How many executions there were. `triggered` is the sum of all the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All.
    pub triggered: u64,
    /// The contract held.
    pub pass: u64,
    /// The contract broke.
    pub fail: u64,
    /// The case returned an error.
    pub error: u64,
    /// A signal did not come in time.
    pub timeout: u64,
    /// Not executed.
    pub skip: u64,
    /// Executing now.
    pub in_flight: u64,
}

/// How a case does.
#[derive(Clone, Debug, Serialize)]
pub struct CaseSummary {
    /// Its name.
    pub name: CaseName,
    /// Its package, if this runner has the case.
    pub package: Option<String>,
    /// What its documentation says first.
    pub summary: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its state.
    pub state: State,
    /// Since when it is in that state.
    pub since: Timestamp,
    /// FAIL or STALL, if the case as a whole was reported so and that is not over.
    pub trouble: Option<State>,
    /// Since the first execution.
    pub counts: Counts,
    /// The share of passes among the executions that were not skipped, of those kept.
    pub success_rate: Option<f64>,
    /// How many executions have failed since the last one that passed.
    pub consecutive_failures: u64,
    /// Of the runtime of passes.
    pub p50: Option<f64>,
    /// The same.
    pub p99: Option<f64>,
    /// The last execution that did not pass.
    pub last_failure: Option<Failure>,
    /// When an execution was last seen.
    pub last_seen: Option<Timestamp>,
    /// What is done of it by the clock, if anything is.
    pub schedule: Option<Schedule>,
    /// With which probability a request is followed.
    pub probability: Option<f64>,
    /// How it did over the last day, from the earliest on.
    pub recent: Vec<Bucket>,
}

/// What is done of a case by the clock, and how far that is.
#[derive(Clone, Debug, Serialize)]
pub struct Schedule {
    /// When it is done, for people: `every 15m`.
    pub rule: String,
    /// The next slot.
    pub next: Option<Timestamp>,
    /// The latest slot that was fired.
    pub fired: Option<Timestamp>,
    /// Slots that nobody was there to fire.
    pub missed: Unfired,
    /// Slots that came while the run before was not over.
    pub left_out: Unfired,
}

/// Slots that were not fired.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Unfired {
    /// How many, since the beginning.
    pub count: u64,
    /// The latest of them that follow each other.
    pub latest: Option<Slots>,
}

/// Slots that follow each other.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Slots {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub first: Timestamp,
    /// The last of them.
    pub last: Timestamp,
}

impl Schedule {
    /// The slots that nobody was there to fire, if none has been fired since.
    #[must_use]
    pub fn missed_last(&self) -> Option<Slots> {
        self.missed.latest.filter(|missed| self.fired.is_none_or(|fired| fired < missed.last))
    }
}

impl CaseSummary {
    /// When it is run next by its schedule.
    #[must_use]
    pub fn next_slot(&self) -> Option<Timestamp> {
        self.schedule.as_ref().and_then(|schedule| schedule.next)
    }
}

/// An execution that did not pass.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// When it ended.
    pub at: Timestamp,
    /// What became of it.
    pub state: State,
    /// Its id; none of a request that could not be sent.
    pub id: Option<TestId>,
    /// What went wrong.
    pub error: Option<String>,
}

/// The executions of a case that ended within some time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bucket {
    /// When it begins; it ends where the next one begins.
    pub start: Timestamp,
    /// How many passed.
    pub pass: u64,
    /// How many failed.
    pub fail: u64,
    /// How many ended in an error.
    pub error: u64,
    /// How many ended in a timeout.
    pub timeout: u64,
    /// How many were skipped.
    pub skip: u64,
    /// Of the runtime of passes.
    pub p50: Option<f64>,
    /// The same.
    pub p99: Option<f64>,
}

impl Bucket {
    /// How many did not pass, of those that were executed.
    #[must_use]
    pub const fn failures(&self) -> u64 {
        self.fail + self.error + self.timeout
    }
}

/// One case over some time.
#[derive(Clone, Debug, Serialize)]
pub struct CaseHistory {
    /// How it does now.
    pub case: CaseSummary,
    /// How far back this looks.
    pub range: Range,
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// How long a bucket is, in seconds.
    pub step: u64,
    /// The executions, from the earliest on; times in which there were none are left out.
    pub buckets: Vec<Bucket>,
    /// By signal: from the trigger to the signal.
    pub signals: BTreeMap<String, Vec<Latency>>,
    /// Why executions did not pass, the most frequent cause first.
    pub causes: Vec<Cause>,
    /// What keeps the history from being shown, if something does.
    pub history_is_missing: Option<String>,
}

/// How long something took, within some time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Latency {
    /// When that time begins.
    pub start: Timestamp,
    /// Half are not above it.
    pub p50: Option<f64>,
    /// 99 in a hundred are not above it.
    pub p99: Option<f64>,
}

/// Failures with one cause.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cause {
    /// What went wrong, without what differs from one to the next.
    pub cause: String,
    /// What became of them.
    pub state: State,
    /// How many there were.
    pub count: u64,
    /// When the last one ended.
    pub last: Timestamp,
}

/// Which executions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecutionQuery {
    /// Of that case.
    pub case: Option<CaseName>,
    /// That have ended so; those in any state if none is given.
    pub states: Vec<State>,
    /// Whose id begins with this text, or whose cause has it.
    pub text: Option<String>,
    /// That failed for this cause, to the letter.
    pub cause: Option<String>,
    /// That ended from the first moment until before the second.
    pub within: Option<(Timestamp, Timestamp)>,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// How many at most.
    pub limit: usize,
}

/// Some executions.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ExecutionPage {
    /// The executions, the latest first.
    pub executions: Vec<ExecutionRow>,
    /// What to ask with for those that follow; none if there are no more.
    pub next: Option<String>,
}

/// An execution in a list.
#[derive(Clone, Debug, Serialize)]
pub struct ExecutionRow {
    /// The case.
    pub case: CaseName,
    /// Its id; none in a report on the case as a whole.
    pub id: Option<TestId>,
    /// What became of it.
    pub state: State,
    /// Whether it passed only when it was tried again.
    pub flaky: bool,
    /// When it was triggered.
    pub triggered: Timestamp,
    /// When it ended.
    pub at: Timestamp,
    /// How long it took.
    pub runtime: Option<f64>,
    /// What went wrong: the first line.
    pub error: Option<String>,
}

/// One execution.
#[derive(Clone, Debug, Serialize)]
pub struct Execution {
    /// When it ended.
    pub at: Timestamp,
    /// The report, as it stands on the report topic.
    pub report: TestReport,
    /// Whether all of it is kept. If not, it is not known what the arguments of the test were, nor when it expires.
    pub is_whole: bool,
    /// Where its trace is shown, if that is known.
    pub trace: Option<String>,
}
