//! A report as spans.

use std::time::Duration;

use livecheck_core::Timestamp;
use livecheck_core::wire::{Step, TestReport};

use super::TraceParent;

/// An execution as a span, with those within it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ExecutionSpan {
    pub(super) parent: Option<TraceParent>,
    pub(super) span: Span,
    /// The signals, and the waits that got none.
    pub(super) steps: Vec<Span>,
}

/// A span: something that took from then to then.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) name: String,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    /// What went wrong, if something did.
    pub(super) error: Option<String>,
    pub(super) attributes: Vec<(&'static str, String)>,
}

/// An execution by its report; nothing of a report on a case as a whole, and of a test that was skipped.
pub(super) fn of(report: &TestReport) -> Option<ExecutionSpan> {
    let (test, runtime) = (report.test.as_ref()?, report.runtime?);
    let timeline = report.explanation.as_ref().map_or(&[][..], |explanation| &explanation.timeline);
    let logged = timeline.iter().find_map(|step| match step {
        Step::Trigger(trigger) => Some(trigger.time),
        _ => None,
    });
    // The log's time where it is told, and else the sender's.
    let start = logged.unwrap_or(test.timestamp);
    let span = Span {
        name: report.case_name.to_string(),
        start,
        end: start + seconds(runtime),
        error: report.state.is_failure().then(|| report.error.clone().unwrap_or_default()),
        attributes: vec![
            ("livecheck.case", report.case_name.to_string()),
            ("livecheck.id", test.id.to_string()),
            ("livecheck.state", report.state.to_string()),
        ],
    };
    let received = report.signal_latency.iter().map(|(name, latency)| Span {
        name: name.clone(),
        start,
        end: start + seconds(*latency),
        error: None,
        attributes: origin(timeline, name),
    });
    let missing = timeline.iter().filter_map(|step| match step {
        Step::Wait(wait) => Some(Span {
            name: wait.name.clone(),
            start: wait.began,
            end: wait.deadline,
            error: Some("the signal did not come".to_owned()),
            attributes: Vec::new(),
        }),
        _ => None,
    });
    let steps = received.chain(missing).collect();
    Some(ExecutionSpan { parent: TraceParent::of(report), span, steps })
}

/// Who sent a signal, as far as that is told.
fn origin(timeline: &[Step], name: &str) -> Vec<(&'static str, String)> {
    let signal = timeline.iter().find_map(|step| match step {
        Step::Signal(signal) if signal.name == name => Some(signal),
        _ => None,
    });
    let origin = signal.map(|signal| &signal.origin);
    let service =
        origin.and_then(|origin| origin.service.clone()).map(|service| ("livecheck.sender.service", service));
    let host = origin.and_then(|origin| origin.host.clone()).map(|host| ("livecheck.sender.host", host));
    service.into_iter().chain(host).collect()
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
