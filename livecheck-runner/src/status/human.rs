//! The status for people.

use std::fmt::Write;

use livecheck_core::wire::State;
use livecheck_core::{Cases, Timestamp};

use super::{CaseStatus, ScheduleStatus, Status, Trouble};
use crate::control::render_sampling;
use crate::monitor::case_state::LastFailure;
use crate::monitor::history::Quantiles;
use crate::monitor::slots::{Series, Unfired};
use crate::reporter::style::{COUNT, DIM, INDENT, PASS, WARN, paint, verb};
use crate::reporter::text::{plain, plural};
use crate::reporter::time::{human, moment};
use crate::reporter::{DisplayName, colour_of, in_words};

/// The status, with colours as ANSI escape sequences; `now` is what "ago" counts from.
#[must_use]
pub(crate) fn render(status: &Status, cases: &Cases, now: Timestamp) -> String {
    let mut out = String::new();
    for case in &status.cases {
        write_case(&mut out, case, cases, now);
    }
    let runners = plural(status.runners.len(), "runner", "runners");
    let of = format!("group {}", paint(COUNT, plain(&status.group)));
    let leader = status.leader.as_ref();
    let leader = leader.and_then(|id| status.runners.iter().find(|runner| runner.id == *id));
    let (style, led) = match leader {
        Some(runner) => (PASS, format!(", led by one on {}", plain(&runner.host))),
        None if status.runners.is_empty() => (WARN, ": nobody watches".to_owned()),
        None => (WARN, ", and none leads yet".to_owned()),
    };
    let _ = writeln!(out, "{} {of}: {}{led}", verb(style, "Watching"), paint(COUNT, runners));
    out
}

fn write_case(out: &mut String, case: &CaseStatus, cases: &Cases, now: Timestamp) {
    let name = DisplayName::of(cases, &case.name).painted();
    let ago = |then| human(now.since(then));
    let mut line = format!("{} {name}", verb(colour_of(case.state), case.state.as_str()));
    let _ = write!(line, ", for {}", ago(case.since));
    match case.trouble {
        Some(Trouble { state: State::Stall, since }) if case.state != State::Stall => {
            let _ = write!(line, "; stalled {} ago, and nothing has passed since", ago(since));
        }
        Some(Trouble { state: State::Fail, since }) => {
            let _ = write!(line, "; failing as a whole for {}", ago(since));
        }
        _ => {}
    }
    let _ = writeln!(out, "{line}");
    let mut fact = |label: &str, text: String| {
        let _ = writeln!(out, "{:INDENT$}{} {text}", "", paint(DIM, format_args!("{label:<11}")));
    };
    if let Some(sampling) = &case.sampling {
        let is_scheduled = cases.get(case.name.as_str()).is_some_and(|case| case.settings.schedule.is_some());
        fact("sampled", render_sampling(sampling, is_scheduled));
    }
    let mut executions = match case.counts.triggered {
        0 => "no trigger yet".to_owned(),
        triggered => format!("{triggered} triggered: {}", in_words(&case.counts)),
    };
    if let Some(rate) = case.success_rate {
        let _ = write!(executions, " ({:.1} % of those executed)", rounded_down(rate * 100.0));
    }
    fact("executions", executions);
    if let Some(quantiles) = &case.runtime {
        fact("runtime", in_seconds(quantiles));
    }
    let longest = case.signals.keys().map(|name| name.chars().count()).max().unwrap_or(0);
    for (index, (name, quantiles)) in case.signals.iter().enumerate() {
        let label = if index == 0 { "signals" } else { "" };
        fact(label, format!("{:<longest$}  {}", plain(name), in_seconds(quantiles)));
    }
    if let Some(Quantiles { median, .. }) = case.frequency {
        fact("frequency", format!("one in {median:.3}s"));
    }
    fact("last seen", case.last_seen.map_or_else(|| "never".to_owned(), |seen| format!("{} ago", ago(seen))));
    if let Some(schedule) = &case.schedule {
        fact("due", due(schedule, now));
        for (label, what, unfired) in [
            ("missed", "nobody was there to fire", &schedule.missed),
            ("left out", "the run before was not over at", &schedule.left_out),
        ] {
            if let Some(latest) = &unfired.latest {
                fact(label, slots(unfired, latest, what));
            }
        }
    }
    if let Some(LastFailure { at, state, id, error }) = &case.last_failure {
        let mut text = format!("{} ago: {state}", ago(*at));
        if let Some(id) = id {
            let _ = write!(text, " {}", plain(id.as_str()));
        }
        if let Some(error) = error.as_ref().and_then(|error| error.lines().next()) {
            let _ = write!(text, ": {}", plain(error));
        }
        if case.consecutive_failures > 1 {
            let _ = write!(text, " ({} in a row)", case.consecutive_failures);
        }
        fact("last failed", text);
    }
}

/// `every 15m; last 3m ago, next in 12m`.
fn due(schedule: &ScheduleStatus, now: Timestamp) -> String {
    let mut text = schedule.rule.clone();
    match (schedule.under_way, schedule.fired) {
        (Some(slot), _) => {
            let _ = write!(text, "; under way since {} ago", human(now.since(slot)));
        }
        (None, Some(slot)) => {
            let _ = write!(text, "; last {} ago", human(now.since(slot)));
        }
        (None, None) => text.push_str("; never yet"),
    }
    if let Some(next) = schedule.next {
        let _ = write!(text, ", next in {} ({})", human(next.since(now)), moment(next));
    }
    text
}

/// `5 slots, the latest 3 between … and …: nobody was there to fire them`.
fn slots(unfired: &Unfired, latest: &Series, what: &str) -> String {
    let slots = plural(unfired.count, "slot", "slots");
    let latest_of = match (latest.count == unfired.count, latest.count) {
        (true, 1) => "that".to_owned(),
        (true, _) => "those".to_owned(),
        (false, 1) => "the latest that".to_owned(),
        (false, count) => format!("the latest {count}"),
    };
    let (first, last) = (moment(latest.first), moment(latest.last));
    let when = if latest.count == 1 { format!("of {first}") } else { format!("between {first} and {last}") };
    let them = if latest.count == 1 { "it" } else { "them" };
    format!("{slots}, {latest_of} {when}: {what} {them}")
}

/// To one digit, and 100 only where it is.
fn rounded_down(percent: f64) -> f64 {
    (percent * 10.0).floor() / 10.0
}

fn in_seconds(Quantiles { p50, p90, p99, .. }: &Quantiles) -> String {
    format!("p50 {p50:.3}s, p90 {p90:.3}s, p99 {p99:.3}s")
}
