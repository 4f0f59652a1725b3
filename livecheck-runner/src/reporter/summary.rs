//! What is printed at the end of a run.

use std::fmt::Write;

use livecheck_core::Cases;

use super::case_name::DisplayName;
use super::counts::{columns, in_words, in_words_or};
use super::event::Finished;
use super::render::{RULE, RenderOptions};
use super::style::{COUNT, DIM, FAIL, INDENT, PASS, WARN, bracketed, paint, verb};
use super::text::plural;
use crate::engine::CaseTally;

/// Names of cases are long: their table begins further to the left.
const ROW_INDENT: usize = 4;

/// The counts of all, of each case where there are several, and the failures again.
pub(super) fn render(
    finished: &Finished,
    cases: &Cases,
    failures: &Failures,
    options: &RenderOptions,
) -> String {
    let total = finished.snapshot.total();
    let style = if total.failures() > 0 {
        FAIL
    } else if total.ended() > 0 {
        PASS
    } else {
        WARN
    };
    let executions = plural(total.ended(), "execution", "executions");
    let what = what_became_of(&total, finished.left_in_flight);
    let mut out = format!("{RULE}\n");
    let elapsed = bracketed(Some(finished.elapsed.as_secs_f64()));
    let _ = writeln!(out, "{} {elapsed} {}: {what}", verb(style, "Summary"), paint(COUNT, executions));
    out.push_str(&by_case(finished, cases, options));
    if finished.bad_records > 0 {
        let records = plural(finished.bad_records, "record", "records");
        let _ = writeln!(out, "{} {records} could not be read", verb(WARN, "Warning"));
    }
    if failures.left_out > 0 {
        let earlier = plural(failures.left_out, "earlier failure", "earlier failures");
        let _ = writeln!(out, "{:INDENT$}{}", "", paint(DIM, format_args!("… {earlier}")));
    }
    for line in &failures.latest {
        out.push_str(line);
        out.push('\n');
    }
    out
}

fn what_became_of(total: &CaseTally, left_in_flight: u64) -> String {
    let left = || format!("{} left in flight", paint(COUNT, left_in_flight));
    match (total.triggered, left_in_flight) {
        (0, 0) => "no trigger came".to_owned(),
        (_, 0) => in_words(total),
        (0, _) => left(),
        _ => format!("{}, {}", in_words(total), left()),
    }
}

/// A line for each case, where there are several: a table, or where that is too wide, the counts in words.
fn by_case(finished: &Finished, cases: &Cases, options: &RenderOptions) -> String {
    let rows: Vec<_> =
        finished.snapshot.cases.iter().map(|(name, counts)| (DisplayName::of(cases, name), counts)).collect();
    if rows.len() < 2 {
        return String::new();
    }
    let mut out = String::new();
    let longest = rows.iter().map(|(name, _)| name.plain().chars().count()).max().unwrap_or(0);
    let heads = columns(&CaseTally::default()).map(|(head, ..)| head);
    let table_width = ROW_INDENT + longest + heads.iter().map(|head| head.len() + 2).sum::<usize>();
    if options.width.is_some_and(|width| width < table_width) {
        for (name, counts) in rows {
            let _ = writeln!(
                out,
                "{:ROW_INDENT$}{}: {}",
                "",
                name.painted(),
                in_words_or(counts, "no trigger came")
            );
        }
        return out;
    }
    let _ = write!(out, "{:width$}", "", width = ROW_INDENT + longest);
    for head in heads {
        let _ = write!(out, "  {}", paint(DIM, head));
    }
    out.push('\n');
    for (name, counts) in rows {
        let padding = longest - name.plain().chars().count();
        let _ = write!(out, "{:ROW_INDENT$}{}{:padding$}", "", name.painted(), "");
        for (head, count, style) in columns(counts) {
            let style = if count == 0 { DIM } else { style };
            let _ = write!(out, "  {}", paint(style, format_args!("{count:>width$}", width = head.len())));
        }
        out.push('\n');
    }
    out
}

/// The lines of the latest executions that did not pass: a run in production lasts for months.
#[derive(Debug, Default)]
pub(super) struct Failures {
    latest: std::collections::VecDeque<String>,
    left_out: u64,
}

impl Failures {
    /// How many are listed again.
    const MOST: usize = 50;

    pub(super) fn add(&mut self, line: String) {
        if self.latest.len() == Self::MOST {
            self.latest.pop_front();
            self.left_out += 1;
        }
        self.latest.push_back(line);
    }
}
