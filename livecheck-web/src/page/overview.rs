//! All cases.

use livecheck_core::wire::State;
use maud::{Markup, html};

use super::layout::{Page, dash, seconds_or_dash, state, time, time_or_dash};
use super::spark::sparkline;
use super::{case_address, execution_address};
use crate::api::{ApiError, Asked};
use crate::view::{CaseSummary, Overview, Schedule};
use crate::words;

/// The states that can be asked for, and what they are called.
const STATES: [(&str, &str); 5] = [
    ("", "All states"),
    ("PASS", "Passing"),
    ("FAIL", "Failing"),
    ("STALL", "Stalled"),
    ("INIT", "Without executions"),
];

/// Which cases are shown.
pub(super) struct Filter {
    text: String,
    state: Option<State>,
}

impl Filter {
    pub(super) fn of(asked: &Asked) -> Result<Self, ApiError> {
        let state = match asked.state.as_str() {
            "" => None,
            text => Some(
                text.to_uppercase()
                    .parse()
                    .map_err(|error| ApiError::Question(format!("state={text}: {error}")))?,
            ),
        };
        Ok(Self { text: asked.q.trim().to_owned(), state })
    }

    /// Each word of the text is in the name, the package or a tag; what fails in any way is found by FAIL.
    fn takes(&self, case: &CaseSummary) -> bool {
        let package = case.package.iter().map(String::as_str);
        let texts: Vec<String> = std::iter::once(case.name.as_str())
            .chain(package)
            .chain(case.tags.iter().map(String::as_str))
            .map(str::to_lowercase)
            .collect();
        let text = self.text.to_lowercase();
        let has_text = text.split_whitespace().all(|word| texts.iter().any(|text| text.contains(word)));
        has_text && self.state.is_none_or(|wanted| group_of(case.state) == group_of(wanted))
    }
}

/// The three ways to fail are one to who looks for what is wrong.
const fn group_of(state: State) -> State {
    match state {
        State::Error | State::Timeout => State::Fail,
        other => other,
    }
}

pub(super) fn page(overview: &Overview, filter: &Filter) -> Markup {
    let shown: Vec<&CaseSummary> = overview.cases.iter().filter(|case| filter.takes(case)).collect();
    let wrong = overview.cases.iter().filter(|case| case.state.is_failure()).count();
    let content = html! {
        div.heading {
            h1 { "Cases" }
            p #summary { (summary(overview, wrong)) }
        }
        @if let Some(reason) = &overview.history_is_missing {
            p.problem #history { "The history cannot be shown now: " (reason) }
        }
        form.filter role="search" action="/" method="get" data-live-filter {
            label { span { "Search" } input type="search" name="q" value=(filter.text) placeholder="Name, package, tag"
                maxlength="200"; }
            label { span { "State" } select name="state" {
                @for (value, name) in STATES {
                    option value=(value) selected[filter.state.map_or("", State::as_str) == value] { (name) }
                }
            } }
            button type="submit" { "Show" }
        }
        div #cases { (table(overview, &shown)) }
        (runners(overview))
    };
    Page { title: "Cases", group: Some(&overview.group), has_charts: false, content }.render()
}

fn summary(overview: &Overview, wrong: usize) -> Markup {
    html! {
        @match (overview.cases.len(), wrong) {
            (0, _) => "No case has been executed yet, and this runner has none.",
            (1, 0) => "1 case, and nothing is wrong with it.",
            (all, 0) => { (all) " cases, and nothing is wrong." },
            (all, wrong) => { strong { (wrong) " of " (all) } " not well." },
        }
    }
}

fn table(overview: &Overview, shown: &[&CaseSummary]) -> Markup {
    if shown.is_empty() {
        return html! { p.nothing { @if overview.cases.is_empty() { "There is nothing to show." }
        @else { "No case is like that. " a href="/" { "Show all" } } } };
    }
    let now = overview.at;
    html! {
        table.cards role="table" {
            caption.hidden { "The cases, and how each does" }
            thead role="rowgroup" { tr role="row" {
                @for name in ["State", "Case", "Last 24 hours", "Success", "p50", "p99", "Executions", "In flight",
                    "Last failure", "Last seen", "Next"] { th role="columnheader" scope="col" { (name) } }
            } }
            tbody role="rowgroup" { @for case in shown { (row(case, now)) } }
        }
    }
}

fn row(case: &CaseSummary, now: livecheck_core::Timestamp) -> Markup {
    let (path, short) = case.name.as_str().rsplit_once("::").unwrap_or(("", case.name.as_str()));
    html! {
        tr role="row" {
            td role="cell" data-label="State" { (state(case.state)) }
            th role="rowheader" scope="row" {
                a href=(case_address(&case.name)) { (short) }
                @if !path.is_empty() { span.path { (path) } }
                @for tag in &case.tags { " " span.tag { (tag) } }
            }
            td role="cell" data-label="Last 24 hours" { (sparkline(&case.recent)) }
            td.number role="cell" data-label="Success" {
                @if let Some(rate) = case.success_rate { (words::share(rate)) } @else { (dash()) }
            }
            td.number role="cell" data-label="p50" { (seconds_or_dash(case.p50)) }
            td.number role="cell" data-label="p99" { (seconds_or_dash(case.p99)) }
            td.number role="cell" data-label="Executions" { (words::count(case.counts.triggered)) }
            td.number role="cell" data-label="In flight" { (words::count(case.counts.in_flight)) }
            td role="cell" data-label="Last failure" {
                @if let Some(failure) = &case.last_failure {
                    @if let Some(id) = &failure.id {
                        a href=(execution_address(&case.name, id)) title=[failure.error.as_deref()] {
                            (time(failure.at, now))
                        }
                    } @else { (time(failure.at, now)) }
                } @else { (dash()) }
            }
            td role="cell" data-label="Last seen" { (time_or_dash(case.last_seen, now)) }
            td role="cell" data-label="Next" { (time_or_dash(case.next_slot(), now)) (missed(case)) }
        }
    }
}

/// A word where a slot was missed, and none fired since.
fn missed(case: &CaseSummary) -> Markup {
    let missed = case.schedule.as_ref().and_then(Schedule::missed_last);
    html! { @if let Some(missed) = missed { " " span.tag.warning { (words::count(missed.count)) " missed" } } }
}

fn runners(overview: &Overview) -> Markup {
    html! {
        section #runners aria-labelledby="runners-title" {
            h2 #runners-title { "Runners" }
            @if overview.runners.is_empty() { p.nothing { "No runner is at work." } }
            ul.plain { @for runner in &overview.runners {
                li {
                    strong { (runner.host) } " " code { (runner.id) } ", started " (time(runner.started, overview.at))
                    @if overview.leader.as_deref() == Some(runner.id.as_str()) { " " span.tag { "leads" } }
                }
            } }
        }
    }
}
