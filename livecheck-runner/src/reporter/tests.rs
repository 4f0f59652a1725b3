//! What a run looks like: snapshots of everything that the terminal shows.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use livecheck_core::case::{Argument, Case, Location, SignalDefinition};
use livecheck_core::wire::{
    Attempt, ConsumerLag, Difference, Explanation, LogLine, MissingStep, Place, SignalStep, State, Step,
    TestReport, TopicLag, TriggerStep, WaitEnd, WaitSpan, WaitStep,
};
use livecheck_core::{CaseName, Cases, Origin, Settings, Timestamp};

use super::render::{RenderOptions, Renderer};
use super::*;
use crate::engine::CaseTally;
use crate::monitor::case_state::{Change, ChangeKind, LastFailure};
use crate::monitor::{AlertEvent, AlertResult, CaseChange};
use crate::services::{ServiceDied, ServiceEvent};

static ORDER_FLOW: Case = Case {
    docs: "An order keeps its side all the way to execution.",
    settings: Settings::new().probability(0.5),
    arguments: &[Argument { name: "side", type_name: "Side" }],
    signals: &[
        SignalDefinition {
            timeout: Some(Duration::from_secs(30)),
            ..SignalDefinition::new("sent_to_db", "Signal<Order>")
        },
        SignalDefinition::new("cached", "Signal"),
        SignalDefinition::new("executed", "Signal<ExecutionId>"),
    ],
    ..Case::new(
        "stock_orders::cases::order_flow",
        Location { package: "stock-orders", file: "examples/stock-orders/src/cases.rs", line: 31 },
        |_| Box::pin(async { Ok(()) }),
    )
};

static REFUND: Case = Case::new(
    "examples.livecheck.refund",
    Location { package: "payments", file: "payments/src/lib.rs", line: 7 },
    |_| Box::pin(async { Ok(()) }),
);

fn cases() -> Cases {
    Cases::new([&ORDER_FLOW, &REFUND]).expect("two names")
}

fn options() -> RenderOptions {
    RenderOptions {
        width: Some(100),
        verbose: 0,
        quiet: false,
        live: false,
        status_interval: Duration::from_secs(30),
        root: PathBuf::from("/home/me/work"),
    }
}

fn started(embedded: bool) -> RunEvent {
    RunEvent::Started(Started {
        cases: cases(),
        checks: Vec::new(),
        brokers: "127.0.0.1:19092".to_owned(),
        embedded,
        embedded_data_dir: None,
        test_topic: "livecheck".to_owned(),
        group: Some("livecheck".to_owned()),
        profile: "default".to_owned(),
    })
}

/// A report on an order, with the signals received so far.
fn report(state: State, id: &str, signals: &[(&str, f64)]) -> TestReport {
    let test = format!(
        r#"{{"id":"{id}","case_name":"{}","timestamp":"2026-11-21T02:03:04.567890Z",
        "expires":"2026-11-21T05:03:04.567890Z","test_args":[],"test_kwargs":{{"side":"sell"}}}}"#,
        ORDER_FLOW.name
    );
    TestReport {
        case_name: ORDER_FLOW.name.into(),
        state,
        test: Some(serde_json::from_str(&test).expect("a test")),
        runtime: Some(0.1234),
        signal_latency: signals.iter().map(|&(name, latency)| (name.to_owned(), latency)).collect(),
        error: None,
        traceback: None,
        explanation: None,
        attempts: Vec::new(),
    }
}

fn with_error(mut report: TestReport, error: &str, traceback: Option<&str>) -> TestReport {
    report.error = Some(error.to_owned());
    report.traceback = traceback.map(str::to_owned);
    report
}

