//! What an execution that does not pass tells of itself.

use std::sync::Arc;
use std::time::Duration;

use livecheck_core::wire::{Difference, Explanation, State, WaitEnd, WaitSpan};
use livecheck_core::{Origin, Timestamp};

use super::harness::{Harness, Step, at, ms, signal, test};
use crate::engine::{PanicReport, SignalRecord};

const HOUR: Duration = Duration::from_secs(60 * 60);
/// Waits for each signal in turn, five seconds for the last.
const ALL: [Step; 3] =
    [Step::Wait(0, None), Step::Wait(1, None), Step::Wait(2, Some(Duration::from_secs(5)))];

fn sent_by(origin: &str, record: SignalRecord) -> SignalRecord {
    SignalRecord { origin: Some(Arc::new(Origin::from_header(origin))), ..record }
}

/// The signals of an order, each from a service of its own, 100 ms after the other.
fn send(h: &mut Harness, id: &str, triggered: u64, names: &[&str], first_offset: i64) {
    for (number, name) in names.iter().enumerate() {
        let number = i64::try_from(number).expect("few");
        let time = at(triggered + 100 * (number.unsigned_abs() + 1));
        let record = signal(id, name, Some((at(triggered), HOUR)));
        h.signal(first_offset + number, time, sent_by(&format!("service={name}-service;host=h1"), record));
    }
}

fn explanation(h: &Harness, id: &str) -> Explanation {
    let of_id = |test: &livecheck_core::wire::TestExecution| test.id.as_str() == id;
    let report = h.reports.iter().find(|report| report.test.as_ref().is_some_and(of_id)).expect("a report");
    *report.explanation.clone().expect("it did not pass")
}

/// Each step as one word and its time in milliseconds after the trigger.
fn steps(explanation: &Explanation, trigger: Timestamp) -> Vec<String> {
    use livecheck_core::wire::Step;
    let word = |step: &Step| match step {
        Step::Trigger(_) => "trigger".to_owned(),
        Step::Signal(signal) => {
            format!("{}{}", signal.name, if signal.is_late { " (late)" } else { "" })
        }
        Step::Wait(wait) => format!("{} {:?}", wait.name, wait.end),
        other => format!("{other:?}"),
    };
    let millis = |step: &Step| step.time().map_or(0, |time| time.since(trigger).as_millis());
    explanation.timeline.iter().map(|step| format!("{} {}", millis(step), word(step))).collect()
}

#[test]
fn a_timeout_tells_what_came_and_what_is_missing_and_who_else_has_sent_it() {
    let mut h = Harness::new();
    h.script("o-1", &ALL);
    h.test(0, at(0), test("o-1", at(0), HOUR));
    send(&mut h, "o-1", 0, &["stored", "cached", "executed"], 0);
    assert_eq!(h.states("o-1"), [State::Pass]);
    assert_eq!(h.reports[0].explanation, None, "what passed needs no explanation");

    h.script("o-2", &ALL);
    h.test(1, at(1_000), test("o-2", at(1_000), HOUR));
    send(&mut h, "o-2", 1_000, &["stored", "cached"], 3);
    h.silence(at(60_000), 5);
    assert_eq!(h.states("o-2"), [State::Timeout]);
    let explanation = explanation(&h, "o-2");
    assert_eq!(
        steps(&explanation, at(1_000)),
        ["0 trigger", "100 stored", "200 cached", "5200 executed TimedOut"]
    );
    assert_eq!(explanation.last_step.as_deref(), Some("cached"));
    let missing = explanation.waiting_for.expect("a step is missing");
    assert_eq!((missing.name.as_str(), missing.deadline), ("executed", at(6_200)));
    assert_eq!(missing.origin, Some(Origin::from_header("service=executed-service;host=h1")));

    let livecheck_core::wire::Step::Signal(cached) = &explanation.timeline[2] else { panic!("a signal") };
    assert_eq!((cached.at.topic.as_str(), cached.at.partition, cached.at.offset), ("livecheck-bus", 0, 4));
    assert_eq!(cached.origin.to_string(), "cached-service on h1");
    let span = cached.wait.expect("the case waited for it");
    assert_eq!(span, WaitSpan { began: at(1_100), deadline: at(1_000) + HOUR });
}

#[test]
fn a_signal_behind_the_deadline_is_late_and_one_that_nobody_waited_for_is_there() {
    let mut h = Harness::new();
    h.script("o-1", &[Step::Wait(0, Some(ms(1_000)))]);
    h.test(0, at(0), test("o-1", at(0), HOUR));
    // Held back by the disorder that is allowed for: all of it is read before the deadline is judged.
    h.eager = false;
    h.signal(0, at(500), signal("o-1", "executed", None));
    h.signal(1, at(1_500), signal("o-1", "stored", None));
    while h.go_on() {}
    assert_eq!(h.states("o-1"), [State::Timeout]);
    let explanation = explanation(&h, "o-1");
    assert_eq!(
        steps(&explanation, at(0)),
        ["0 trigger", "500 executed", "1000 stored TimedOut", "1500 stored (late)"]
    );
    assert_eq!(explanation.last_step.as_deref(), Some("stored"));
}

#[test]
fn a_broken_contract_shows_the_values_and_misses_no_step() {
    let mut h = Harness::new();
    h.script("o-1", &[Step::Wait(0, None), Step::Panic]);
    h.panics_with(PanicReport {
        message: "assertion `left == right` failed: the side\n  left: Sell\n right: Buy".to_owned(),
        ..PanicReport::default()
    });
    h.test(0, at(0), test("o-1", at(0), HOUR));
    send(&mut h, "o-1", 0, &["stored"], 0);
    assert_eq!(h.states("o-1"), [State::Fail]);
    let explanation = explanation(&h, "o-1");
    assert_eq!(explanation.difference, Some(Difference { left: "Sell".into(), right: "Buy".into() }));
    assert_eq!(explanation.waiting_for, None);
    assert_eq!(steps(&explanation, at(0)), ["0 trigger", "100 stored"]);
}

#[test]
fn a_wait_that_lasts_when_the_execution_ends_is_told() {
    let mut h = Harness::new();
    h.script("o-1", &[Step::Wait(1, Some(ms(5_000)))]);
    h.test(0, at(0), test("o-1", at(0), HOUR));
    h.end_now();
    let explanation = explanation(&h, "o-1");
    let livecheck_core::wire::Step::Wait(wait) = &explanation.timeline[1] else { panic!("a wait") };
    assert_eq!((wait.name.as_str(), wait.end), ("cached", WaitEnd::Cancelled));
}
