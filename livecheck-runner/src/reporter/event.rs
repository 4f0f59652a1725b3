//! What happens in a run, as the reporter is told.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use livecheck_core::wire::{LogLine, TestReport};
use livecheck_core::{CaseName, Cases, ExecutionKey};

use crate::engine::CaseTally;
use crate::monitor::{AlertEvent, CaseChange};
use crate::services::ServiceEvent;

/// Something that happened in a run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RunEvent {
    /// A service is being started, is ready, or has died.
    Service(ServiceEvent),
    /// The cases are ready for triggers.
    Started(Started),
    /// The page and the metrics are served there.
    Serving(SocketAddr),
    /// An execution has ended.
    ///
    /// Of its `traceback`, the first line is shown always, as the place where it went wrong
    /// (`src/cases.rs:31:5`), and the rest only where more is asked for.
    Report(Box<TestReport>),
    /// An execution of a case with `realtime_logs` has logged a line.
    Log {
        /// The execution.
        execution: ExecutionKey,
        /// The line.
        line: LogLine,
    },
    /// A case as a whole has changed: it fails, is stalled, or has recovered.
    Case(CaseChange),
    /// Somebody was told of that, or could not be.
    Alert(AlertEvent),
    /// Where each case stands now. Sent about every 100 ms while anything changes.
    Status(Snapshot),
    /// Records that could not be read, since the last such event of the same kind and topic.
    BadRecords(BadRecords),
    /// Something is wrong, and the run goes on: a broker is away, a signal is unknown.
    Warning(String),
    /// The run is coming to its end.
    Stopping(StopReason),
    /// The run is over.
    Finished(Finished),
}

/// The cases are ready for triggers.
#[derive(Clone, Debug)]
pub struct Started {
    /// The cases that are executed.
    pub cases: Cases,
    /// The names of the checks that are run.
    pub checks: Vec<String>,
    /// The brokers, as `host:port` with commas between.
    pub brokers: String,
    /// Whether the broker is the embedded one.
    pub embedded: bool,
    /// The folder in which the embedded broker keeps what it holds, if it does.
    pub embedded_data_dir: Option<PathBuf>,
    /// The topic that triggers come from.
    pub test_topic: String,
    /// The consumer group that shares the work; none in a run of one's own.
    pub group: Option<String>,
    /// The profile of the configuration.
    pub profile: String,
}

/// Where each case stands: one atomic reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// By case.
    pub cases: BTreeMap<CaseName, CaseTally>,
}

impl Snapshot {
    /// All cases together.
    #[must_use]
    pub fn total(&self) -> CaseTally {
        let mut total = CaseTally::default();
        for counts in self.cases.values() {
            total += *counts;
        }
        total
    }
}

/// Records that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRecords {
    /// The kind, as [`DecodeError::kind`](livecheck_core::wire::DecodeError::kind) names it.
    pub kind: String,
    /// The topic.
    pub topic: String,
    /// The partition of the latest one.
    pub partition: i32,
    /// The offset of the latest one.
    pub offset: i64,
    /// Why the latest one could not be read.
    pub reason: String,
    /// How many, since the run began.
    pub count: u64,
}

/// Why a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// Ctrl-C, or a signal of the system.
    Interrupted,
    /// The time given with `--for` is over.
    TimeIsUp,
    /// The executions asked for with `--max-executions` are done.
    EnoughExecutions,
    /// All that is done by the clock has been done once, with `--once`.
    AllRun,
    /// An execution did not pass, with `--fail-fast`.
    FirstFailure,
    /// A service that the run started has died.
    ServiceDied,
}

/// The run is over.
#[derive(Clone, Debug, Default)]
pub struct Finished {
    /// How long it took, from [`RunEvent::Started`].
    pub elapsed: Duration,
    /// Where each case stands at the end.
    pub snapshot: Snapshot,
    /// Executions that were in flight when the run was stopped: another runner of the group executes them.
    pub left_in_flight: u64,
    /// How many records could not be read.
    pub bad_records: u64,
}

impl From<ServiceEvent> for RunEvent {
    fn from(event: ServiceEvent) -> Self {
        Self::Service(event)
    }
}

impl From<TestReport> for RunEvent {
    fn from(report: TestReport) -> Self {
        Self::Report(Box::new(report))
    }
}

impl From<Snapshot> for RunEvent {
    fn from(snapshot: Snapshot) -> Self {
        Self::Status(snapshot)
    }
}
