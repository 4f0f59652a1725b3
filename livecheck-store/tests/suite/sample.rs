//! Reports to write.

use std::collections::BTreeMap;
use std::time::Duration;

use livecheck_core::Timestamp;
use livecheck_core::wire::{Arguments, State, TestExecution, TestReport};
use livecheck_store::{Positions, Reported};

/// The beginning of the times of all samples: a midnight.
pub(crate) fn begin() -> Timestamp {
    "2026-11-20T00:00:00Z".parse().expect("an instant")
}

pub(crate) fn at(seconds: u64) -> Timestamp {
    begin() + Duration::from_secs(seconds)
}

/// A report on an execution, written so many seconds after the beginning.
pub(crate) fn report(case: &str, id: &str, seconds: u64, state: State) -> Reported {
    let mut arguments = Arguments::new();
    arguments.insert("side", "sell").expect("a text is JSON");
    let test = TestExecution {
        id: id.into(),
        case_name: case.into(),
        timestamp: at(seconds) - Duration::from_millis(250),
        expires: at(seconds + 600),
        arguments,
    };
    let error = match state {
        State::Fail => Some(format!("order {id} changed its side\n  left: Buy\n right: Sell")),
        State::Error => Some("the cache is away".to_owned()),
        State::Timeout => Some("signal `executed` did not come within 5s".to_owned()),
        _ => None,
    };
    let traceback = error.as_ref().map(|_| "at src/cases.rs:22:5".to_owned());
    let signal_latency = BTreeMap::from([("sent".to_owned(), 0.125)]);
    let report = TestReport {
        case_name: case.into(),
        state,
        test: Some(test),
        runtime: Some(0.25),
        signal_latency,
        error,
        traceback,
        explanation: None,
        attempts: Vec::new(),
    };
    Reported { at: at(seconds), report }
}

/// A report on a case as a whole.
pub(crate) fn stalled(case: &str, seconds: u64) -> Reported {
    let mut reported = report(case, "", seconds, State::Stall);
    let report = &mut reported.report;
    (report.test, report.runtime, report.error) =
        (None, None, Some("no execution was seen for 5s".to_owned()));
    report.signal_latency.clear();
    reported
}

pub(crate) fn positions(next: i64) -> Positions {
    Positions { cluster: "c-1".to_owned(), topic: "livecheck-report".to_owned(), next: [(0, next)].into() }
}
