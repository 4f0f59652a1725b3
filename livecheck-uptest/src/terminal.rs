//! The results for people, in nextest's manner: a line for each uptest, and what a failure has to say under it.

use std::fmt::Write;
use std::time::Duration;

use anstyle::Style;
use livecheck_terminal::style::{COUNT, DIM, FAIL, NAME, PACKAGE, PASS, WARN, bracketed, paint, verb};
use livecheck_terminal::text::{block, plain, plural};

use crate::find::{self, Found};
use crate::outcome::{Ending, LeftBehind, Limit};
use crate::plan::Planned;
use crate::run::{Event, UptestResult};
use crate::verdict::{Counts, Verdict};

/// What separates the parts of a run.
const RULE: &str = "────────────";
/// How many lines of an output are shown of its beginning, and of its end.
const LINES: (usize, usize) = (8, 24);
const BLOCK: usize = 4;

/// How much is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terminal {
    /// Whether outputs are shown in full, also those of uptests that pass.
    pub verbose: bool,
    /// Whether only what failed is said.
    pub quiet: bool,
}

impl Terminal {
    /// What is said before the first uptest.
    #[must_use]
    pub fn header(self, plan: &[Planned]) -> String {
        let mut out = String::new();
        if !self.quiet {
            let uptests = plan.iter().map(|planned| planned.checks.len()).sum::<usize>();
            let (uptests, instances) =
                (plural(uptests, "uptest", "uptests"), plural(plan.len(), "instance", "instances"));
            let _ =
                writeln!(out, "{RULE}\n{} {} of {instances}", verb(PASS, "Starting"), paint(COUNT, uptests));
        }
        out
    }

    /// What is said of instances without uptests.
    #[must_use]
    pub fn without_uptests(self, plan: &[Planned], allow_empty: bool) -> String {
        let mut out = String::new();
        let style = if allow_empty { WARN } else { FAIL };
        for planned in plan.iter().filter(|planned| planned.checks.is_empty()) {
            if self.quiet && allow_empty {
                continue;
            }
            let folder = find::folder(&planned.instance.proc);
            let folder = folder.display();
            let why = match planned.found {
                Found::NoFolder => format!("there is no folder {folder}"),
                Found::NotAFolder => format!("{folder} is no folder"),
                Found::Files(_) => format!("{folder} has no file that is not hidden"),
            };
            let _ = writeln!(
                out,
                "{} {} {}: {why}, and there is no uptest in Rust for `{}`",
                verb(style, "NONE"),
                bracketed(None),
                instance(planned),
                planned.instance.proc
            );
        }
        out
    }

    /// What is said of what happens.
    #[must_use]
    pub fn event(self, event: &Event) -> String {
        match event {
            Event::Again(result) if self.quiet || result.tries > 1 && !self.verbose => String::new(),
            Event::Again(result) => {
                let reason = plain(&result.outcome.ending.to_string());
                format!("{}: {reason}; trying again\n", line(WARN, "TRY", result))
            }
            Event::Done(result) => self.done(result),
        }
    }

    fn done(self, result: &UptestResult) -> String {
        let ending = &result.outcome.ending;
        if self.quiet && !ending.is_failure() {
            return String::new();
        }
        let mut out = line_of(result);
        match result.tries {
            0 | 1 => {}
            tries => out.push_str(&format!(", tried {tries} times")),
        }
        if let Ending::Skipped(reason) = ending {
            let _ = write!(out, ": {}", plain(reason));
        }
        out.push('\n');
        if ending.is_failure() {
            let reason = block(&ending.to_string(), BLOCK, None);
            let _ = write!(out, "{}", paint(FAIL, reason));
        }
        if let Some(left_behind) = &result.outcome.left_behind {
            let _ = write!(out, "{}", paint(WARN, block(&left_behind.to_string(), BLOCK, None)));
        }
        if ending.is_failure() || self.verbose {
            out.push_str(&self.output(result));
        }
        out
    }

