//! Cases, reports on them, and what is printed of events.

use std::path::PathBuf;
use std::time::Duration;

use livecheck_core::case::{Argument, Case, Location, SignalDefinition};
use livecheck_core::wire::{
    ConsumerLag, Difference, Explanation, LogLine, MissingStep, Place, SignalStep, State, Step, TestReport,
    TopicLag, TriggerStep, WaitEnd, WaitSpan, WaitStep,
};
use livecheck_core::{CaseName, Cases, Origin, Settings, Timestamp};

use crate::engine::CaseTally;
use crate::reporter::render::{RenderOptions, Renderer};
use crate::reporter::*;

pub(super) static ORDER_FLOW: Case = Case {
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

pub(super) static REFUND: Case = Case::new(
    "examples.livecheck.refund",
    Location { package: "payments", file: "payments/src/lib.rs", line: 7 },
    |_| Box::pin(async { Ok(()) }),
);

pub(super) fn cases() -> Cases {
    Cases::new([&ORDER_FLOW, &REFUND]).expect("two names")
}

pub(super) fn options() -> RenderOptions {
    RenderOptions {
        width: Some(100),
        verbose: 0,
        quiet: false,
        live: false,
        status_interval: Duration::from_secs(30),
        root: PathBuf::from("/home/me/work"),
    }
}

pub(super) fn started(embedded: bool) -> RunEvent {
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
pub(super) fn report(state: State, id: &str, signals: &[(&str, f64)]) -> TestReport {
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

pub(super) fn with_error(mut report: TestReport, error: &str, traceback: Option<&str>) -> TestReport {
    report.error = Some(error.to_owned());
    report.traceback = traceback.map(str::to_owned);
    report
}

/// The trigger of an order, and a signal for each step so far.
pub(super) fn explained(signals: &[(&str, f64)]) -> Explanation {
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

pub(super) fn failed() -> TestReport {
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

pub(super) fn timed_out() -> TestReport {
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

pub(super) fn snapshot(order_flow: CaseTally, refund: CaseTally) -> Snapshot {
    let cases = [(ORDER_FLOW.name, order_flow), (REFUND.name, refund)];
    Snapshot { cases: cases.into_iter().map(|(name, counts)| (CaseName::from(name), counts)).collect() }
}

pub(super) fn counts() -> CaseTally {
    CaseTally { triggered: 126, pass: 118, fail: 2, error: 1, timeout: 1, skip: 1, in_flight: 3 }
}

/// What those events print, a second between them; without colours.
pub(super) fn printed(options: RenderOptions, events: impl IntoIterator<Item = RunEvent>) -> String {
    anstream::adapter::strip_str(&printed_in_colour(options, events)).to_string()
}

pub(super) fn printed_in_colour(
    options: RenderOptions,
    events: impl IntoIterator<Item = RunEvent>,
) -> String {
    let mut renderer = Renderer::new(options);
    let events = events.into_iter().zip(1..);
    events.map(|(event, second)| renderer.event(&event, Duration::from_secs(second))).collect()
}

pub(super) fn reported(report: TestReport) -> String {
    printed(options(), [started(false), report.into()])
}
