//! About cases as a whole: how each does, by what the monitor of the group keeps, and how much of its requests is
//! followed.

use std::collections::BTreeMap;

use livecheck_core::control::Sampling;
use livecheck_core::wire::State;
use livecheck_core::{Case, CaseName, Cases};

use super::{label, name_of};
use crate::monitor::CaseChange;
use crate::monitor::case_state::ChangeKind;
use crate::serving::exposition::Exposition;
use crate::status::{CaseStatus, Status};

/// What this runner, leading, has said of cases.
#[derive(Default)]
pub(super) struct Changes(BTreeMap<(&'static str, &'static str), u64>);

impl Changes {
    /// What may become of a case as a whole.
    const KINDS: [&str; 4] = ["failing", "service-down", "stalled", "recovered"];

    pub(super) fn count(&mut self, CaseChange { case, change }: &CaseChange, cases: &Cases) {
        let kind = match change.kind {
            ChangeKind::Failing { .. } => "failing",
            ChangeKind::ServiceDown { .. } => "service-down",
            ChangeKind::Stalled { .. } => "stalled",
            ChangeKind::Recovered { .. } => "recovered",
        };
        *self.0.entry((name_of(cases, case), kind)).or_default() += 1;
    }

    pub(super) fn describe(&self, to: &mut Exposition, cases: &Cases) {
        let changes = to.counter(
            "livecheck_case_changes_total",
            "What this runner, leading, has said of cases as a whole.",
        );
        for case in cases.iter() {
            for change in Self::KINDS {
                let count = self.0.get(&(case.name, change)).copied().unwrap_or(0);
                changes.with(&[("case", case.name), ("change", change)], count);
            }
        }
    }
}

/// The share of requests that is followed at this moment: by the code, the profile, and what is set at run time.
pub(super) fn describe_sampling(to: &mut Exposition, cases: &Cases, sampling: impl Fn(&Case) -> Sampling) {
    let probability = to.gauge(
        "livecheck_case_probability",
        "With which probability a request is followed now; 0 where the case is not active.",
    );
    for case in cases.iter() {
        probability.with(&[("case", case.name)], sampling(case).share());
    }
}

/// By what the monitor of the group keeps: the same in all of its runners.
pub(super) fn describe(to: &mut Exposition, status: &Status, cases: &Cases) {
    to.gauge("livecheck_runners", "How many runners of the group are at work.")
        .with(&[], status.runners.len());
    let known = || status.cases.iter().filter_map(|case| Some((known(cases, &case.name)?, case)));
    let state = to.gauge("livecheck_case_state", "1 for the state that the case as a whole is in, else 0.");
    for (name, case) in known() {
        for other in State::ALL {
            state.with(&[("case", name), ("state", &label(other))], case.state == other);
        }
    }
    let in_a_row = to.gauge(
        "livecheck_case_consecutive_failures",
        "How many executions have failed since the last one that passed.",
    );
    for (name, case) in known() {
        in_a_row.with(&[("case", name)], case.consecutive_failures);
    }
    let seen = to.gauge("livecheck_case_last_seen_timestamp_seconds", "When an execution was last seen.");
    for (name, case) in known() {
        if let Some(at) = case.last_seen {
            seen.with(&[("case", name)], at);
        }
    }
    let scheduled =
        || known().filter_map(|(name, CaseStatus { schedule, .. })| Some((name, schedule.as_ref()?)));
    let unfired = to.counter(
        "livecheck_case_slots_unfired_total",
        "Slots of a case's schedule that were not fired: missed, for nobody was there, or left out, for the run before \
         was not over.",
    );
    for (name, schedule) in scheduled() {
        for (why, slots) in [("missed", schedule.missed), ("left-out", schedule.left_out)] {
            unfired.with(&[("case", name), ("why", why)], slots.count);
        }
    }
}

fn known(cases: &Cases, name: &CaseName) -> Option<&'static str> {
    Some(cases.get(name.as_str())?.name)
}
