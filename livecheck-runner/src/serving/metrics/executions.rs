//! About executions: counts of one reading, in which each of them is accounted for.

use std::collections::BTreeMap;

use livecheck_core::Cases;
use livecheck_core::wire::State;

use super::{label, name_of};
use crate::engine::{CaseTally, Tally};
use crate::serving::exposition::Exposition;

/// The states in which executions end.
const ENDS: [State; 5] = [State::Pass, State::Fail, State::Error, State::Timeout, State::Skip];

/// A case's counts, and how many of its executions have gone to other runners.
#[derive(Default)]
struct Counts {
    here: CaseTally,
    handed_over: u64,
}

/// By case, and by state where they have ended.
pub(super) fn describe(to: &mut Exposition, tally: &Tally, cases: &Cases) {
    let counts = counts(tally, cases);
    let triggered =
        to.counter("livecheck_executions_triggered_total", "Tests that this runner has accepted.");
    for (case, Counts { here, handed_over }) in &counts {
        triggered.with(&[("case", case)], here.triggered + handed_over);
    }
    let ended = to.counter("livecheck_executions_total", "Executions that have ended here, by state.");
    for (case, counts) in &counts {
        for state in ENDS {
            ended.with(&[("case", case), ("state", &label(state))], counts.here.of(state));
        }
    }
    let in_flight = to.gauge("livecheck_executions_in_flight", "Executions in flight here.");
    for (case, counts) in &counts {
        in_flight.with(&[("case", case)], counts.here.in_flight);
    }
    let handed_over = to.counter(
        "livecheck_executions_handed_over_total",
        "Executions that were in flight when their partition went to another runner, which goes on with them.",
    );
    for (case, counts) in &counts {
        handed_over.with(&[("case", case)], counts.handed_over);
    }
}

/// Of each case of this program, and of all others together.
fn counts<'a>(tally: &Tally, cases: &'a Cases) -> BTreeMap<&'a str, Counts> {
    let mut counts: BTreeMap<&str, Counts> =
        cases.iter().map(|case| (case.name, Counts::default())).collect();
    for (case, tally) in &tally.cases {
        counts.entry(name_of(cases, case)).or_default().here += *tally;
    }
    for (case, handed_over) in &tally.handed_over {
        counts.entry(name_of(cases, case)).or_default().handed_over += handed_over;
    }
    counts
}
