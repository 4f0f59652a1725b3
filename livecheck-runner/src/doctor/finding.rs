//! What was found, and what to do about it.

use crate::reporter::style::{COUNT, DIM, FAIL, INDENT, PASS, WARN, paint, verb};
use crate::reporter::text::{block, plural};

/// How good or bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grade {
    /// As it must be.
    Ok,
    /// It could not be looked at, and nothing is known to be wrong.
    Skip,
    /// A run works, and somebody should know.
    Warn,
    /// A run does not work, or its verdicts are not to be relied on.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) grade: Grade,
    /// What was looked at.
    pub(crate) subject: String,
    /// What was found.
    pub(crate) found: String,
    /// What to do: a line for each thing.
    pub(crate) advice: Option<String>,
}

impl Finding {
    pub(crate) fn ok(subject: impl Into<String>, found: impl Into<String>) -> Self {
        Self { grade: Grade::Ok, subject: subject.into(), found: found.into(), advice: None }
    }

    pub(crate) fn skip(subject: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { grade: Grade::Skip, ..Self::ok(subject, reason) }
    }

    pub(crate) fn warn(
        subject: impl Into<String>,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { grade: Grade::Warn, advice: Some(advice.into()), ..Self::ok(subject, found) }
    }

    pub(crate) fn fail(
        subject: impl Into<String>,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { grade: Grade::Fail, ..Self::warn(subject, found, advice) }
    }

    /// As lines for a terminal that wide, with colours.
    pub(crate) fn render(&self, width: Option<usize>) -> String {
        let Self { grade, subject, found, advice } = self;
        let (style, word) = match grade {
            Grade::Ok => (PASS, "OK"),
            Grade::Skip => (DIM, "SKIP"),
            Grade::Warn => (WARN, "WARN"),
            Grade::Fail => (FAIL, "FAIL"),
        };
        let text = block(&format!("{subject}: {found}"), INDENT, width);
        let text = text.trim_start();
        // The subject is the first word or two, so that it is never broken away from its line.
        let text = match text.strip_prefix(subject.as_str()) {
            Some(rest) => format!("{}{rest}", paint(COUNT, subject)),
            None => text.to_owned(),
        };
        let mut out = format!("{} {text}", verb(style, word));
        for advice in advice.iter().flat_map(|advice| advice.lines()) {
            out.push_str(&block(&format!("= help: {advice}"), INDENT, width));
        }
        out
    }
}

/// The line at the end.
pub(crate) fn summary(findings: &[Finding]) -> String {
    let count = |grade| findings.iter().filter(|finding| finding.grade == grade).count();
    let (failed, warned) = (count(Grade::Fail), count(Grade::Warn));
    let style = match (failed, warned) {
        (0, 0) => PASS,
        (0, _) => WARN,
        _ => FAIL,
    };
    let parts = [
        (count(Grade::Ok), "ok", "ok"),
        (warned, "warning", "warnings"),
        (failed, "failed", "failed"),
        (count(Grade::Skip), "skipped", "skipped"),
    ];
    let parts = parts.iter().filter(|(count, ..)| *count > 0);
    let parts: Vec<_> = parts.map(|(count, one, many)| plural(*count, one, many)).collect();
    let checks = plural(findings.len(), "check", "checks");
    format!("{} {}: {}\n", verb(style, "Summary"), paint(COUNT, checks), parts.join(", "))
}
