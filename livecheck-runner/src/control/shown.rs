//! What is set, for people and for programs.

use std::fmt::{self, Display, Write};

use livecheck_core::control::{Control, Controls, Origin, Plan, Probability, Sampling, Setting};
use livecheck_core::{CaseName, Cases, Timestamp};
use serde::Serialize;

use crate::reporter::DisplayName;
use crate::reporter::style::{DIM, paint};
use crate::reporter::text::plain;
use crate::reporter::time::human;

/// All that is set, at a moment. As JSON it is what `set --message-format json` prints.
///
/// ```json
/// { "set": [ { "case": "stock_orders::cases::order_flow", "setting": "probability", "value": 0.1,
///              "steps": [ { "from": "2026-11-21T02:03:04.567890Z", "value": 0.1 } ],
///              "until": null, "by": "anna@laptop", "at": "2026-11-21T02:03:04.567890Z" } ] }
/// ```
///
/// `value` is what holds now; null, where the time of it is over.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct InForce {
    set: Vec<SetOfCase>,
}

/// What is set of one setting of a case.
#[derive(Clone, Debug, Serialize)]
struct SetOfCase {
    case: CaseName,
    setting: Setting,
    value: Option<Value>,
    #[serde(flatten)]
    control: Control,
}

/// A value of any setting.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
enum Value {
    Truth(bool),
    Share(Probability),
}

impl Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truth(truth) => truth.fmt(f),
            Self::Share(share) => share.fmt(f),
        }
    }
}

impl InForce {
    /// What is set of those cases that `is_wanted`.
    pub(crate) fn of(controls: &Controls, is_wanted: impl Fn(&CaseName) -> bool, now: Timestamp) -> Self {
        let wanted = controls.iter().filter(|(case, _)| is_wanted(case));
        let set = wanted.map(|(case, control)| SetOfCase {
            case: case.clone(),
            setting: control.setting(),
            value: match &control {
                Control::Active(plan) => plan.at(now).map(Value::Truth),
                Control::Probability(plan) => plan.at(now).map(Value::Share),
            },
            control,
        });
        Self { set: set.collect() }
    }
}

/// What is set, with colours as ANSI escape sequences; `now` is what "ago" counts from.
pub(crate) fn render(in_force: &InForce, cases: &Cases, now: Timestamp) -> String {
    let mut out = String::new();
    if in_force.set.is_empty() {
        return "nothing is set at run time: what the code and the profile say holds\n".to_owned();
    }
    let mut case = None;
    for set in &in_force.set {
        if case.replace(&set.case) != Some(&set.case) {
            let _ = writeln!(out, "{}", DisplayName::of(cases, &set.case).painted());
        }
        let label = format!("{:<11}", set.setting);
        let label = paint(DIM, label);
        let _ = match &set.control {
            Control::Active(plan) => writeln!(out, "{:4}{label} {}", "", told(plan, Value::Truth, now)),
            Control::Probability(plan) => writeln!(out, "{:4}{label} {}", "", told(plan, Value::Share, now)),
        };
    }
    out
}

/// A plan in words: `1%, then 10% in 8m, then 100% in 18m; set by anna@laptop 2m ago`.
fn told<T: Copy>(plan: &Plan<T>, value: impl Fn(T) -> Value, now: Timestamp) -> String {
    let mut text = plan.at(now).map(|now| value(now).to_string()).unwrap_or_default();
    for step in plan.to_come(now) {
        let _ = write!(text, ", then {} in {}", value(step.value), human(step.from.since(now)));
    }
    match plan.until {
        Some(until) if plan.is_over(now) => {
            let _ = write!(text, "over for {}: as it was before", human(now.since(until)));
        }
        Some(until) => {
            let _ = write!(text, ", for another {}", human(until.since(now)));
        }
        None => {}
    }
    let _ = write!(text, "; set by {} {} ago", plain(&plan.by), human(now.since(plan.at)));
    text
}

/// Of which requests a case is triggered, and where that was set, if not in the code: `10%, set at run time`. Of what
/// is executed by the clock there is no share.
pub(crate) fn render_sampling(Sampling { active, probability }: &Sampling, is_scheduled: bool) -> String {
    let share = match is_scheduled {
        true => "scheduled".to_owned(),
        false => format!("{}{}", probability.value, by(probability.from)),
    };
    if active.value { share } else { format!("{share}; inactive{}", by(active.from)) }
}

fn by(origin: Origin) -> &'static str {
    match origin {
        Origin::Code => "",
        Origin::Profile => ", by the profile",
        Origin::Control => ", set at run time",
    }
}
