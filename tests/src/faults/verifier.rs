//! What the reports should say, and what they do say: apart from the product, from the topics alone.
//!
//! The verifier knows the cases, and Kafka's log; nothing of LiveCheck is used here. What an execution's verdict
//! must be is what its trigger, its signals and their timestamps in the log determine.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde_json::Value;

use super::{PARCEL, State};

/// Which execution: the case, the test id, and the instant of the trigger as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Execution {
    /// The name of the case.
    pub case: String,
    /// The test id.
    pub id: String,
    /// The instant, as ISO 8601 with six digits and `Z`.
    pub timestamp: String,
}

/// A trigger, as it stands on the test topic.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// What it triggers.
    pub execution: Execution,
    /// The partition.
    pub partition: i32,
    /// The log's timestamp, in milliseconds.
    pub time: i64,
    /// The arguments, by name.
    pub arguments: Value,
}

/// A signal, as it stands on the bus.
#[derive(Clone, Debug)]
pub struct Signal {
    /// The name of the case.
    pub case: String,
    /// The key: the test id, unless the case waits for another one.
    pub key: String,
    /// The instant that its headers name, if it has headers.
    pub timestamp: Option<String>,
    /// The signal's name.
    pub name: String,
    /// Its payload.
    pub value: Value,
    /// The log's timestamp, in milliseconds.
    pub time: i64,
    /// The offset.
    pub offset: i64,
}

/// A report, as a reader of committed records has it.
#[derive(Clone, Debug)]
pub struct Report {
    /// On what.
    pub execution: Execution,
    /// The partition.
    pub partition: i32,
    /// The key of the record.
    pub key: Option<String>,
    /// What the record's four headers name; none if they are not all there.
    pub headers: Option<Execution>,
    /// The state, as written.
    pub state: String,
    /// From the trigger to each signal received, in seconds.
    pub latencies: BTreeMap<String, f64>,
}

/// Everything that was read.
#[derive(Debug, Default)]
pub struct Log {
    /// The test topic.
    pub triggers: Vec<Trigger>,
    /// The bus.
    pub signals: Vec<Signal>,
    /// The report topic.
    pub reports: Vec<Report>,
}

/// What went wrong with one execution.
#[derive(Clone, Debug, PartialEq)]
pub enum Violation {
    /// It has no report.
    Lost,
    /// It has more than one.
    Duplicated(usize),
    /// The report is not what it should be.
    Wrong(String),
    /// There is a report on something that was not triggered now.
    Stranger,
}

/// How the reports compare with what they should be.
#[derive(Debug, Default)]
pub struct Judgement {
    /// How many executions were triggered.
    pub triggered: usize,
    /// How many reports there are, by state.
    pub states: BTreeMap<State, usize>,
    /// How many verdicts are not those that were meant, since the brokers took the records too late.
    pub delayed: usize,
    /// What went wrong.
    pub violations: Vec<(Execution, Violation)>,
}

impl Judgement {
    /// How many violations there are of the kind that `is` says.
    #[must_use]
    pub fn count(&self, is: impl Fn(&Violation) -> bool) -> usize {
        self.violations.iter().filter(|(_, violation)| is(violation)).count()
    }
}

/// Compares the reports with what was meant, and with what the log determines.
#[must_use]
pub fn judge(meant: &HashMap<Execution, State>, log: &Log) -> Judgement {
    let mut triggers: HashMap<&Execution, &Trigger> = HashMap::new();
    for trigger in &log.triggers {
        // One that is repeated word for word is the same execution.
        triggers.entry(&trigger.execution).or_insert(trigger);
    }
    let mut by_key: HashMap<(&str, &str), Vec<&Signal>> = HashMap::new();
    for signal in &log.signals {
        by_key.entry((&signal.case, &signal.key)).or_default().push(signal);
    }
    let mut reports: HashMap<&Execution, Vec<&Report>> = HashMap::new();
    for report in &log.reports {
        reports.entry(&report.execution).or_default().push(report);
    }

    let mut judgement = Judgement { triggered: meant.len(), ..Judgement::default() };
    let mut violate = |execution: &Execution, violation| {
        judgement.violations.push((execution.clone(), violation));
    };
    for (execution, meant) in meant {
        let Some(trigger) = triggers.get(execution) else {
            violate(execution, Violation::Wrong("its trigger is not on the topic".to_owned()));
            continue;
        };
        let key = trigger.arguments["number"].as_str().unwrap_or(&execution.id);
        let of_key = by_key.get(&(execution.case.as_str(), key));
        let signals = of_key.into_iter().flatten().copied().filter(|signal| {
            signal.timestamp.as_ref().is_none_or(|timestamp| *timestamp == execution.timestamp)
        });
        let expected = expected(trigger, signals.collect());
        judgement.delayed += usize::from(expected.state != *meant);
        match reports.get(execution).map_or(&[][..], Vec::as_slice) {
            [] => violate(execution, Violation::Lost),
            [report] => {
                *judgement.states.entry(expected.state).or_default() += 1;
                if let Err(why) = compare(&expected, trigger, report) {
                    violate(execution, Violation::Wrong(why));
                }
            }
            many => violate(execution, Violation::Duplicated(many.len())),
        }
    }
    for execution in reports.keys().filter(|execution| !meant.contains_key(**execution)) {
        violate(execution, Violation::Stranger);
    }
    judgement.violations.sort_by(|one, other| one.0.cmp(&other.0));
    judgement
}

