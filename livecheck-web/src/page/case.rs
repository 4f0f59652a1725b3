//! One case.

use livecheck_core::Timestamp;
use livecheck_core::wire::State;
use maud::{Markup, html};

use super::layout::{Page, dash, flaky, look, name, seconds_or_dash, state, time, time_or_dash};
use super::{case_address, encoded, execution_address};
use crate::api::Asked;
use crate::view::{CaseHistory, Cause, ExecutionPage, ExecutionRow, Range, Schedule};
use crate::words;

/// The states in which executions end.
const ENDS: [State; 5] = [State::Pass, State::Fail, State::Error, State::Timeout, State::Skip];
/// How much of an error is shown in a line.
const LINE: usize = 160;
/// What stands in place of a list without the history that it is made of.
const NOT_KNOWN: &str = "Not known.";

/// What is shown.
pub(super) struct View<'a> {
    pub(super) group: Option<&'a str>,
    pub(super) history: &'a CaseHistory,
    pub(super) executions: &'a ExecutionPage,
    pub(super) asked: &'a Asked,
}

pub(super) fn page(view: &View<'_>, may_change: bool) -> Markup {
    let case = &view.history.case;
    let now = Timestamp::now();
    let content = html! {
        nav.crumbs aria-label="Where you are" { a href="/" { "Cases" } " / " span aria-current="page" { (case.name) } }
        div.heading {
            h1 { (case.name) }
            p #state { (state(case.state)) ", changed " (time(case.since, now)) }
        }
        @if let Some(summary) = &case.summary { p.docs { (summary) } }
        (figures(view, now))
        @if let Some(schedule) = &case.schedule { (scheduled(schedule, now)) }
        @if may_change { (changes(view)) }
        section aria-labelledby="history-title" {
            div.heading {
                h2 #history-title { "History" }
                (ranges(view))
            }
            div #history { @if let Some(reason) = &view.history.history_is_missing {
                p.problem { "The history cannot be shown now: " (reason) }
            } @if is_part(view) {
                p.part { "From " (words::to_the_minute(view.history.from)) " until "
                    (words::to_the_minute(view.history.until)) ". "
                    a href=(address(view, &WHOLE)) { "Back to " (view.history.range.in_words()) } }
            } }
            div #charts data-keep data-source={ "/api" (case_address(&case.name)) } {
                div.chart data-chart="results" role="img" aria-label={ "Results over " (view.history.range.in_words()) } {}
                fieldset.quantile {
                    legend.hidden { "Latencies shown" }
                    label { input type="radio" name="quantile" value="p50" checked; " p50: half are below" }
                    label { input type="radio" name="quantile" value="p99"; " p99: all but one in a hundred" }
                }
                div.chart data-chart="latencies" role="img"
                    aria-label={ "Runtime and latency of each signal over " (view.history.range.in_words()) } {}
                p.hint { "Drag over a time to look closer, double-click to go back. " a href="#figures" { "The same as a table" } }
            }
        }
        section aria-labelledby="causes-title" {
            h2 #causes-title { "Causes of failures" }
            div #causes { (causes(view, now)) }
        }
        section aria-labelledby="executions-title" {
            h2 #executions-title { "Executions" }
            (filter(view))
            div #executions { (executions(view, now)) }
        }
        details #figures { summary { "The history as a table" } (table(view)) }
    };
    Page { title: case.name.as_str(), group: view.group, has_charts: true, content }.render()
}

fn figures(view: &View<'_>, now: Timestamp) -> Markup {
    let case = &view.history.case;
    html! {
        dl.figures #now {
            div { dt { "Success" } dd { @if let Some(rate) = case.success_rate { (words::share(rate)) } @else { (dash()) } } }
            div { dt { "p50" } dd { (seconds_or_dash(case.p50)) } }
            div { dt { "p99" } dd { (seconds_or_dash(case.p99)) } }
            div { dt { "Executions" } dd { (words::count(case.counts.triggered)) } }
            div { dt { "In flight" } dd { (words::count(case.counts.in_flight)) } }
            div { dt { "Failed in a row" } dd { (words::count(case.consecutive_failures)) } }
            div { dt { "Last seen" } dd { (time_or_dash(case.last_seen, now)) } }
            div { dt { "Next" } dd { (time_or_dash(case.next_slot(), now)) } }
            div { dt { "Probability" } dd { @if let Some(share) = case.probability { (words::share(share)) } @else { (dash()) } } }
        }
    }
}

