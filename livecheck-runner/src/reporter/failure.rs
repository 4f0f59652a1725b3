//! The block under an execution that did not pass: what went wrong, where, and how far it got.

use std::fmt::Write;

use livecheck_core::wire::{TestExecution, TestReport};
use livecheck_core::{Case, Cases};

use super::event::ExecutionReport;
use super::render::RenderOptions;
use super::style::{COUNT, DIM, FAIL, paint};
use super::text::{block, cut, plain};
use crate::monitor::case_state::LastFailure;
use crate::paths::shown_in;

const INDENT: usize = 4;
/// The longest argument that is shown in full.
const ARGUMENT: usize = 120;

/// All that is known of an execution that did not pass.
pub(super) fn render(execution: &ExecutionReport, cases: &Cases, options: &RenderOptions) -> String {
    let ExecutionReport { report, waiting_for } = execution;
    let case = cases.get(report.case_name.as_str());
    let mut out = String::new();
    if let Some(error) = &report.error {
        let text = block(error.trim_end(), INDENT, options.width);
        let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let _ = writeln!(out, "{}", paint(FAIL, first));
        out.push_str(rest);
    }
    out.push_str(&traceback(report, options));
    let mut facts = signals(report, case, waiting_for.as_deref());
    if let Some(test) = &report.test {
        facts.extend(arguments(test, case));
        facts.push(("triggered", test.timestamp.to_string()));
    }
    let mut label_before = "";
    for (label, fact) in facts {
        // The label of several lines stands at the first.
        let shown = if label == label_before { "" } else { label };
        let _ = writeln!(out, "{:INDENT$}{} {fact}", "", paint(DIM, format_args!("{shown:<10}")));
        label_before = label;
    }
    out.push('\n');
    out
}

/// The latest of the executions for which a case as a whole has failed: the line that tells it from others.
pub(super) fn latest(LastFailure { state, id, error, .. }: &LastFailure, options: &RenderOptions) -> String {
    let mut line = format!("the latest is {state}");
    if let Some(id) = id {
        let _ = write!(line, " {id}");
    }
    if let Some(error) = error.as_ref().and_then(|error| error.lines().next()) {
        let _ = write!(line, ": {error}");
    }
    block(&line, INDENT, options.width)
}

/// What went wrong with a fake request.
pub(super) fn request(LastFailure { error, .. }: &LastFailure, options: &RenderOptions) -> String {
    block(error.as_deref().unwrap_or_default(), INDENT, options.width)
}

/// Where it went wrong; and how it came there, where more is asked for.
fn traceback(report: &TestReport, options: &RenderOptions) -> String {
    let Some(traceback) = report.traceback.as_deref().map(str::trim_end) else { return String::new() };
    let traceback = shown_in(traceback, &options.root);
    let (place, rest) = traceback.split_once('\n').unwrap_or((&traceback, ""));
    if place.is_empty() {
        return String::new();
    }
    let at = if place.starts_with("at ") { "" } else { "at " };
    let mut out = format!("{:INDENT$}{at}{}\n", "", plain(place));
    let more = rest.lines().count();
    if options.verbose > 0 {
        out.push_str(&block(rest, INDENT, None));
    } else if more > 0 {
        let _ =
            writeln!(out, "{:INDENT$}{}", "", paint(DIM, format_args!("-v shows {more} more lines of it")));
    }
    out
}

/// Each signal of the case, in its order, and when it came.
fn signals(
    report: &TestReport,
    case: Option<&Case>,
    waiting_for: Option<&str>,
) -> Vec<(&'static str, String)> {
    if report.test.is_none() {
        return Vec::new();
    }
    let declared = case.map(|case| case.signals).unwrap_or_default();
    let mut names: Vec<&str> = declared.iter().map(|signal| signal.name).collect();
    names.extend(waiting_for.filter(|name| !names.contains(name)));
    let others: Vec<_> =
        report.signal_latency.keys().filter(|name| !names.contains(&name.as_str())).collect();
    names.extend(others.into_iter().map(String::as_str));

    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let lines = names.iter().map(|&name| {
        let is_waited_for = waiting_for == Some(name);
        let what = match report.signal_latency.get(name) {
            Some(latency) if is_waited_for => {
                format!("{latency:.3}s, {}", paint(FAIL, "the case was waiting for another one"))
            }
            Some(latency) => format!("{latency:.3}s"),
            None if is_waited_for => {
                format!("{}: the case was waiting for it", paint(FAIL, "not received"))
            }
            None => paint(DIM, "not received").to_string(),
        };
        ("signals", format!("{:<longest$}  {what}", plain(name)))
    });
    lines.collect()
}

/// Each argument of the test, in the order of the parameters.
fn arguments(test: &TestExecution, case: Option<&Case>) -> Vec<(&'static str, String)> {
    let Some(case) = case else { return Vec::new() };
    let given = case.arguments.iter().enumerate().filter_map(|(index, argument)| {
        let value = test.arguments.get(index, argument.name)?;
        Some(format!("{} = {}", paint(COUNT, argument.name), cut(&plain(value.get()), ARGUMENT)))
    });
    given.map(|argument| ("arguments", argument)).collect()
}
