//! The judgement for people: a line for each case, and the verdict.

use std::fmt::Write;

use anstyle::Style;
use livecheck_terminal::style::{COUNT, DIM, FAIL, INDENT, NAME, PASS, WARN, bracketed, paint, verb};
use livecheck_terminal::text::{plain, plural};

use super::judgement::{GateVerdict, Judgement, OfCase};
use crate::args::FailureRate;

const RULE: &str = "────────────";

/// The lines.
pub(crate) fn render(judgement: &Judgement, max_failure_rate: FailureRate) -> String {
    let mut out = format!("{RULE}\n");
    for of_case in &judgement.cases {
        out.push_str(&line(of_case, judgement.min_executions, max_failure_rate));
    }
    let style = colour(judgement.verdict);
    let what = match judgement.verdict {
        GateVerdict::Pass => "the gate is open",
        GateVerdict::Inconclusive => "the gate stays closed: nobody can tell yet",
        GateVerdict::Fail => "the gate stays closed",
    };
    let _ = writeln!(
        out,
        "{} {} {}: {what}",
        verb(style, "Gate"),
        bracketed(Some(judgement.window)),
        paint(style, judgement.verdict.as_str())
    );
    out
}

fn line(of_case: &OfCase, min_executions: u64, max_failure_rate: FailureRate) -> String {
    let verdict = of_case.verdict.unwrap_or(GateVerdict::Inconclusive);
    let name = paint(NAME, plain(&of_case.case));
    let executions = paint(COUNT, plural(of_case.executions, "execution", "executions")).to_string();
    let mut out = format!("{} {name}: {executions}", verb(colour(verdict), verdict.as_str()));
    if of_case.executions < min_executions.max(1) {
        let _ = write!(out, ", and it takes {} to tell", min_executions.max(1));
    }
    if let Some(rate) = of_case.failure_rate {
        let failures = paint(COUNT, of_case.failures).to_string();
        let _ = write!(out, "; {failures} failed, {:.2}% of them; {max_failure_rate} may", rate * 100.0);
    }
    let kinds = [
        (of_case.failed, "FAIL"),
        (of_case.errors, "ERROR"),
        (of_case.timeouts, "TIMEOUT"),
        (of_case.skipped, "SKIP"),
    ];
    let kinds: Vec<String> =
        kinds.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if !kinds.is_empty() {
        let _ = write!(out, " {}", paint(DIM, format_args!("({})", kinds.join(", "))));
    }
    out.push('\n');
    if let Some(error) = &of_case.latest_error {
        let _ = writeln!(out, "{:INDENT$}{}", "", paint(DIM, format_args!("the latest: {}", plain(error))));
    }
    out
}

fn colour(verdict: GateVerdict) -> Style {
    match verdict {
        GateVerdict::Pass => PASS,
        GateVerdict::Inconclusive => WARN,
        GateVerdict::Fail => FAIL,
    }
}

#[cfg(test)]
mod tests {
    use livecheck_core::wire::State;

    use super::super::judgement::tests::{criteria, judged};
    use super::*;

    #[test]
    fn what_a_gate_says() {
        let criteria = criteria(&["order_flow", "refund_flow"], 50, "1%");
        let shown = |reports: &[(&str, State, u64)]| {
            let text = render(&judged(&criteria, reports), criteria.max_failure_rate);
            anstream::adapter::strip_str(&text).to_string()
        };
        let fine = ("refund_flow", State::Pass, 60);
        insta::assert_snapshot!("pass", shown(&[fine, ("shop::order_flow", State::Pass, 200)]));
        insta::assert_snapshot!(
            "fail",
            shown(&[fine, ("order_flow", State::Pass, 90), ("order_flow", State::Timeout, 10)])
        );
        insta::assert_snapshot!("inconclusive", shown(&[fine, ("order_flow", State::Skip, 3)]));
    }
}
