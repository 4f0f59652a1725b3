//! The metrics of a runner, for Prometheus.
//!
//! Counts of executions come from one reading of the tally for each scrape, so that in every one of them
//! `livecheck_executions_triggered_total` is, for each case, the sum of `livecheck_executions_total` over the states,
//! of `livecheck_executions_in_flight` and of `livecheck_executions_handed_over_total`. What is measured (runtimes and
//! latencies) is kept in histograms as it comes.
//!
//! Labels are bounded: a case is one of those of this program, or `(unknown)`; a signal is one of its case's, or
//! `(unknown)`; a topic is one of ours.
//!
//! | module | what is told |
//! |---|---|
//! | `executions` | how many there were and are, by what became of them |
//! | `cases` | how each does as a whole, and how much of its requests is followed |
//! | `runner` | who this is, how far it has read, what odd things it has met |
//! | `store` | how far the store is |
//! | `alerts` | who was told, and who could not be |

mod alerts;
mod cases;
mod executions;
mod runner;
mod store;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use livecheck_core::control::Sampling;
use livecheck_core::wire::{State, TestReport};
use livecheck_core::{Case, CaseName, Cases, Timestamp};
use prometheus::core::Collector;
use prometheus::{HistogramOpts, HistogramVec, TextEncoder};

use self::cases::Changes;
use super::exposition::Exposition;
use crate::engine::Tally;
use crate::kafka::PartitionLag;
use crate::monitor::{AlertGauges, CaseChange};
use crate::status::Status;
use crate::store::Progress;

/// What stands for a name that this program does not know.
const UNKNOWN: &str = "(unknown)";
/// From five milliseconds to the three hours after which a test expires.
const BUCKETS: [f64; 16] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0, 10_800.0];

/// The metrics of a runner.
pub(crate) struct Metrics {
    cases: Cases,
    group: Option<String>,
    /// What holds of a case at this moment.
    sampling: fn(&Case) -> Sampling,
    runtime: HistogramVec,
    latency: HistogramVec,
    now: Mutex<Now>,
}

/// What was last heard.
#[derive(Default)]
struct Now {
    tally: Tally,
    committed: Option<Timestamp>,
    brokers_are_away: bool,
    bad_records: BTreeMap<(String, &'static str), u64>,
    notices: BTreeMap<&'static str, u64>,
    changes: Changes,
    lags: Vec<PartitionLag>,
    store: Option<Progress>,
    alerts: Option<AlertGauges>,
}

impl Metrics {
    /// Those of a runner with these cases, in that group.
    pub(crate) fn new(cases: Cases, group: Option<&str>, sampling: fn(&Case) -> Sampling) -> Self {
        let histogram = |name: &str, help: &str, labels: &[&str]| {
            HistogramVec::new(HistogramOpts::new(name, help).buckets(BUCKETS.to_vec()), labels)
                .expect("the names, the labels and the buckets stand here, and are well-formed")
        };
        Self {
            runtime: histogram(
                "livecheck_execution_runtime_seconds",
                "From the trigger to the verdict, of executions that passed.",
                &["case"],
            ),
            latency: histogram(
                "livecheck_signal_latency_seconds",
                "From the trigger to the signal.",
                &["case", "signal"],
            ),
            cases,
            group: group.map(str::to_owned),
            sampling,
            now: Mutex::default(),
        }
    }

    /// Verdicts were committed, and these are the counts.
    pub(crate) fn committed(&self, reports: &[TestReport], tally: &Tally) {
        reports.iter().for_each(|report| self.measure(report));
        let mut now = self.now();
        now.tally.clone_from(tally);
        now.committed = Some(Timestamp::now());
    }

    fn measure(&self, report: &TestReport) {
        let case = self.cases.get(report.case_name.as_str());
        let name = case.map_or(UNKNOWN, |case| case.name);
        if let (State::Pass, Some(runtime)) = (report.state, report.runtime) {
            self.runtime.with_label_values(&[name]).observe(runtime);
        }
        for (signal, latency) in &report.signal_latency {
            let known = case.and_then(|case| case.signals.iter().find(|known| known.name == signal));
            let signal = known.map_or(UNKNOWN, |signal| signal.name);
            self.latency.with_label_values(&[name, signal]).observe(*latency);
        }
    }

    /// So many records of a topic could not be read, of that kind.
    pub(crate) fn bad_records(&self, topic: &str, kind: &'static str, count: u64) {
        self.now().bad_records.insert((topic.to_owned(), kind), count);
    }

    /// The engine saw something odd, so many times.
    pub(crate) fn noticed(&self, kind: &'static str, count: u64) {
        self.now().notices.insert(kind, count);
    }

    /// The brokers went, or came back.
    pub(crate) fn brokers(&self, are_away: bool) {
        self.now().brokers_are_away = are_away;
    }

    /// How far the consumers are behind.
    pub(crate) fn lags(&self, lags: Vec<PartitionLag>) {
        let mut now = self.now();
        for lag in lags {
            now.lags.retain(|other| (&other.topic, other.partition) != (&lag.topic, lag.partition));
            now.lags.extend((lag.records.is_some()).then_some(lag));
        }
    }

    /// This runner keeps results, and this says how far it is.
    pub(crate) fn store(&self, progress: Progress) {
        self.now().store = Some(progress);
    }

    /// This runner may tell people of alerts, and this says how that does.
    pub(crate) fn alerts(&self, gauges: AlertGauges) {
        self.now().alerts = Some(gauges);
    }

    /// A case as a whole has changed, and this runner has said so.
    pub(crate) fn changed(&self, change: &CaseChange) {
        self.now().changes.count(change, &self.cases);
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of them, in Prometheus' text format. `status` is how the group does, as far as that is known, and `leads`
    /// whether this runner leads it.
    pub(crate) fn render(&self, status: Option<&Status>, leads: bool) -> String {
        let mut exposition = Exposition::default();
        self.describe(&mut exposition, status, leads);
        let mut families = exposition.into_families();
        families.extend(self.runtime.collect());
        families.extend(self.latency.collect());
        // A family without metrics has no text.
        families.retain(|family| !family.get_metric().is_empty());
        families.sort_by(|one, other| one.name().cmp(other.name()));
        TextEncoder::new().encode_to_string(&families).unwrap_or_default()
    }

    fn describe(&self, to: &mut Exposition, status: Option<&Status>, leads: bool) {
        let now = self.now();
        runner::describe(to, &now, self.group.as_deref(), leads);
        executions::describe(to, &now.tally, &self.cases);
        now.changes.describe(to, &self.cases);
        cases::describe_sampling(to, &self.cases, self.sampling);
        if let Some(status) = status {
            cases::describe(to, status, &self.cases);
        }
        if let Some(progress) = &now.store {
            store::describe(to, &progress.get());
        }
        if let Some(gauges) = &now.alerts {
            alerts::describe(to, &gauges.get());
        }
    }
}

/// A case as a label says it: those of other programs are one.
fn name_of(cases: &Cases, case: &CaseName) -> &'static str {
    cases.get(case.as_str()).map_or(UNKNOWN, |case| case.name)
}

fn label(state: State) -> String {
    state.as_str().to_lowercase()
}
