//! A list of reports for people: the lines that a run prints, with their time.

use std::fmt::Write;
use std::time::Duration;

use livecheck_core::wire::State;
use livecheck_core::{Cases, Timestamp};
use livecheck_store::{Counts, Page, ReportRow};

use crate::engine::CaseTally;
use crate::reporter::style::{COUNT, DIM, FAIL, INDENT, PASS, WARN, paint, verb};
use crate::reporter::text::{cut, plain, plural};
use crate::reporter::time::{human, moment};
use crate::reporter::{DisplayName, colour_of, execution_line, in_words};

/// What is shown.
pub(crate) struct History<'h> {
    /// The reports, the latest first.
    pub(crate) page: &'h Page,
    /// How all the executions of that time have ended, whether they are shown or not.
    pub(crate) counts: Counts,
    /// Of which time, if not of all.
    pub(crate) since: Option<Duration>,
    /// Of what was before this moment, within that time, reports were removed.
    pub(crate) pruned_until: Option<Timestamp>,
}

/// The list, with colours as ANSI escape sequences, for a terminal that wide. The latest comes last, where one looks.
pub(crate) fn render(history: &History<'_>, cases: &Cases, width: Option<usize>) -> String {
    let mut out = String::new();
    for row in history.page.reports.iter().rev() {
        write_row(&mut out, row, cases, width);
    }
    let shown = history.page.reports.len();
    let _ = writeln!(out, "────────────");
    let style = if history.counts.failures() == 0 { PASS } else { FAIL };
    let Counts { pass, fail, error, timeout, skip } = history.counts;
    let total = history.counts.total();
    let tally = CaseTally { triggered: total, pass, fail, error, timeout, skip, in_flight: 0 };
    // As `--since` is given, in hours rather than in a day.
    let hours = |since: Duration| match since.as_secs() {
        seconds @ 3_600..=259_200 if seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
        _ => human(since),
    };
    let time = history.since.map_or_else(String::new, |since| format!(" in the last {}", hours(since)));
    let words = if total == 0 { String::new() } else { format!(": {}", in_words(&tally)) };
    let executions = paint(COUNT, plural(total, "execution", "executions"));
    let _ = writeln!(out, "{} {executions}{time}{words}", verb(style, "Summary"));
    let mut note = |text: String| {
        let _ = writeln!(out, "{:INDENT$} {}", "", paint(DIM, text));
    };
    if history.page.next.is_some() {
        note(format!("these are the latest {shown}; --limit shows more, and `export` all that are kept"));
    }
    if let Some(until) = history.pruned_until {
        note(format!("reports from before {} were removed; they are only counted", moment(until)));
    }
    out
}

fn write_row(out: &mut String, row: &ReportRow, cases: &Cases, width: Option<usize>) {
    let verb = if row.flaky { verb(WARN, "FLAKY") } else { verb(colour_of(row.state), row.state.as_str()) };
    let name = DisplayName::of(cases, &row.case);
    let line = execution_line(verb, row.runtime, &name, row.id.as_ref());
    let _ = writeln!(out, "{line}  {}", paint(DIM, moment(row.at)));
    let error = row.error.as_ref().filter(|_| row.state != State::Pass);
    if let Some(line) = error.and_then(|error| error.lines().map(str::trim).find(|line| !line.is_empty())) {
        let room = width.map_or(usize::MAX, |width| width.saturating_sub(INDENT + 2));
        let _ = writeln!(out, "{:INDENT$} {}", "", cut(&plain(line), room));
    }
}