/// When it is done by the clock, and which slots were not fired.
fn scheduled(schedule: &Schedule, now: Timestamp) -> Markup {
    let unfired = [
        ("missed", "nobody was there", schedule.missed),
        ("left out", "the run before was not over", schedule.left_out),
    ];
    html! {
        p #schedule {
            "Due " strong { (schedule.rule) } ", "
            @if let Some(fired) = schedule.fired { "last fired " (time(fired, now)) "." } @else { "and never fired yet." }
            @for (what, why, slots) in unfired {
                @if let Some(latest) = slots.latest {
                    " " strong.warning { (words::count(slots.count)) " " @if slots.count == 1 { "slot was " } @else { "slots were " } (what) }
                    ", for " (why) ": "
                    @if latest.count == 1 { "that of " (time(latest.last, now)) "." }
                    @else { "the latest " (words::count(latest.count)) " between " (time(latest.first, now)) " and " (time(latest.last, now)) "." }
                }
            }
        }
    }
}

/// What those may do who have the token. It is asked for when it is needed, and kept by this tab alone.
fn changes(view: &View<'_>) -> Markup {
    let case = &view.history.case;
    html! {
        details.changes data-change={ "/api" (case_address(&case.name)) } {
            summary { "Trigger it, silence its alerts, set its probability" }
            label { span { "Token" } input type="password" #token autocomplete="off"; }
            div.forms {
                form data-kind="trigger" aria-label="Trigger" {
                    label { span { "Arguments (JSON)" } input name="arguments" value="{}" maxlength="4000"; }
                    button type="submit" { "Trigger" }
                }
                form data-kind="silence" aria-label="Silence" {
                    label { span { "Silence its alerts for" } input name="for" value="2h" maxlength="20" required; }
                    label { span { "Because" } input name="reason" maxlength="200" required; }
                    button type="submit" { "Silence" }
                }
                form data-kind="probability" aria-label="Probability" {
                    label { span { "Probability (empty: as in the code)" } input name="value" placeholder="10%" maxlength="20"; }
                    label { span { "For (empty: for good)" } input name="for" placeholder="1h" maxlength="20"; }
                    button type="submit" { "Set" }
                }
            }
            p #changed data-keep role="status" aria-live="polite" {}
        }
    }
}

/// An address of this page, with some of what was asked for set to something else.
fn address(view: &View<'_>, set: &[(&str, &str)]) -> String {
    let asked = view.asked;
    let was = [
        ("range", &asked.range),
        ("from", &asked.from),
        ("until", &asked.until),
        ("state", &asked.state),
        ("q", &asked.q),
        ("cause", &asked.cause),
    ];
    let mut values: Vec<(&str, &str)> = was.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for (name, value) in set {
        values.retain(|(other, _)| other != name);
        values.push((name, value));
    }
    let values = values.iter().filter(|(_, value)| !value.is_empty());
    let query: Vec<String> = values.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{}{mark}{}", case_address(&view.history.case.name), query.join("&"))
}

/// What takes a part of a time out of an address.
const WHOLE: [(&str, &str); 2] = [("from", ""), ("until", "")];

/// Whether a part of a time is looked at.
fn is_part(view: &View<'_>) -> bool {
    !view.asked.from.is_empty()
}

/// The time that is shown.
fn in_words(view: &View<'_>) -> &'static str {
    if is_part(view) { "the time shown" } else { view.history.range.in_words() }
}

fn ranges(view: &View<'_>) -> Markup {
    html! {
        nav.ranges aria-label="How far back" { @for range in Range::ALL {
            a href=(address(view, &[("range", range.as_str()), WHOLE[0], WHOLE[1]])) aria-label={ (range) ": " (range.in_words()) }
                aria-current=[(range == view.history.range).then_some("true")] { (range) }
        } }
    }
}

fn causes(view: &View<'_>, now: Timestamp) -> Markup {
    let CaseHistory { causes, .. } = view.history;
    html! {
        @if causes.is_empty() {
            p.nothing { @if is_missing(view) { (NOT_KNOWN) } @else { "Nothing failed in " (in_words(view)) "." } }
        } @else {
            table.cards role="table" {
                caption.hidden { "Failures in " (in_words(view)) ", by cause" }
                thead role="rowgroup" { tr role="row" {
                    @for name in ["State", "Cause", "How often", "Last"] {
                        th role="columnheader" scope="col" { (name) }
                    }
                } }
                tbody role="rowgroup" { @for Cause { cause, state: ended, count, last } in causes {
                    tr role="row" {
                        td role="cell" data-label="State" { (state(*ended)) }
                        th.error-text role="rowheader" scope="row" {
                            a href={ (address(view, &[("cause", cause), ("q", ""), ("state", "")])) "#executions-title" } {
                                (words::first_line(cause, LINE))
                            }
                        }
                        td.number role="cell" data-label="How often" { (words::count(*count)) }
                        td role="cell" data-label="Last" { (time(*last, now)) }
                    }
                } }
            }
        }
    }
}

/// Whether what is not shown may be there.
fn is_missing(view: &View<'_>) -> bool {
    view.history.history_is_missing.is_some()
}

fn filter(view: &View<'_>) -> Markup {
    let asked = view.asked;
    html! {
        form.filter role="search" method="get" action=(case_address(&view.history.case.name)) data-live-filter {
            @for (name, value) in [("range", &asked.range), ("from", &asked.from), ("until", &asked.until)] {
                @if !value.is_empty() { input type="hidden" name=(name) value=(value); }
            }
            label { span { "Search" } input type="search" name="q" value=(asked.q) placeholder="Id, error"
                maxlength="200"; }
            label { span { "State" } select name="state" {
                option value="" { "All states" }
                option value="FAIL,ERROR,TIMEOUT" selected[asked.state == "FAIL,ERROR,TIMEOUT"] { "Not passed" }
                @for state in ENDS {
                    option value=(state.as_str()) selected[asked.state == state.as_str()] { (name(state)) }
                }
            } }
            button type="submit" { "Show" }
        }
    }
}

fn executions(view: &View<'_>, now: Timestamp) -> Markup {
    let ExecutionPage { executions, next } = view.executions;
    html! {
        @if !view.asked.cause.is_empty() {
            p { "Only those with the cause “" (words::first_line(&view.asked.cause, LINE)) "”. "
                a href=(address(view, &[("cause", "")])) { "Show all" } }
        }
        @if executions.is_empty() {
            p.nothing { (if is_missing(view) { NOT_KNOWN } else { "No execution is like that." }) }
        } @else {
            table.cards role="table" {
                caption.hidden { "Executions, the latest first" }
                thead role="rowgroup" { tr role="row" {
                    @for name in ["State", "Id", "Ended", "Runtime", "What went wrong"] {
                        th role="columnheader" scope="col" { (name) }
                    }
                } }
                tbody role="rowgroup" { @for row in executions { (execution(row, now)) } }
            }
            @if let Some(next) = next {
                p { a.more href=(address(view, &[("cursor", next)])) { "Older executions" } }
            }
        }
    }
}

fn execution(row: &ExecutionRow, now: Timestamp) -> Markup {
    html! {
        tr role="row" class=(look(row.state).0) {
            td role="cell" data-label="State" { (state(row.state)) @if row.flaky { " " (flaky()) } }
            th role="rowheader" scope="row" {
                @if let Some(id) = &row.id { a.id href=(execution_address(&row.case, id)) { (id) } }
                @else { "the case as a whole" }
            }
            td role="cell" data-label="Ended" { (time(row.at, now)) }
            td.number role="cell" data-label="Runtime" { (seconds_or_dash(row.runtime)) }
            td.error-text role="cell" data-label="What went wrong" {
                @if let Some(error) = &row.error { (words::first_line(error, LINE)) } @else { (dash()) }
            }
        }
    }
}

/// What the charts show, for who does not see them.
fn table(view: &View<'_>) -> Markup {
    html! {
        table #history-table {
            caption { "Executions that ended in " (in_words(view)) }
            thead { tr {
                @for name in ["From", "Passed", "Failed", "Errors", "Timeouts", "Skipped", "p50", "p99"] {
                    th scope="col" { (name) }
                }
            } }
            tbody { @for bucket in &view.history.buckets { tr {
                th scope="row" { (bucket.start) }
                @for count in [bucket.pass, bucket.fail, bucket.error, bucket.timeout, bucket.skip] {
                    td.number { (words::count(count)) }
                }
                td.number { (seconds_or_dash(bucket.p50)) }
                td.number { (seconds_or_dash(bucket.p99)) }
            } } }
        }
    }
}