/// The trigger of an order, and a signal for each step so far.
fn explained(signals: &[(&str, f64)]) -> Explanation {
    let at = |topic: &str, offset| Place { topic: topic.to_owned(), partition: 3, offset };
    let start: Timestamp = "2026-11-21T02:03:04.5Z".parse().expect("a time");
    let trigger = TriggerStep {
        time: start,
        at: at("livecheck", 17),
        origin: Origin::from_header("service=order-web;host=web-1"),
    };
    let signals = signals.iter().zip(40..).map(|(&(name, latency), offset)| {
        let began = start;
        Step::Signal(SignalStep {
            name: name.to_owned(),
            time: start + Duration::from_secs_f64(latency),
            latency,
            at: at("livecheck-bus", offset),
            origin: Origin::from_header("service=order-creator;host=web-2.eu-central-1.example.com"),
            key: None,
            value: (name == "sent_to_db").then(|| r#"{"id":"order-18","side":"buy"}"#.to_owned()),
            wait: Some(WaitSpan { began, deadline: start + Duration::from_secs(30) }),
            is_late: false,
        })
    });
    Explanation {
        timeline: std::iter::once(Step::Trigger(trigger)).chain(signals).collect(),
        last_step: Some("cached".to_owned()),
        ..Explanation::default()
    }
}

fn failed() -> TestReport {
    let mut explanation = explained(&[("sent_to_db", 0.012)]);
    explanation.difference = Some(Difference { left: "Sell".to_owned(), right: "Buy".to_owned() });
    explanation.logs = (0..12)
        .map(|number| LogLine {
            time: "2026-11-21T02:03:04.513Z".parse().expect("a time"),
            level: if number == 11 { "WARN" } else { "INFO" }.to_owned(),
            target: "stock_orders::cases".to_owned(),
            message: format!("looked at line {number} of the order"),
        })
        .collect();
    let report = with_error(
        report(State::Fail, "order-18", &[("sent_to_db", 0.012)]),
        "assertion `left == right` failed: the order keeps its side\n  left: Sell\n right: Buy",
        Some(
            "at /home/me/work/examples/stock-orders/src/cases.rs:39:5\n   0: core::panicking\n   \
             1: stock_orders::cases\n             at /home/me/work/examples/stock-orders/src/cases.rs:39:5",
        ),
    );
    TestReport { explanation: Some(Box::new(explanation)), ..report }
}

fn timed_out() -> TestReport {
    let signals = [("sent_to_db", 0.012), ("cached", 0.034)];
    let error = "signal `executed` did not come within 5s";
    let mut explanation = explained(&signals);
    let began: Timestamp = "2026-11-21T02:03:04.534Z".parse().expect("a time");
    let (name, deadline) = ("executed".to_owned(), began + Duration::from_secs(5));
    explanation.timeline.push(Step::Wait(WaitStep {
        name: name.clone(),
        key: None,
        began,
        deadline,
        end: WaitEnd::TimedOut,
    }));
    let consumer = ConsumerLag {
        group: "order-executor".to_owned(),
        lag: 1204,
        topics: vec![TopicLag { topic: "order-execution".to_owned(), lag: 1204 }],
        members: Some(0),
    };
    let origin = Some(Origin::from_header("service=order-executor;host=web-3"));
    explanation.waiting_for =
        Some(MissingStep { name, key: None, deadline, origin, consumer: Some(consumer) });
    let report = with_error(report(State::Timeout, "order-19", &signals), error, None);
    TestReport { explanation: Some(Box::new(explanation)), ..report }
}

fn snapshot(order_flow: CaseTally, refund: CaseTally) -> Snapshot {
    let cases = [(ORDER_FLOW.name, order_flow), (REFUND.name, refund)];
    Snapshot { cases: cases.into_iter().map(|(name, counts)| (CaseName::from(name), counts)).collect() }
}

fn counts() -> CaseTally {
    CaseTally { triggered: 126, pass: 118, fail: 2, error: 1, timeout: 1, skip: 1, in_flight: 3 }
}

/// What those events print, a second between them; without colours.
fn printed(options: RenderOptions, events: impl IntoIterator<Item = RunEvent>) -> String {
    anstream::adapter::strip_str(&printed_in_colour(options, events)).to_string()
}

fn printed_in_colour(options: RenderOptions, events: impl IntoIterator<Item = RunEvent>) -> String {
    let mut renderer = Renderer::new(options);
    let events = events.into_iter().zip(1..);
    events.map(|(event, second)| renderer.event(&event, Duration::from_secs(second))).collect()
}

fn reported(report: TestReport) -> String {
    printed(options(), [started(false), report.into()])
}

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
fn what_an_embedded_broker_keeps() {
    let RunEvent::Started(mut started) = started(true) else { panic!("as it says") };
    started.embedded_data_dir = Some(PathBuf::from("/home/me/work/target/kafka"));
    insta::assert_snapshot!(printed(options(), [RunEvent::Started(started)]));
}

#[test]
fn a_run_of_checks_says_how_many() {
    let first_line = |cases: Cases| {
        let RunEvent::Started(mut started) = started(false) else { panic!("as it says") };
        (started.cases, started.checks) = (cases, vec!["account".to_owned()]);
        let printed = printed(options(), [RunEvent::Started(started)]);
        printed.lines().nth(1).expect("a line").trim().to_owned()
    };
    assert_eq!(first_line(cases()), "Starting 2 cases in 2 packages and 1 check, profile default");
    assert_eq!(first_line(Cases::default()), "Starting 1 check, profile default");
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

fn case_changes() -> [RunEvent; 5] {
    let at = "2026-11-21T02:03:04Z".parse().expect("a time");
    let latest = LastFailure {
        at,
        state: State::Timeout,
        id: Some("order-19".into()),
        error: Some("signal `executed` did not come within 5s\nand more".to_owned()),
    };
    let failing = ChangeKind::Failing { consecutive_failures: 30, latest: Box::new(latest) };
    let stalled = ChangeKind::Stalled { nothing_for: Duration::from_secs(1_800), last_seen: Some(at) };
    let recovered = |from, after| ChangeKind::Recovered { from, after: Duration::from_micros(after) };
    let passes = recovered(State::Fail, 305_600_700);
    let is_seen = recovered(State::Stall, 12_345_678);
    let down = LastFailure {
        at,
        state: State::Fail,
        id: Some("stock_orders::cases::order_flow@2026-11-21T02:03:00.000000Z".into()),
        error: Some(
            "service down: http://127.0.0.1:6066/order/ after 11 attempts: connection refused".to_owned(),
        ),
    };
    let down = ChangeKind::ServiceDown { latest: Box::new(down) };
    [failing, passes, stalled, is_seen, down]
        .map(|kind| RunEvent::Case(CaseChange { case: ORDER_FLOW.name.into(), change: Change { kind, at } }))
}

#[test]
fn a_case_as_a_whole_fails_is_stalled_and_recovers() {
    let all = || std::iter::once(started(false)).chain(case_changes());
    insta::assert_snapshot!(printed(options(), all()));
    let lines: String =
        case_changes().iter().map(|event| json::line(event, &cases(), Path::new("/home/me/work"))).collect();
    insta::assert_snapshot!(lines);
    let quiet = RenderOptions { quiet: true, ..options() };
    assert!(
        printed(options(), all()).ends_with(&printed(quiet, all())),
        "who is told of failures is told this"
    );
}

/// Alerts that were told, and that could not be.
fn alerts() -> [RunEvent; 4] {
    let alert = |receiver: &str, failures, result| {
        RunEvent::Alert(AlertEvent {
            receiver: receiver.to_owned(),
            title: "[FIRING] stock_orders::cases::order_flow failing".to_owned(),
            took: Duration::from_millis(31),
            failures,
            result,
        })
    };
    let failed = |reason: &str, seconds| AlertResult::Failed {
        reason: reason.to_owned(),
        retry_in: Duration::from_secs(seconds),
    };
    [
        alert("chat", 0, AlertResult::Sent),
        alert("oncall", 1, failed("503 Service Unavailable: \u{1b}[31mbusy", 1)),
        alert("oncall", 20, failed("there was no answer within 30s", 58)),
        alert("oncall", 23, AlertResult::Sent),
    ]
}

#[test]
fn who_is_told_of_alerts_and_who_cannot_be_is_said() {
    insta::assert_snapshot!(printed(options(), alerts()));
    let quiet = RenderOptions { quiet: true, ..options() };
    assert_eq!(printed(quiet, alerts()).matches("Alerted").count(), 1, "what went wrong is over");
    let lines: String =
        alerts().iter().map(|event| json::line(event, &cases(), Path::new("/home/me/work"))).collect();
    insta::assert_snapshot!(lines);
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

#[test]
fn services_come_up_and_die() {
    let log = PathBuf::from("target/livecheck/services/order-web.log");
    let name = "order-web".to_owned();
    let events = [
        ServiceEvent::Starting {
            name: name.clone(),
            command: "cargo run -p stock-orders".to_owned(),
            log: log.clone(),
        },
        ServiceEvent::Ready { name: name.clone(), after: Duration::from_millis(2345), reused: false },
        ServiceEvent::Ready { name: "users".to_owned(), after: Duration::ZERO, reused: true },
        ServiceEvent::Died(ServiceDied {
            name,
            status: ExitStatus::from_raw(256),
            log,
            last_lines: vec!["connecting".to_owned(), "thread 'main' panicked".to_owned()],
        }),
    ];
    insta::assert_snapshot!(printed(options(), events.map(RunEvent::Service)));
}

#[test]
fn warnings() {
    let events = [
        RunEvent::Warning(
            "broker 127.0.0.1:19092 is away: connection refused; it is tried again until it is back"
                .to_owned(),
        ),
        RunEvent::BadRecords(BadRecords {
            kind: "malformed-json".to_owned(),
            topic: "livecheck-bus".to_owned(),
            partition: 3,
            offset: 42,
            reason: "the value is not JSON: expected value at line 1 column 1".to_owned(),
            count: 1,
        }),
        RunEvent::BadRecords(BadRecords {
            kind: "malformed-json".to_owned(),
            topic: "livecheck-bus".to_owned(),
            partition: 3,
            offset: 77,
            reason: "the value is not JSON: EOF while parsing".to_owned(),
            count: 12,
        }),
        RunEvent::Finished(Finished { bad_records: 12, ..Finished::default() }),
    ];
    insta::assert_snapshot!(printed(options(), events.clone()));
    insta::assert_snapshot!(printed(RenderOptions { width: Some(60), ..options() }, events));
}

/// A run until Ctrl-C.
fn run() -> Vec<RunEvent> {
    vec![
        started(true),
        report(State::Pass, "order-17", &[]).into(),
        failed().into(),
        timed_out().into(),
        RunEvent::Status(snapshot(counts(), CaseTally::default())),
        RunEvent::Stopping(StopReason::Interrupted),
        RunEvent::Finished(Finished {
            elapsed: Duration::from_millis(83_412),
            snapshot: snapshot(counts(), CaseTally::default()),
            left_in_flight: 0,
            bad_records: 0,
        }),
    ]
}

#[test]
fn a_run_until_ctrl_c() {
    insta::assert_snapshot!(printed(options(), run()));
    insta::assert_snapshot!(printed(RenderOptions { quiet: true, ..options() }, run()));
}

#[test]
fn a_run_that_leaves_executions_in_flight() {
    let after =
        |snapshot| vec![RunEvent::Finished(Finished { snapshot, left_in_flight: 3, ..Finished::default() })];
    insta::assert_snapshot!(printed(options(), after(Snapshot::default())));
    let ended = CaseTally { in_flight: 0, ..counts() };
    insta::assert_snapshot!(printed(options(), after(snapshot(ended, CaseTally::default()))));
}

#[test]
fn a_run_on_a_narrow_terminal() {
    insta::assert_snapshot!(printed(RenderOptions { width: Some(60), ..options() }, run()));
}

#[test]
fn a_run_without_a_terminal() {
    insta::assert_snapshot!(printed(RenderOptions { width: None, ..options() }, run()));
}

#[test]
fn a_run_in_colour() {
    let text = printed_in_colour(options(), run()).replace('\u{1b}', "ESC");
    insta::assert_snapshot!(text);
}

#[test]
fn the_live_line_is_cut_to_the_terminal() {
    let live = RenderOptions { live: true, ..options() };
    let mut renderer = Renderer::new(live);
    let mut lines = Vec::new();
    let starting = ServiceEvent::Starting {
        name: "order-web".to_owned(),
        command: "web".to_owned(),
        log: "web.log".into(),
    };
    let events = [RunEvent::Service(starting), started(false)].into_iter();
    let events = events.chain([
        RunEvent::Status(snapshot(counts(), CaseTally::default())),
        RunEvent::Stopping(StopReason::TimeIsUp),
        RunEvent::Finished(Finished::default()),
    ]);
    for event in events {
        renderer.event(&event, Duration::from_secs(10));
        for width in [100, 40] {
            renderer.set_width(Some(width));
            let line = renderer.live_line(Duration::from_secs(95)).unwrap_or_else(|| "(none)".to_owned());
            lines.push(anstream::adapter::strip_str(&line).to_string());
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn without_a_terminal_counts_are_printed_now_and_then() {
    let mut renderer = Renderer::new(options());
    renderer.event(&started(false), Duration::ZERO);
    assert_eq!(renderer.tick(Duration::from_secs(60)), "", "nothing has happened");
    renderer.event(&RunEvent::Status(snapshot(counts(), CaseTally::default())), Duration::from_secs(61));
    let mut tick = |second| {
        let text = renderer.tick(Duration::from_secs(second));
        anstream::adapter::strip_str(&text).to_string()
    };
    let line =
        "     Running [ 00:01:02] 3 in flight, 118 passed, 2 failed, 1 error, 1 timed out, 1 skipped\n";
    assert_eq!(tick(62), line);
    assert_eq!(tick(63), "", "it has been said");
    assert_eq!(tick(600), "", "nothing has changed");
}

#[test]
fn without_a_terminal_a_service_that_is_waited_for_is_named_now_and_then() {
    let mut renderer = Renderer::new(options());
    let starting = ServiceEvent::Starting {
        name: "order-web".to_owned(),
        command: "web".to_owned(),
        log: "services/order-web.log".into(),
    };
    renderer.event(&RunEvent::Service(starting), Duration::from_secs(100));
    let mut tick = |second| {
        let text = renderer.tick(Duration::from_secs(second));
        anstream::adapter::strip_str(&text).to_string()
    };
    assert_eq!(tick(104), "", "most are ready by then");
    let line =
        "     Waiting [ 00:00:05] for order-web to be ready; services/order-web.log has what it says\n";
    assert_eq!(tick(105), line);
    assert_eq!([tick(106), tick(134)], ["", ""], "it has been said");
    assert_eq!(tick(135), line.replace("00:05", "00:35"));
}

#[test]
fn failures_are_listed_again_and_not_without_bound() {
    let events = (0..60).map(|number| report(State::Fail, &format!("order-{number}"), &[]).into());
    let events = events.chain([RunEvent::Finished(Finished::default())]);
    let text = printed(options(), events);
    let summary = text.split_once("────────────").expect("a summary").1;
    assert!(summary.contains("… 10 earlier failures"), "{summary}");
    assert_eq!(summary.matches("FAIL").count(), 50);
}

#[test]
fn the_same_as_json() {
    let lines: String =
        run().iter().map(|event| json::line(event, &cases(), Path::new("/home/me/work"))).collect();
    insta::assert_snapshot!(lines);
}