fn compare(expected: &Expected, trigger: &Trigger, report: &Report) -> Result<(), String> {
    let must_be = |what: &str, is: &dyn fmt::Debug, should_be: &dyn fmt::Debug| {
        let (is, should_be) = (format!("{is:?}"), format!("{should_be:?}"));
        if is == should_be { Ok(()) } else { Err(format!("{what} is {is}, and should be {should_be}")) }
    };
    must_be("the state", &report.state, &expected.state.as_str())?;
    must_be("the partition", &report.partition, &trigger.partition)?;
    must_be("the key", &report.key.as_deref(), &Some(trigger.execution.id.as_str()))?;
    must_be("what the headers name", &report.headers.as_ref(), &Some(&trigger.execution))?;
    let millis = |seconds: &f64| (seconds * 1_000.0).round();
    let latencies: Vec<_> = report.latencies.iter().map(|(name, s)| (name.as_str(), millis(s))).collect();
    must_be("what was received", &latencies, &expected.received)
}

/// What a report should say.
#[derive(Debug, PartialEq)]
struct Expected {
    state: State,
    /// The signals received, by name, and how many milliseconds after the trigger.
    received: Vec<(&'static str, f64)>,
}

/// The verdict that the log determines.
fn expected(trigger: &Trigger, signals: Vec<&Signal>) -> Expected {
    let mut waits = Waits::new(trigger, signals);
    let state = match trigger.execution.case.strip_prefix(PARCEL.trim_end_matches("parcel")) {
        Some("parcel") => parcel(&trigger.arguments, &mut waits),
        Some("courier") => waits.next("came", 3_000).map_or(State::Timeout, |_| State::Pass),
        Some("shipment") => shipment(&mut waits),
        Some("collection") => waits.next("collected", 500).map_or(State::Timeout, |_| State::Pass),
        Some("pickup") => pickup(&mut waits),
        Some("debt") => waits.next("booked", 30_000).map_or(State::Timeout, |_| State::Pass),
        Some("invoice") => waits.next("printed", 500).map_or(State::Timeout, |_| State::Pass),
        Some("refund") => State::Error,
        Some("label") if trigger.arguments["address"].is_null() => State::Fail,
        Some("gift") if trigger.arguments["wrapped"].is_null() => State::Skip,
        Some("label" | "gift") => State::Pass,
        _ => State::Skip,
    };
    let mut received = waits.received;
    received.sort_by_key(|(name, _)| *name);
    Expected { state, received }
}

fn parcel(arguments: &Value, waits: &mut Waits<'_>) -> State {
    let Some(packed) = waits.next("packed", 30_000) else { return State::Timeout };
    if !packed.is_u64() {
        return State::Error;
    }
    if *packed != arguments["ordered"] {
        return State::Fail;
    }
    waits.next("delivered", 30_000).map_or(State::Timeout, |_| State::Pass)
}

fn shipment(waits: &mut Waits<'_>) -> State {
    match waits.next("delivered", 30_000) {
        None => State::Timeout,
        Some(delivered) if *delivered == 3 => State::Pass,
        Some(_) => State::Fail,
    }
}

/// A signal with a key of its own is for tests that are triggered within `test_expires` after it.
fn pickup(waits: &mut Waits<'_>) -> State {
    let start = waits.start;
    waits.signals.retain(|signal| signal.time + 2_000 >= start);
    waits.next("fetched", 1_500).map_or(State::Timeout, |_| State::Pass)
}

/// The waits of a case, one after the other. The clock of each starts at the trigger, or at the signal that was
/// received before it.
struct Waits<'l> {
    start: i64,
    clock: i64,
    signals: Vec<&'l Signal>,
    received: Vec<(&'static str, f64)>,
}

impl<'l> Waits<'l> {
    fn new(trigger: &Trigger, mut signals: Vec<&'l Signal>) -> Self {
        signals.sort_by_key(|signal| (signal.time, signal.offset));
        Self { start: trigger.time, clock: trigger.time, signals, received: Vec::new() }
    }

