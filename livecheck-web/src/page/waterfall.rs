//! The timeline of an execution as a waterfall: when each step came, and which one did not.

use livecheck_core::Timestamp;
use livecheck_core::origin::Origin;
use livecheck_core::wire::{Place, Step as TimelineStep, TestReport, WaitEnd};
use maud::{Markup, html};

use crate::words;

/// A step: from what came before it until it came, in seconds from the trigger.
#[derive(Clone, Debug, PartialEq)]
struct Step {
    name: String,
    begin: f64,
    end: f64,
    became: Became,
    /// Who sent it, where it stands, what it said: as far as that is known.
    details: Vec<String>,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Became {
    /// It came.
    Done,
    /// It came when nobody waited for it any more.
    Late,
    /// It did not come.
    Missing,
    /// The execution ended while it was waited for.
    Cancelled,
}

impl Became {
    const fn class(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Late => "late",
            Self::Missing => "missing",
            Self::Cancelled => "cancelled",
        }
    }

    const fn in_words(self) -> &'static str {
        match self {
            Self::Done => "received",
            Self::Late => "too late",
            Self::Missing => "not received",
            Self::Cancelled => "no longer waited for",
        }
    }
}

/// The steps of an execution, the earliest first: those of its explanation, which says what did not come as well; else
/// the signals that were received.
fn steps(report: &TestReport) -> Vec<Step> {
    let explained = report.explanation.as_ref().map(|explanation| explained(&explanation.timeline));
    explained.filter(|steps| !steps.is_empty()).unwrap_or_else(|| received(report))
}

fn explained(timeline: &[TimelineStep]) -> Vec<Step> {
    let trigger = timeline.iter().find_map(|step| match step {
        TimelineStep::Trigger(trigger) => Some(trigger),
        _ => None,
    });
    // All that follows is counted from the trigger; without one nothing can be placed.
    let Some(trigger) = trigger else { return Vec::new() };
    let seconds = |at: Timestamp| at.since(trigger.time).as_secs_f64();
    let step = |step: &TimelineStep| match step {
        TimelineStep::Trigger(trigger) => Some(Step {
            name: "triggered".to_owned(),
            begin: 0.0,
            end: 0.0,
            became: Became::Done,
            details: origin(&trigger.origin).into_iter().chain([place(&trigger.at)]).collect(),
        }),
        TimelineStep::Signal(signal) => Some(Step {
            name: signal.name.clone(),
            begin: signal
                .wait
                .map_or(signal.latency, |wait| seconds(wait.began))
                .min(signal.latency)
                .max(0.0),
            end: signal.latency.max(0.0),
            became: if signal.is_late { Became::Late } else { Became::Done },
            details: origin(&signal.origin)
                .into_iter()
                .chain(signal.key.iter().map(|key| format!("key {key}")))
                .chain([place(&signal.at)])
                .chain(signal.value.iter().cloned())
                .collect(),
        }),
        TimelineStep::Wait(wait) => Some(Step {
            name: wait.name.clone(),
            begin: seconds(wait.began),
            end: seconds(wait.deadline),
            became: if wait.end == WaitEnd::Cancelled { Became::Cancelled } else { Became::Missing },
            details: wait.key.iter().map(|key| format!("key {key}")).collect(),
        }),
        // Of a later version.
        _ => None,
    };
    timeline.iter().filter_map(step).collect()
}

fn origin(origin: &Origin) -> Option<String> {
    let said = [("by", &origin.service), ("on", &origin.host)];
    let said: Vec<String> =
        said.into_iter().filter_map(|(word, name)| Some(format!("{word} {}", name.as_ref()?))).collect();
    (!said.is_empty()).then(|| said.join(" "))
}

fn place(Place { topic, partition, offset }: &Place) -> String {
    format!("{topic}, partition {partition}, offset {offset}")
}

fn received(report: &TestReport) -> Vec<Step> {
    let mut received: Vec<(&str, f64)> =
        report.signal_latency.iter().map(|(name, latency)| (name.as_str(), latency.max(0.0))).collect();
    received.sort_by(|one, other| one.1.total_cmp(&other.1));
    let mut begin = 0.0;
    received
        .into_iter()
        .map(|(name, end)| {
            let step = Step { name: name.to_owned(), begin, end, became: Became::Done, details: Vec::new() };
            begin = end;
            step
        })
        .collect()
}

/// The waterfall, and with it a list that says the same.
pub(super) fn waterfall(report: &TestReport) -> Markup {
    let steps = steps(report);
    if steps.is_empty() {
        return html! { p.nothing { "No signal was received." } };
    }
    let latest = steps.iter().map(|step| step.end).fold(0.0, f64::max);
    let whole = report.runtime.unwrap_or(0.0).max(latest).max(1e-6);
    // Of the width, of which a thousandth can be seen.
    let place = |seconds: f64| format!("{:.2}%", (seconds / whole * 100.0).clamp(0.0, 100.0));
    html! {
        ol.waterfall {
            @for step in &steps {
                li class=(step.became.class()) {
                    div.step {
                        strong { (step.name) }
                        " " span.when {
                            @match step.became {
                                Became::Missing => { (step.became.in_words()) " within " (words::seconds(step.end)) },
                                Became::Late => { (step.became.in_words()) ", at " (words::seconds(step.end)) },
                                Became::Cancelled => { (step.became.in_words()) },
                                Became::Done => { "at " (words::seconds(step.end)) },
                            }
                        }
                        @for detail in &step.details { span.detail { (detail) } }
                    }
                    svg aria-hidden="true" width="100%" height="14" {
                        rect.track width="100%" height="14" {}
                        rect.span x=(place(step.begin)) width=(place((step.end - step.begin).max(whole * 0.004)))
                            height="14" {}
                    }
                }
            }
        }
        p.hint { "The whole width is " (words::seconds(whole)) ", from the trigger to the verdict." }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(json: &str) -> TestReport {
        serde_json::from_str(json).expect("a report")
    }

    #[test]
    fn a_step_begins_where_the_one_before_it_has_ended() {
        let report = report(
            r#"{"case_name":"c","state":"PASS","test":null,"runtime":0.5,"error":null,"traceback":null,
                "signal_latency":{"cached":0.3,"stored":0.1,"executed":0.5}}"#,
        );
        let steps: Vec<_> =
            steps(&report).into_iter().map(|step| (step.name, step.begin, step.end)).collect();
        assert_eq!(
            steps,
            [
                ("stored".to_owned(), 0.0, 0.1),
                ("cached".to_owned(), 0.1, 0.3),
                ("executed".to_owned(), 0.3, 0.5)
            ]
        );
    }
}
