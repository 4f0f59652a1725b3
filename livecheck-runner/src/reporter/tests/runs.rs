//! Whole runs, and what is said between executions.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use livecheck_core::Cases;
use livecheck_core::wire::State;

use super::fixtures::*;
use crate::engine::CaseTally;
use crate::monitor::case_state::{Change, ChangeKind, LastFailure};
use crate::monitor::{AlertEvent, AlertResult, CaseChange};
use crate::reporter::render::{RenderOptions, Renderer};
use crate::reporter::*;
use crate::services::{ServiceDied, ServiceEvent};

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
