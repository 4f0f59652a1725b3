//! One execution.

use livecheck_core::wire::{Difference, Explanation, TestReport};
use livecheck_core::{CaseName, TestId, Timestamp};
use maud::{Markup, html};

use super::layout::{Page, dash, flaky, seconds_or_dash, state, time};
use super::waterfall::waterfall;
use super::{case_address, execution_address};
use crate::view::Execution;
use crate::words;

/// How much of an argument is shown.
const LONGEST: usize = 2_000;

/// The executions of a case with that id: mostly one.
pub(super) fn page(group: Option<&str>, case: &CaseName, id: &TestId, executions: &[Execution]) -> Markup {
    let content = html! {
        nav.crumbs aria-label="Where you are" {
            a href="/" { "Cases" } " / " a href=(case_address(case)) { (case) } " / "
            span aria-current="page" { (id) }
        }
        h1 { "Execution " (id) }
        @if executions.len() > 1 {
            p.hint { "This id was used " (executions.len()) " times; the latest comes first." }
        }
        @for execution in executions { (one(execution)) }
        p.hint { a href={ "/api" (execution_address(case, id)) } { "The same as JSON" } }
    };
    Page { title: id.as_str(), group, has_charts: false, content }.render()
}

fn one(Execution { at, report, is_whole, trace }: &Execution) -> Markup {
    let now = Timestamp::now();
    html! {
        article {
            dl.figures {
                div { dt { "Verdict" } dd { (state(report.state)) @if report.is_flaky() { " " (flaky()) } } }
                div { dt { "Runtime" } dd { (seconds_or_dash(report.runtime)) } }
                div { dt { "Triggered" } dd {
                    @if let Some(test) = &report.test { (time(test.timestamp, now)) } @else { (dash()) }
                } }
                div { dt { "Ended" } dd { (time(*at, now)) } }
            }
            @if let Some(error) = &report.error {
                section aria-label="What went wrong" { pre.error-box { (error) } }
            }
            @if let Some(explanation) = &report.explanation { (missing(explanation)) (difference(explanation)) }
            (attempts(report))
            section aria-label="Timeline" { h2 { "Timeline" } (waterfall(report)) }
            @if let Some(explanation) = &report.explanation { (logs(explanation)) }
            @if let Some(trace) = trace {
                p { a href=(trace) rel="noreferrer" { "The request's trace" } }
            }
            (arguments(report, *is_whole))
            @if let Some(traceback) = &report.traceback {
                details { summary { "Where it went wrong" } pre { (traceback) } }
            }
        }
    }
}

/// The step that the case waited for in vain, and who should have sent it.
fn missing(explanation: &Explanation) -> Markup {
    let Some(missing) = &explanation.waiting_for else { return Markup::default() };
    let service = missing.origin.as_ref().and_then(|origin| origin.service.as_deref());
    html! {
        p.missing-step {
            "It waited for " strong { (missing.name) }
            @if let Some(key) = &missing.key { " with the key " code { (key) } }
            @if let Some(service) = service { ", which " strong { (service) } " sends for other tests" }
            "."
            @if let Some(last) = &explanation.last_step { " The last step that came is " strong { (last) } "." }
            @if let Some(consumer) = &missing.consumer {
                " The consumer group " code { (consumer.group) } " behind it has " strong { (words::count(consumer.lag)) }
                " records yet to read"
                @if consumer.members == Some(0) { ", and no member: nothing reads them" }
                "."
            }
        }
    }
}

/// The values that were compared, line by line where they are long.
fn difference(explanation: &Explanation) -> Markup {
    let Some(Difference { left, right }) = &explanation.difference else { return Markup::default() };
    html! {
        section aria-label="Values compared" {
            h2 { "Values compared" }
            div.difference {
                div { h3 { "left" } pre { (left) } }
                div { h3 { "right" } pre { (right) } }
            }
        }
    }
}

fn logs(explanation: &Explanation) -> Markup {
    html! {
        @if !explanation.logs.is_empty() {
            section aria-label="Log" {
                h2 { "Log" }
                @if explanation.logs_left_out > 0 {
                    p.hint { (words::count(explanation.logs_left_out)) " older lines were not kept." }
                }
                table.logs {
                    caption.hidden { "What the case has logged" }
                    thead.hidden { tr { @for name in ["Time", "Level", "Where", "What"] { th scope="col" { (name) } } } }
                    tbody { @for line in &explanation.logs { tr {
                        td { (line.time) } td { (line.level) } td { (line.target) } td { (line.message) }
                    } } }
                }
            }
        }
    }
}

/// Each time that it was tried, where it was tried again.
fn attempts(report: &TestReport) -> Markup {
    html! {
        @if !report.attempts.is_empty() {
            section aria-label="Attempts" {
                h2 { "Attempts" }
                ol.plain.attempts { @for attempt in &report.attempts {
                    li {
                        (state(attempt.state)) " after " (words::seconds(attempt.runtime))
                        @if let Some(error) = &attempt.error { pre.error-box { (error) } }
                    }
                } }
            }
        }
    }
}

fn arguments(report: &TestReport, is_whole: bool) -> Markup {
    let arguments: Vec<_> = report.test.iter().flat_map(|test| test.arguments.iter()).collect();
    html! {
        @if !is_whole || !arguments.is_empty() {
            section aria-label="Arguments" {
                h2 { "Arguments" }
                @if !is_whole { p.nothing { "Of executions that pass, the arguments are not kept." } }
                dl.arguments {
                    @for (place, (name, value)) in arguments.iter().enumerate() {
                        div {
                            dt { @if let Some(name) = name { (name) } @else { (place + 1) } }
                            dd { code { (words::first_line(value.get(), LONGEST)) } }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_arguments_are_not_kept_is_not_taken_for_there_being_none() {
        let report: TestReport = serde_json::from_str(
            r#"{"case_name":"c","state":"PASS","test":null,"runtime":0.5,"error":null,"traceback":null}"#,
        )
        .expect("a report");
        assert!(arguments(&report, false).into_string().contains("the arguments are not kept"));
        assert_eq!(arguments(&report, true).into_string(), "", "there are none");
    }
}