    fn output(self, result: &UptestResult) -> String {
        let text = result.outcome.output.text();
        let lines: Vec<&str> = text.lines().collect();
        let (first, last) = LINES;
        let mut out = String::new();
        let mut show = |lines: &[&str]| {
            for line in lines {
                let _ = writeln!(out, "{:BLOCK$}{} {}", "", paint(DIM, "|"), plain(line));
            }
        };
        if self.verbose || lines.len() <= first + last + 1 {
            show(&lines);
        } else {
            show(&lines[..first]);
            let more = lines.len() - first - last;
            let more = plural(more, "more line", "more lines");
            let not_kept = match result.outcome.output.cut() {
                0 => String::new(),
                bytes => format!("; between them, {} were not kept", plural(bytes, "byte", "bytes")),
            };
            show(&[&format!("… -v shows {more}{not_kept}")]);
            show(&lines[lines.len() - last..]);
        }
        out
    }

    /// What is said of processes that have left the group of their uptest, and are ended after all.
    #[must_use]
    pub fn left_behind(self, left_behind: &LeftBehind) -> String {
        if self.quiet {
            return String::new();
        }
        let names = left_behind.names();
        format!(
            "{} what uptests had started in process groups of its own was ended: {names}\n",
            verb(WARN, "Warning")
        )
    }

    /// What is said at the end.
    #[must_use]
    pub fn summary(
        self,
        plan: &[Planned],
        results: &[UptestResult],
        verdict: Verdict,
        elapsed: Duration,
    ) -> String {
        if self.quiet && verdict == Verdict::Passed {
            return String::new();
        }
        let counts = Counts::of(results);
        let style = if verdict == Verdict::Passed { PASS } else { FAIL };
        let total = paint(COUNT, plural(counts.total(), "uptest", "uptests")).to_string();
        let mut parts = Vec::new();
        let mut part = |count: usize, style: Style, what: &str| {
            if count > 0 || what == "passed" {
                parts.push(format!("{} {}", paint(COUNT, count), paint(style, what)));
            }
        };
        part(counts.passed, PASS, "passed");
        part(counts.failed, FAIL, "failed");
        part(counts.timed_out, FAIL, "timed out");
        part(counts.stopped, FAIL, "not run to the end");
        part(counts.skipped, WARN, "skipped");
        let without = plan.iter().filter(|planned| planned.checks.is_empty()).count();
        let without = match without {
            0 => String::new(),
            count => format!("; {} without uptests", plural(count, "instance", "instances")),
        };
        let time = bracketed(Some(elapsed.as_secs_f64()));
        let mut out =
            format!("{RULE}\n{} {time} {total}: {}{without}\n", verb(style, "Summary"), parts.join(", "));
        for result in results.iter().filter(|result| result.outcome.ending.is_failure()) {
            let _ = writeln!(out, "{}", line_of(result));
        }
        out
    }
}

fn line_of(result: &UptestResult) -> String {
    let (style, what) = match &result.outcome.ending {
        Ending::Passed => (PASS, "PASS"),
        Ending::Skipped(_) => (WARN, "SKIP"),
        Ending::TimedOut { .. } => (FAIL, "TIMEOUT"),
        Ending::Stopped(Limit::Run) => (FAIL, "NOT RUN"),
        Ending::Stopped(_) => (FAIL, "STOPPED"),
        Ending::Returned(_) => (FAIL, "ERROR"),
        _ => (FAIL, "FAIL"),
    };
    line(style, what, result)
}

/// Verb, time, instance and name.
fn line(style: Style, what: &str, result: &UptestResult) -> String {
    let time = bracketed((result.tries > 0).then_some(result.outcome.elapsed.as_secs_f64()));
    let name = plain(&result.check.name());
    let name = paint(NAME, name);
    format!("{} {time} {} {name}", verb(style, what), shown(&result.instance))
}

fn instance(planned: &Planned) -> String {
    shown(&planned.instance)
}

fn shown(instance: &crate::instance::Instance) -> String {
    format!("{} {}", paint(PACKAGE, &instance.proc), instance.target)
}