    /// The first signal of that name, if it came in so many milliseconds. No case waits twice for one.
    fn next(&mut self, name: &'static str, timeout: i64) -> Option<&'l Value> {
        let signal = self.signals.iter().find(|signal| signal.name == name)?;
        if signal.time > self.clock + timeout {
            return None;
        }
        self.clock = self.clock.max(signal.time);
        // Of one that came early it is zero.
        #[expect(clippy::cast_precision_loss, reason = "so many milliseconds nobody waits")]
        self.received.push((name, (signal.time - self.start).max(0) as f64));
        Some(&signal.value)
    }
}

impl fmt::Display for Execution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} of {}", self.case, self.id, self.timestamp)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost => f.write_str("lost: no report"),
            Self::Duplicated(times) => write!(f, "duplicated: {times} reports"),
            Self::Wrong(why) => write!(f, "wrong: {why}"),
            Self::Stranger => f.write_str("a report on what was not triggered in this round"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn execution(case: &str) -> Execution {
        let timestamp = "2026-11-21T02:03:04.567890Z".to_owned();
        Execution { case: PARCEL.replace("parcel", case), id: "o-1".to_owned(), timestamp }
    }

    fn trigger(case: &str, arguments: Value) -> Trigger {
        Trigger { execution: execution(case), partition: 2, time: 10_000, arguments }
    }

    fn signal(case: &str, name: &str, time: i64, value: Value) -> Signal {
        let Execution { case, id, timestamp } = execution(case);
        Signal { case, key: id, timestamp: Some(timestamp), name: name.to_owned(), value, time, offset: time }
    }

    fn report(case: &str, state: &str, latencies: &[(&str, f64)]) -> Report {
        let execution = execution(case);
        let latencies = latencies.iter().map(|(name, latency)| ((*name).to_owned(), *latency)).collect();
        Report {
            partition: 2,
            key: Some(execution.id.clone()),
            headers: Some(execution.clone()),
            execution,
            state: state.to_owned(),
            latencies,
        }
    }

    fn courier(came: i64, reports: Vec<Report>) -> Judgement {
        let log = Log {
            triggers: vec![trigger("courier", json!({}))],
            signals: vec![signal("courier", "came", came, Value::Null)],
            reports,
        };
        judge(&HashMap::from([(execution("courier"), State::Pass)]), &log)
    }

    #[test]
    fn what_is_reported_once_and_rightly_is_no_violation() {
        let judgement = courier(12_500, vec![report("courier", "PASS", &[("came", 2.5)])]);
        assert_eq!(judgement.violations, []);
        assert_eq!((judgement.delayed, judgement.states[&State::Pass]), (0, 1));
    }

    #[test]
    fn a_case_that_waits_for_a_key_has_the_signals_of_that_key() {
        let judged = |key: &str| {
            let log = Log {
                triggers: vec![trigger("collection", json!({"number": "n-1"}))],
                signals: vec![Signal {
                    key: key.to_owned(),
                    timestamp: None,
                    ..signal("collection", "collected", 10_500, Value::Null)
                }],
                reports: vec![report("collection", "PASS", &[("collected", 0.5)])],
            };
            judge(&HashMap::from([(execution("collection"), State::Pass)]), &log).violations.len()
        };
        assert_eq!((judged("n-1"), judged("o-1")), (0, 1));
    }

    #[test]
    fn a_missing_a_second_and_a_strange_report_are_violations() {
        assert_eq!(courier(10_001, vec![]).violations[0].1, Violation::Lost);
        let pass = report("courier", "PASS", &[("came", 0.001)]);
        let twice = vec![pass.clone(), pass.clone()];
        assert_eq!(courier(10_001, twice).violations[0].1, Violation::Duplicated(2));
        let strange = courier(10_001, vec![pass, report("invoice", "TIMEOUT", &[])]);
        assert_eq!(strange.violations, [(execution("invoice"), Violation::Stranger)]);
    }

    #[test]
    fn the_log_decides_to_the_millisecond() {
        let last = courier(13_000, vec![report("courier", "TIMEOUT", &[])]);
        assert!(matches!(&last.violations[0].1, Violation::Wrong(why) if why.contains("state")), "{last:?}");
        let late = courier(13_001, vec![report("courier", "TIMEOUT", &[])]);
        assert_eq!((late.violations.len(), late.delayed), (0, 1), "the brokers took it too late");
    }

    #[test]
    fn each_part_of_a_report_is_looked_at() {
        let right = report("courier", "PASS", &[("came", 0.25)]);
        assert_eq!(courier(10_250, vec![right.clone()]).violations, []);
        let wrong = [
            Report { partition: 3, ..right.clone() },
            Report { key: None, ..right.clone() },
            Report { headers: None, ..right.clone() },
            Report { latencies: BTreeMap::new(), ..right.clone() },
            Report { state: "FAIL".to_owned(), ..right },
        ];
        for report in wrong {
            let judgement = courier(10_250, vec![report.clone()]);
            assert!(matches!(judgement.violations[..], [(_, Violation::Wrong(_))]), "{report:?}");
        }
    }

    #[test]
    fn the_clock_of_the_second_wait_starts_at_the_first_signal() {
        let trigger = trigger("parcel", json!({"ordered": 3}));
        let packed = |value| signal("parcel", "packed", 39_000, value);
        let delivered = |time| signal("parcel", "delivered", time, Value::Null);
        let state = |signals: [Signal; 2]| expected(&trigger, signals.iter().collect()).state;
        assert_eq!(state([packed(json!(3)), delivered(69_000)]), State::Pass);
        assert_eq!(state([packed(json!(3)), delivered(69_001)]), State::Timeout);
        assert_eq!(state([packed(json!(3)), delivered(9_000)]), State::Pass, "it came first, and early");
        assert_eq!(state([packed(json!(4)), delivered(40_000)]), State::Fail);
        assert_eq!(state([packed(json!("three")), delivered(40_000)]), State::Error);
    }
}
