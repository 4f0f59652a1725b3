//! The block under an execution that did not pass: what went wrong, where, and how far it got.

use std::fmt::Write;

use livecheck_core::wire::{Explanation, LogLine, Step, TestExecution, TestReport};
use livecheck_core::{Case, Cases};
use livecheck_store::is_kept_whole;
use serde_json::value::RawValue;

use super::render::RenderOptions;
use super::style::{COUNT, DIM, FAIL, WARN, paint};
use super::text::{block, cut, plain, plural};
use super::timeline::TableOptions;
use super::{difference, timeline};
use crate::difference::without_values;
use crate::monitor::case_state::LastFailure;
use crate::paths::shown_in;

const INDENT: usize = 4;
/// How wide the labels of facts are.
const LABEL: usize = 10;
/// Below so many columns a table stands without its label.
const NARROW: usize = 70;
/// How many lines of a log are shown where no more is asked for.
const LOG_LINES: usize = 10;
/// The longest argument that is shown in full.
const ARGUMENT: usize = 120;

/// All that is known of an execution that did not pass.
pub(super) fn render(report: &TestReport, cases: &Cases, options: &RenderOptions) -> String {
    let case = cases.get(report.case_name.as_str());
    let mut out = error(report, options);
    out.push_str(&traceback(report, options));
    let mut facts = Vec::new();
    if let Some(explanation) = &report.explanation {
        // On a narrow terminal the table needs the room of its label.
        let has_label = options.width.is_none_or(|width| width >= NARROW);
        let indent = if has_label { INDENT + LABEL + 1 } else { INDENT };
        let width = options.width.map(|width| width.saturating_sub(indent));
        let table = TableOptions { width, is_verbose: options.verbose > 0 };
        let steps = timeline::lines(explanation, case, &table);
        if has_label {
            facts.extend(steps.into_iter().map(|step| ("timeline", step)));
        } else {
            for step in steps {
                let _ = writeln!(out, "{:INDENT$}{step}", "");
            }
        }
        let missing = explanation.waiting_for.iter().flat_map(timeline::missing);
        facts.extend(missing.map(|line| ("missing", line)));
        facts.extend(logs(explanation, options).into_iter().map(|line| ("logs", line)));
    }
    if let Some(test) = &report.test {
        facts.extend(arguments(test, case));
        facts.push(triggered(test));
    }
    write_facts(&mut out, facts);
    out.push('\n');
    out
}

/// What is known of the test of an execution that did not fail, for who asks for it later. While it runs nobody wants it.
pub(crate) fn facts_of_kept(report: &TestReport, cases: &Cases) -> String {
    let mut out = String::new();
    let Some(test) = report.test.as_ref().filter(|_| !report.state.is_failure()) else { return out };
    let mut facts = if is_kept_whole(report) {
        arguments(test, cases.get(report.case_name.as_str()))
    } else {
        vec![("arguments", paint(DIM, "not kept of executions that pass").to_string())]
    };
    facts.push(triggered(test));
    write_facts(&mut out, facts);
    out
}

fn write_facts(out: &mut String, facts: Vec<(&'static str, String)>) {
    let mut label_before = "";
    for (label, fact) in facts {
        // The label of several lines stands at the first.
        let shown = if label == label_before { "" } else { label };
        let _ = writeln!(out, "{:INDENT$}{} {fact}", "", paint(DIM, format_args!("{shown:<LABEL$}")));
        label_before = label;
    }
}

fn triggered(test: &TestExecution) -> (&'static str, String) {
    ("triggered", test.timestamp.to_string())
}

/// What went wrong; and, where two values were compared, how they differ.
fn error(report: &TestReport, options: &RenderOptions) -> String {
    let Some(error) = &report.error else { return String::new() };
    let difference = report.explanation.as_ref().and_then(|explanation| explanation.difference.as_ref());
    let said = if difference.is_some() { without_values(error) } else { error };
    let text = block(said.trim_end(), INDENT, options.width);
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let mut out = format!("{}\n{rest}", paint(FAIL, first));
    if let Some(difference) = difference {
        out.push_str(&difference::render(difference, INDENT + 2, options.width));
    }
    out
}

/// What the case has logged: the latest lines, or all of them where more is asked for.
fn logs(explanation: &Explanation, options: &RenderOptions) -> Vec<String> {
    let most = if options.verbose > 0 { usize::MAX } else { LOG_LINES };
    let not_shown = explanation.logs.len().saturating_sub(most);
    let mut lines = Vec::new();
    match (explanation.logs_left_out, not_shown) {
        (0, 0) => {}
        (0, more) => {
            lines.push(paint(DIM, format_args!("-v shows {more} lines more, before these")).to_string());
        }
        (lost, more) => {
            let before = plural(lost + more as u64, "line", "lines");
            lines.push(paint(DIM, format_args!("… {before} before these")).to_string());
        }
    }
    let start = explanation.timeline.first().and_then(Step::time);
    lines.extend(explanation.logs.iter().skip(not_shown).map(|LogLine { time, level, target, message }| {
        let style = match level.as_str() {
            "ERROR" => FAIL,
            "WARN" => WARN,
            _ => DIM,
        };
        let (time, target) = (timeline::after(*time, start), plain(target));
        format!(
            "{time}  {} {} {}",
            paint(style, format_args!("{:<5}", plain(level))),
            paint(DIM, target),
            plain(message)
        )
    }));
    lines
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
    let at = if is_place(place) && !place.starts_with("at ") { "at " } else { "" };
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

/// Whether it is `file:line:column`, and not the first line of what another runner, or an uptest, has said.
fn is_place(line: &str) -> bool {
    let mut parts = line.rsplitn(3, ':');
    let mut is_number = || parts.next().is_some_and(|part| part.parse::<u32>().is_ok());
    is_number() && is_number() && parts.next().is_some_and(|file| !file.is_empty())
}

/// Each argument of the test, in the order of the parameters; of a case that is not linked, as its sender gave them.
fn arguments(test: &TestExecution, case: Option<&Case>) -> Vec<(&'static str, String)> {
    let line = |name: &str, value: &RawValue| {
        ("arguments", format!("{} = {}", paint(COUNT, name), cut(&plain(value.get()), ARGUMENT)))
    };
    let Some(case) = case else {
        let given = test.arguments.iter().enumerate();
        return given
            .map(|(place, (name, value))| match name {
                Some(name) => line(&plain(name), value),
                None => line(&format!("#{}", place + 1), value),
            })
            .collect();
    };
    let given = case.arguments.iter().enumerate();
    given
        .filter_map(|(index, argument)| Some(line(argument.name, test.arguments.get(index, argument.name)?)))
        .collect()
}
