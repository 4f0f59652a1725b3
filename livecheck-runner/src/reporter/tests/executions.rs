//! Single executions.

use std::path::Path;

use livecheck_core::Origin;
use livecheck_core::wire::{Attempt, ConsumerLag, LogLine, State, Step, TestReport};

use super::fixtures::*;
use crate::reporter::render::RenderOptions;
use crate::reporter::*;

#[test]
fn a_pass() {
    let pass =
        report(State::Pass, "order-17", &[("sent_to_db", 0.012), ("cached", 0.034), ("executed", 0.1)]);
    insta::assert_snapshot!(reported(pass.clone()));
    let verbose = RenderOptions { verbose: 1, ..options() };
    insta::assert_snapshot!(printed(verbose, [started(true), pass.clone().into()]));
    let quiet = RenderOptions { quiet: true, ..options() };
    assert_eq!(printed(quiet, [started(true), pass.into()]), "");
}

#[test]
fn what_others_say_of_a_failure_is_taken_for_no_place() {
    let shown =
        |said| reported(with_error(report(State::Fail, "order-19", &[]), "exit status 3", Some(said)));
    assert!(shown("src/cases.rs:39:5").contains("\n    at src/cases.rs:39:5\n"));
    assert!(shown("no database: 10.0.0.1").contains("\n    no database: 10.0.0.1\n"));
}

#[test]
fn of_what_did_not_fail_the_test_is_told_to_who_asks_later() {
    let passed = report(State::Pass, "order-18", &[]);
    let skipped = report(State::Skip, "order-19", &[]);
    let facts = [passed, skipped].map(|report| facts_of_kept(&report, &cases()));
    insta::assert_snapshot!(anstream::adapter::strip_str(&facts.join("---\n")).to_string());
}

#[test]
fn a_failed_contract() {
    insta::assert_snapshot!(reported(failed()));
    let narrow = RenderOptions { width: Some(40), verbose: 1, ..options() };
    insta::assert_snapshot!(printed(narrow, [started(false), failed().into()]));
}

#[test]
fn a_timeout() {
    insta::assert_snapshot!(reported(timed_out()));
}

#[test]
fn a_timeout_where_there_is_no_room_and_where_more_is_asked_for() {
    let options = |width, verbose| RenderOptions { width: Some(width), verbose, ..options() };
    insta::assert_snapshot!(printed(options(60, 0), [started(false), timed_out().into()]));
    insta::assert_snapshot!(printed(options(140, 1), [started(false), timed_out().into()]));
}

#[test]
fn what_came_late_or_was_not_waited_for_and_what_was_left_out() {
    let mut report = timed_out();
    let mut explanation = explained(&[("sent_to_db", 0.012), ("cached", 0.034), ("executed", 7.5)]);
    for (step, late) in explanation.timeline.iter_mut().skip(2).zip([false, true]) {
        let Step::Signal(signal) = step else { panic!("a signal") };
        (signal.wait, signal.is_late, signal.origin) = (None, late, Origin::default());
    }
    explanation.steps_left_out = 7;
    explanation.logs_left_out = 3;
    explanation.logs = failed().explanation.expect("as it says").logs;
    let consumer =
        |lag, members| ConsumerLag { group: "orders".to_owned(), lag, topics: Vec::new(), members };
    let mut out = String::new();
    for (lag, members) in [(0, Some(2)), (0, Some(0)), (7, None)] {
        explanation.waiting_for = report.explanation.as_ref().and_then(|before| before.waiting_for.clone());
        explanation
            .waiting_for
            .iter_mut()
            .for_each(|missing| missing.consumer = Some(consumer(lag, members)));
        report.explanation = Some(Box::new(explanation.clone()));
        out += &reported(report.clone());
    }
    insta::assert_snapshot!(out);
}

#[test]
fn an_error() {
    let error = "argument `side: Side`: came \"up\", expected stock_orders::Side: unknown variant `up`, expected \
                 `buy` or `sell` at line 1 column 4";
    insta::assert_snapshot!(reported(with_error(report(State::Error, "order-20", &[]), error, None)));
}

#[test]
fn a_panic() {
    let error = "called `Option::unwrap()` on a `None` value";
    let place = Some("examples/stock-orders/src/cases.rs:42:30");
    insta::assert_snapshot!(reported(with_error(report(State::Fail, "order-21", &[]), error, place)));
}

/// An execution of a scheduled case, with what became of each attempt.
fn tried(states: &[State]) -> TestReport {
    let last = states.last().copied().unwrap_or(State::Pass);
    let error =
        |state: State| state.is_failure().then(|| "the token was revoked\nsince yesterday".to_owned());
    let attempt = |&state: &State| Attempt { state, runtime: 0.5, error: error(state), traceback: None };
    TestReport {
        error: error(last),
        attempts: states.iter().map(attempt).collect(),
        runtime: Some(2.5),
        ..report(last, "token@2026-11-21T02:00:00.000000Z", &[])
    }
}

#[test]
fn each_attempt_is_shown() {
    let flaky = tried(&[State::Fail, State::Pass]);
    insta::assert_snapshot!(reported(flaky.clone()));
    insta::assert_snapshot!(reported(tried(&[State::Error, State::Fail])));
    let quiet = RenderOptions { quiet: true, ..options() };
    insta::assert_snapshot!(printed(
        quiet,
        [started(false), flaky.clone().into(), RunEvent::Finished(Finished::default())]
    ));
    let line = json::line(&flaky.into(), &cases(), &options().root);
    assert!(line.contains(r#""attempts":[{"state":"FAIL","runtime":0.5,"error":"the token"#), "{line}");
}

#[test]
fn a_skip() {
    let reason = "nothing was ordered";
    insta::assert_snapshot!(reported(with_error(report(State::Skip, "order-22", &[]), reason, None)));
}

#[test]
fn what_a_case_logs_is_told_at_once_where_it_wants_that() {
    let report = report(State::Pass, "order-17", &[]);
    let execution = report.test.expect("of an execution").key();
    let line = LogLine {
        time: "2026-11-21T02:03:04.513Z".parse().expect("a time"),
        level: "INFO".to_owned(),
        target: "stock_orders::cases".to_owned(),
        message: "looking into the cache user=u-1".to_owned(),
    };
    let events = || [started(false), RunEvent::Log { execution: execution.clone(), line: line.clone() }];
    insta::assert_snapshot!(printed(options(), events()));
    let lines = events().map(|event| json::line(&event, &cases(), Path::new("/home/me/work")));
    insta::assert_snapshot!(lines.concat());
    assert_eq!(printed(RenderOptions { quiet: true, ..options() }, events()), "");
}

#[test]
fn a_case_that_this_program_does_not_have() {
    let mut unknown = with_error(report(State::Skip, "order-23", &[]), "unknown case", None);
    unknown.case_name = "orders::removed\u{1b}[2J".into();
    insta::assert_snapshot!(reported(unknown));
}
