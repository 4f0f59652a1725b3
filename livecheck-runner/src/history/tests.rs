//! What the history looks like, and what is exported.

use std::time::Duration;

use livecheck_core::case::{Case, Location};
use livecheck_core::wire::{Attempt, State, TestReport};
use livecheck_core::{Cases, Timestamp};
use livecheck_store::{Counts, Filter, Page, Reported, Store, Window};

use super::*;

static ORDER_FLOW: Case = Case::new(
    "stock_orders::cases::order_flow",
    Location { package: "stock-orders", file: "examples/stock-orders/src/cases.rs", line: 31 },
    |_| Box::pin(async { Ok(()) }),
);

fn cases() -> Cases {
    Cases::new([&ORDER_FLOW]).expect("one name")
}

fn reported(seconds: u64, case: &str, state: State, error: Option<&str>) -> Reported {
    let begin: Timestamp = "2026-11-21T02:03:04Z".parse().expect("an instant");
    let at = begin + Duration::from_secs(seconds);
    let test =
        format!(r#"{{"id":"order-{seconds}","case_name":"{case}","timestamp":"{at}","expires":"{at}"}}"#);
    let report = TestReport {
        case_name: case.into(),
        state,
        test: (state != State::Stall).then(|| serde_json::from_str(&test).expect("a test")),
        runtime: (state != State::Stall).then_some(0.125),
        signal_latency: [("sent_to_db".to_owned(), 0.012)].into(),
        error: error.map(str::to_owned),
        traceback: None,
        explanation: None,
        attempts: Vec::new(),
    };
    Reported { at, report }
}

/// The same, if it failed at first.
fn tried_twice(mut reported: Reported) -> Reported {
    let attempt = |state, error: Option<&str>| Attempt {
        state,
        runtime: 0.05,
        error: error.map(str::to_owned),
        traceback: None,
    };
    reported.report.attempts =
        vec![attempt(State::Error, Some("503 Service Unavailable")), attempt(State::Pass, None)];
    reported
}

/// The latest of some reports, of a real store.
fn kept(limit: usize) -> (Page, Counts) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::at(livecheck_store::Location::sqlite(folder.path().join("history.db")));
    let reports = [
        reported(0, ORDER_FLOW.name, State::Pass, None),
        reported(1, ORDER_FLOW.name, State::Fail, Some("the side changed\n  left: Buy\n right: \"<b>\"")),
        reported(2, "payments.refund", State::Timeout, Some("signal `paid` did not come within 5s")),
        reported(3, ORDER_FLOW.name, State::Skip, Some("no such order, \"really\", so\u{7} it says")),
        tried_twice(reported(5, ORDER_FLOW.name, State::Pass, None)),
        reported(9, ORDER_FLOW.name, State::Stall, Some("no execution was seen for 5s")),
    ];
    store.writer().expect("a writer").write(&reports, None).expect("written");
    let page = store.read(|queries| queries.page(&Filter::default(), None, limit)).expect("an answer");
    let cases = store.read(|queries| queries.cases(Window::ever(), 1)).expect("an answer");
    (page, cases.iter().fold(Counts::default(), |sum, case| sum + case.counts))
}

fn shown(history: &History<'_>, width: Option<usize>) -> String {
    anstream::adapter::strip_str(&render(history, &cases(), width)).to_string()
}

#[test]
fn a_history_has_the_lines_of_a_run_with_their_times() {
    let (page, counts) = kept(10);
    insta::assert_snapshot!(shown(
        &History { page: &page, counts, since: None, pruned_until: None },
        Some(100)
    ));
}

#[test]
fn a_history_that_is_cut_says_so_and_a_narrow_terminal_cuts_errors() {
    let (page, counts) = kept(3);
    let since = Some(Duration::from_secs(86_400));
    insta::assert_snapshot!(shown(
        &History { page: &page, counts, since, pruned_until: Some(page.reports[0].at) },
        Some(40)
    ));
}

#[test]
fn a_history_without_reports_says_that_there_are_none() {
    let (mut page, _) = kept(1);
    (page.reports, page.next) = (Vec::new(), None);
    let history = History {
        page: &page,
        counts: Counts::default(),
        since: Some(Duration::from_secs(90)),
        pruned_until: None,
    };
    insta::assert_snapshot!(shown(&history, None));
}

#[test]
fn a_history_has_json() {
    let (page, counts) = kept(2);
    insta::assert_snapshot!(serde_json::to_string_pretty(&of_page(&page, counts)).expect("it is JSON"));
}

fn exported(exporter: for<'w> fn(&'w mut Vec<u8>) -> Box<dyn export::Exporter + 'w>) -> String {
    let (page, _) = kept(10);
    let mut out = Vec::new();
    let mut writer = exporter(&mut out);
    let (first, rest) = page.reports.split_at(2);
    writer.add(first).expect("memory takes it");
    writer.add(rest).expect("memory takes it");
    writer.finish().expect("memory takes it");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn reports_are_exported_as_lines_of_json() {
    insta::assert_snapshot!(exported(|out| json_lines(out)));
}

#[test]
fn reports_are_exported_as_comma_separated_values() {
    insta::assert_snapshot!(exported(|out| csv(out)));
}

#[test]
fn reports_are_exported_as_junits_xml() {
    insta::assert_snapshot!(exported(|out| junit(out)));
}
