//! `run --once`: all that is done by the clock is done now, and its verdicts awaited.

use std::collections::BTreeSet;

use livecheck_core::schedule::Slot;
use livecheck_core::wire::{State, TestExecution, TestReport};
use livecheck_core::{CaseName, TestId, Timestamp, Trigger};
use tokio::sync::mpsc;

use crate::checks;
use crate::list::NoCases;
use crate::monitor::{Failure, Plan, What, send_fake_request};
use crate::selected::Selected;

/// What is to be done once.
pub(super) struct Once {
    plans: Vec<Plan>,
}

/// The executions whose verdicts are awaited: a case, and the id of its test.
pub(super) type Awaited = BTreeSet<(CaseName, TestId)>;

impl Once {
    /// All that is done by the clock of those cases.
    pub(super) fn of(selected: &Selected) -> Result<Self, NoCases> {
        // A trigger of a case that is not active asks for nothing.
        let cases = selected.cases.filtered(|case| case.settings.active);
        let plans = Plan::of(&Selected { cases, checks: selected.checks.clone() });
        if plans.is_empty() { Err(NoCases::NotByClock { of: selected.len() }) } else { Ok(Self { plans }) }
    }

    /// What of all that it is about.
    pub(super) fn selected(&self, all: &Selected) -> Selected {
        let names: BTreeSet<&str> = self.plans.iter().map(|plan| plan.name().as_str()).collect();
        let cases = all.cases.filtered(|case| names.contains(case.name));
        Selected { cases, checks: all.checks.clone() }
    }

    /// What will be reported, if it is done at that moment.
    pub(super) fn awaited(&self, now: Timestamp) -> Awaited {
        let of_case = |plan: &Plan| match &plan.what {
            What::Execute(case) | What::Send(case, _) => (plan.name().clone(), Slot::new(case, now).id()),
            What::Check(check) => (plan.name().clone(), checks::id(&check.name, now)),
        };
        self.plans.iter().map(of_case).collect()
    }

    /// Does it. What leads to no execution is reported to `say`. Needs the client of this process.
    pub(super) fn begin(self, now: Timestamp, say: &mpsc::UnboundedSender<TestReport>) {
        for plan in self.plans {
            match plan.what {
                What::Execute(case) => {
                    let slot = Slot::new(case, now);
                    if Trigger::always(case, |_| {}).id(slot.id()).send().is_none() {
                        let _ = say.send(not_executed(slot, "its trigger could not be sent".to_owned()));
                    }
                }
                What::Check(check) => {
                    let say = say.clone();
                    tokio::spawn(async move {
                        // That on the check itself stands first, and would end the run before the others are told.
                        for report in checks::run(&check, now).await.into_iter().rev() {
                            let _ = say.send(report);
                        }
                    });
                }
                What::Send(case, requests) => {
                    let (slot, say) = (Slot::new(case, now), say.clone());
                    tokio::spawn(async move {
                        let mut has_triggered = false;
                        for request in requests {
                            match send_fake_request(request, slot).await {
                                Ok(triggered) => has_triggered |= triggered,
                                Err(Failure { error, .. }) => {
                                    let _ = say.send(not_executed(slot, error));
                                    return;
                                }
                            }
                        }
                        if !has_triggered {
                            let error = "its fake request has triggered nothing in this process";
                            let _ = say.send(not_executed(slot, error.to_owned()));
                        }
                    });
                }
            }
        }
    }
}

/// The report on a slot that came to no execution.
fn not_executed(slot: Slot, error: String) -> TestReport {
    TestReport {
        error: Some(error),
        ..TestReport::new(slot.case().name.into(), State::Error, Some(TestExecution::of_slot(slot)))
    }
}
