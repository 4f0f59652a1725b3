//! The metrics of a runner, for Prometheus.
//!
//! Counts of executions come from one reading of the tally for each scrape, so that in every one of them
//! `livecheck_executions_triggered_total` is, for each case, the sum of `livecheck_executions_total` over the states,
//! of `livecheck_executions_in_flight` and of `livecheck_executions_handed_over_total`. What is measured (runtimes and
//! latencies) is kept in histograms as it comes.
//!
//! Labels are bounded: a case is one of those of this program, or `(unknown)`; a signal is one of its case's, or
//! `(unknown)`; a topic is one of ours.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use livecheck_core::wire::{State, TestReport};
use livecheck_core::{CaseName, Cases, Timestamp};
use prometheus::core::Collector;
use prometheus::{HistogramOpts, HistogramVec, TextEncoder};

use super::exposition::Exposition;
use crate::engine::{CaseTally, Tally};
use crate::kafka::PartitionLag;
use crate::monitor::case_state::ChangeKind;
use crate::monitor::{AlertGauges, CaseChange};
use crate::status::Status;
use crate::store::Progress;

/// What stands for a name that this program does not know.
const UNKNOWN: &str = "(unknown)";
/// From five milliseconds to the three hours after which a test expires.
const BUCKETS: [f64; 16] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0, 10_800.0];
/// The states in which executions end.
const ENDS: [State; 5] = [State::Pass, State::Fail, State::Error, State::Timeout, State::Skip];
/// The states of a case as a whole.
const CASE_STATES: [State; 7] = State::ALL;
/// What may become of a case as a whole.
const CHANGES: [&str; 4] = ["failing", "service-down", "stalled", "recovered"];

