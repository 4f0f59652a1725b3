//! What is rendered, as a whole.

use std::collections::BTreeSet;
use std::time::Duration;

use livecheck_alerts::{Gauges, ReceiverGauges};
use livecheck_core::Settings;
use livecheck_core::case::{Location, SignalDefinition};
use livecheck_core::control::{Control, Controls, Plan, Profile};

use super::*;
use crate::engine::CaseTally;
use crate::monitor::case_state::{Change, ChangeKind};
use crate::store::Round;

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

/// As after `cargo livecheck set order_flow probability 5%`.
fn set_at_run_time(case: &Case) -> Sampling {
    let now = Timestamp::from_millis(0);
    let mut controls = Controls::default();
    let plan = Plan::constant("5%".parse().expect("a share"), now, "anna".to_owned());
    let (key, value) = Control::Probability(plan).record(&case.name.into()).expect("a record");
    controls.take(Some(key.as_bytes()), Some(&value)).expect("it is read");
    Sampling::of(case, &Profile::default(), &controls, now)
}

fn metrics() -> Metrics {
    Metrics::new(Cases::new([&ORDER]).expect("one name"), Some("livecheck"), set_at_run_time)
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
    progress.wrote(Round { written: 12, is_level: true, until: None });
    metrics.store(progress);
    let gauges = AlertGauges::default();
    let pager = ReceiverGauges { sent: 4, failed: 1, pending: 2 };
    gauges.set(Gauges { firing: 3, silences: 1, receivers: [("pager".to_owned(), pager)].into() });
    metrics.alerts(gauges);
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
    let guide = include_str!("../../../../src/docs/metrics.md");
    let rows = guide.lines().filter_map(|line| line.strip_prefix("| `livecheck_")?.split_once('`'));
    let told: BTreeSet<String> = rows.map(|(name, _)| format!("livecheck_{name}")).collect();
    let all = all();
    let types = all.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let served: BTreeSet<String> = types.map(|(name, _)| name.to_owned()).collect();
    assert_eq!(told, served);
}