/// The metrics of a runner.
pub(crate) struct Metrics {
    cases: Cases,
    group: Option<String>,
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
    changes: BTreeMap<(String, &'static str), u64>,
    lags: Vec<PartitionLag>,
    store: Option<Progress>,
    alerts: Option<AlertGauges>,
}

impl Metrics {
    /// Those of a runner with these cases, in that group.
    pub(crate) fn new(cases: Cases, group: Option<&str>) -> Self {
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
    pub(crate) fn changed(&self, CaseChange { case, change }: &CaseChange) {
        let kind = match change.kind {
            ChangeKind::Failing { .. } => "failing",
            ChangeKind::ServiceDown { .. } => "service-down",
            ChangeKind::Stalled { .. } => "stalled",
            ChangeKind::Recovered { .. } => "recovered",
        };
        *self.now().changes.entry((self.label(case).to_owned(), kind)).or_default() += 1;
    }

    fn label(&self, case: &CaseName) -> &'static str {
        self.cases.get(case.as_str()).map_or(UNKNOWN, |case| case.name)
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of them, in Prometheus' text format. `status` is how the group does, as far as that is known, and `leads`
    /// whether this runner leads it.
    pub(crate) fn render(&self, status: Option<&Status>, leads: bool) -> String {
        let mut exposition = Exposition::default();
        self.about_the_runner(&mut exposition, leads);
        self.about_executions(&mut exposition);
        self.about_cases(&mut exposition, status);
        let mut families = exposition.into_families();
        families.extend(self.runtime.collect());
        families.extend(self.latency.collect());
        // A family without metrics has no text.
        families.retain(|family| !family.get_metric().is_empty());
        families.sort_by(|one, other| one.name().cmp(other.name()));
        TextEncoder::new().encode_to_string(&families).unwrap_or_default()
    }

    fn about_the_runner(&self, to: &mut Exposition, leads: bool) {
        let now = self.now();
        to.gauge("livecheck_runner_info", "The runner: its version, and its group.").with(
            &[("version", env!("CARGO_PKG_VERSION")), ("group", self.group.as_deref().unwrap_or(""))],
            1.0,
        );
        to.gauge(
            "livecheck_leader",
            "1 if this runner leads its group: it says what becomes of cases as a whole.",
        )
        .with(&[], truth(leads));
        to.gauge("livecheck_brokers_up", "1 unless no Kafka broker can be reached.")
            .with(&[], truth(!now.brokers_are_away));
        if let Some(committed) = now.committed {
            to.gauge(
                "livecheck_last_commit_timestamp_seconds",
                "When this runner has last committed reports and offsets; its age is time() minus this.",
            )
            .with(&[], seconds(committed));
        }
        let lag = to.gauge("livecheck_consumer_lag_records", "How many records this runner has yet to read.");
        for PartitionLag { topic, partition, records } in &now.lags {
            let records = records.unwrap_or(0);
            lag.with(&[("topic", topic), ("partition", &partition.to_string())], number(records));
        }
        about_the_store(to, now.store.as_ref());
        about_alerts(to, now.alerts.as_ref());
        let bad =
            to.counter("livecheck_bad_records_total", "Records that could not be read, by topic and kind.");
        for ((topic, kind), count) in &now.bad_records {
            bad.with(&[("topic", topic), ("kind", kind)], number(*count));
        }
        let notices = to.counter(
            "livecheck_notices_total",
            "Odd things that this runner has seen, by kind; its log tells more.",
        );
        for (kind, count) in &now.notices {
            notices.with(&[("kind", kind)], number(*count));
        }
        for (name, help, count) in [
            (
                "livecheck_repeated_triggers_total",
                "Triggers that repeat one already accepted.",
                now.tally.repeated_triggers,
            ),
            (
                "livecheck_late_signals_total",
                "Signals that came after their execution had ended.",
                now.tally.late_signals,
            ),
            (
                "livecheck_unknown_signals_total",
                "Signals for a case, or of a name, that this runner does not know.",
                now.tally.unknown_signals,
            ),
            (
                "livecheck_abandoned_signals_total",
                "Early signals whose test did not come, or for which memory was short.",
                now.tally.abandoned_signals,
            ),
        ] {
            to.counter(name, help).with(&[], number(count));
        }
    }

    fn about_executions(&self, to: &mut Exposition) {
        let now = self.now();
        let mut counts: BTreeMap<&str, (CaseTally, u64)> =
            self.cases.iter().map(|case| (case.name, Default::default())).collect();
        for (case, tally) in &now.tally.cases {
            counts.entry(self.label(case)).or_default().0 += *tally;
        }
        for (case, handed_over) in &now.tally.handed_over {
            counts.entry(self.label(case)).or_default().1 += handed_over;
        }
        let triggered =
            to.counter("livecheck_executions_triggered_total", "Tests that this runner has accepted.");
        for (case, (tally, handed_over)) in &counts {
            triggered.with(&[("case", case)], number(tally.triggered + handed_over));
        }
        let ended = to.counter("livecheck_executions_total", "Executions that have ended here, by state.");
        for (case, (tally, _)) in &counts {
            for state in ENDS {
                ended.with(&[("case", case), ("state", &label(state))], number(tally.of(state)));
            }
        }
        let in_flight = to.gauge("livecheck_executions_in_flight", "Executions in flight here.");
        for (case, (tally, _)) in &counts {
            in_flight.with(&[("case", case)], number(tally.in_flight));
        }
        let handed_over = to.counter(
            "livecheck_executions_handed_over_total",
            "Executions that were in flight when their partition went to another runner, which goes on with them.",
        );
        for (case, (_, count)) in &counts {
            handed_over.with(&[("case", case)], number(*count));
        }
        let changes = to.counter(
            "livecheck_case_changes_total",
            "What this runner, leading, has said of cases as a whole.",
        );
        for case in self.cases.iter() {
            for change in CHANGES {
                let count = now.changes.get(&(case.name.to_owned(), change)).copied().unwrap_or(0);
                changes.with(&[("case", case.name), ("change", change)], number(count));
            }
        }
    }

    /// By what the monitor of the group keeps: the same in all of its runners.
    fn about_cases(&self, to: &mut Exposition, status: Option<&Status>) {
        let probability = to.gauge(
            "livecheck_case_probability",
            "With which probability a request is followed, as the code says.",
        );
        for case in self.cases.iter() {
            probability.with(&[("case", case.name)], case.settings.probability);
        }
        let Some(status) = status else { return };
        let known =
            || status.cases.iter().filter_map(|case| Some((self.cases.get(case.name.as_str())?.name, case)));
        to.gauge("livecheck_runners", "How many runners of the group are at work.")
            .with(&[], number(status.runners.len() as u64));
        let state =
            to.gauge("livecheck_case_state", "1 for the state that the case as a whole is in, else 0.");
        for (name, case) in known() {
            for other in CASE_STATES {
                state.with(&[("case", name), ("state", &label(other))], truth(case.state == other));
            }
        }
        let in_a_row = to.gauge(
            "livecheck_case_consecutive_failures",
            "How many executions have failed since the last one that passed.",
        );
        for (name, case) in known() {
            in_a_row.with(&[("case", name)], number(case.consecutive_failures));
        }
        let seen = to.gauge("livecheck_case_last_seen_timestamp_seconds", "When an execution was last seen.");
        for (name, case) in known() {
            if let Some(at) = case.last_seen {
                seen.with(&[("case", name)], seconds(at));
            }
        }
    }
}

/// Of the runner that writes: the others know nothing of it.
fn about_the_store(to: &mut Exposition, progress: Option<&Progress>) {
    let Some(store) = progress.map(Progress::get) else { return };
    to.gauge("livecheck_store_writes", "1 if this runner brings the results into the store.")
        .with(&[], truth(store.writes));
    to.counter("livecheck_store_reports_total", "Reports that this runner has brought into the store.")
        .with(&[], number(store.written));
    to.counter("livecheck_store_failures_total", "Attempts to write to the store that have failed.")
        .with(&[], number(store.failures));
    if store.writes {
        to.gauge("livecheck_store_up", "1 unless the last attempt to write to the store has failed.")
            .with(&[], truth(store.is_up));
        to.gauge(
            "livecheck_store_lag_seconds",
            "For how long the store has not had all reports of the topic; 0 if it has.",
        )
        .with(&[], store.lag.as_secs_f64());
    }
}

/// Of the runner that leads, where anybody is to be told; of what another has told before this one knows nothing.
fn about_alerts(to: &mut Exposition, gauges: Option<&AlertGauges>) {
    let Some(gauges) = gauges.map(AlertGauges::get).filter(|gauges| !gauges.receivers.is_empty()) else {
        return;
    };
    to.gauge("livecheck_alerts_firing", "Alerts that go on, whoever is told of them.")
        .with(&[], number(gauges.firing as u64));
    to.gauge("livecheck_alert_silences", "Silences that are on.").with(&[], number(gauges.silences as u64));
    let receivers =
        || gauges.receivers.iter().map(|(name, receiver)| ([("receiver", name.as_str())], receiver));
    let sent = to.counter("livecheck_alert_messages_total", "Messages that a receiver has acknowledged.");
    receivers().for_each(|(labels, receiver)| sent.with(&labels, number(receiver.sent)));
    let failed =
        to.counter("livecheck_alert_failures_total", "Attempts to tell a receiver that have failed.");
    receivers().for_each(|(labels, receiver)| failed.with(&labels, number(receiver.failed)));
    let pending =
        to.gauge("livecheck_alert_groups_pending", "Groups of alerts of which a receiver is to be told.");
    receivers().for_each(|(labels, receiver)| pending.with(&labels, number(receiver.pending as u64)));
}

fn label(state: State) -> String {
    state.as_str().to_lowercase()
}

fn truth(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus has floating-point numbers")]
fn number(count: u64) -> f64 {
    count as f64
}

fn seconds(at: Timestamp) -> f64 {
    at.since(Timestamp::from_millis(0)).max(Duration::ZERO).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use livecheck_core::case::{Location, SignalDefinition};
    use livecheck_core::{Case, Settings};

    use super::*;
    use crate::monitor::case_state::Change;

    static ORDER: Case = Case {
        name: "stock_orders::cases::order_flow",
        docs: "",
        location: Location { package: "orders", file: "src/lib.rs", line: 1 },
        settings: Settings::new().probability(0.25),
        arguments: &[],
        signals: &[SignalDefinition::new("sent", "()")],
        tables: &[],
        run: |_| Box::pin(async { Ok(()) }),
    };

    fn metrics() -> Metrics {
        Metrics::new(Cases::new([&ORDER]).expect("one name"), Some("livecheck"))
    }

    fn report(case: &str, state: &str, signal: &str) -> TestReport {
        let json = serde_json::json!({
            "case_name": case, "state": state, "test": null, "runtime": 0.3, "error": null, "traceback": null,
            "signal_latency": { signal: 0.2 },
        });
        serde_json::from_str(&json.to_string()).expect("a report")
    }

    fn tally(pass: u64, fail: u64, in_flight: u64) -> CaseTally {
        CaseTally { triggered: pass + fail + in_flight, pass, fail, in_flight, ..CaseTally::default() }
    }

    /// All of them, each with some value.
    pub(crate) fn all() -> String {
        let metrics = metrics();
        let cases = [(ORDER.name.into(), tally(5, 2, 3)), ("elsewhere::case".into(), tally(1, 0, 0))].into();
        let handed_over = [(ORDER.name.into(), 4)].into();
        let tally = Tally { cases, handed_over, late_signals: 7, ..Tally::default() };
        let reports = [report(ORDER.name, "PASS", "sent"), report("elsewhere::case", "FAIL", "<&\"\n>")];
        metrics.committed(&reports, &tally);
        metrics.bad_records("livecheck-bus", "json", 2);
        metrics.noticed("clock-skew", 1);
        let lag = |partition, records| PartitionLag { topic: "livecheck".to_owned(), partition, records };
        metrics.lags(vec![lag(0, Some(12)), lag(1, Some(3))]);
        metrics.lags(vec![lag(1, None)]);
        let kind = ChangeKind::Recovered { from: State::Fail, after: Duration::from_secs(1) };
        metrics.changed(&CaseChange { case: ORDER.name.into(), change: Change { at: Timestamp::MIN, kind } });
        let progress = Progress::new();
        progress.wrote(12, true);
        metrics.store(progress);
        metrics.now().committed = Some(Timestamp::from_millis(1_795_000_000_500));
        let status = crate::status::tests::status();
        metrics.render(Some(&status), true)
    }

    #[test]
    fn they_are_what_prometheus_reads() {
        insta::assert_snapshot!(all());
    }

    #[test]
    fn in_every_scrape_all_that_was_triggered_is_accounted_for() {
        let value = |name: &str| -> f64 {
            let text = all();
            let of_case = text.lines().filter(|line| line.starts_with(name) && line.contains("order_flow\""));
            of_case.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
        };
        let accounted = value("livecheck_executions_total{")
            + value("livecheck_executions_in_flight{")
            + value("livecheck_executions_handed_over_total{");
        assert_eq!(value("livecheck_executions_triggered_total{"), accounted);
        assert_eq!(accounted, 14.0);
    }

    #[test]
    fn names_that_come_from_elsewhere_make_no_labels() {
        let metrics = metrics();
        for number in 0..1_000 {
            let report = report(&format!("case-{number}"), "PASS", &format!("signal-{number}"));
            metrics.committed(&[report], &Tally::default());
        }
        let text = metrics.render(None, false);
        assert!(!text.contains("case-7") && !text.contains("signal-7"), "{text}");
        assert_eq!(text.matches("livecheck_signal_latency_seconds_count").count(), 1);
    }

    #[test]
    fn the_guide_has_a_row_for_each_and_for_no_other() {
        let guide = include_str!("../../../src/docs/metrics.md");
        let rows = guide.lines().filter_map(|line| line.strip_prefix("| `livecheck_")?.split_once('`'));
        let told: BTreeSet<String> = rows.map(|(name, _)| format!("livecheck_{name}")).collect();
        let all = all();
        let types = all.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
        let served: BTreeSet<String> = types.map(|(name, _)| name.to_owned()).collect();
        assert_eq!(told, served);
    }
}
