//! All that is done by the clock, and how far each of it is.

use std::collections::BTreeMap;

use livecheck_core::schedule::Slot;
use livecheck_core::wire::{TestExecution, TestReport};
use livecheck_core::{Case, CaseName, Timestamp};

use super::plan::{Plan, What};
use super::slots::{Due, Series, Slots};
use crate::reporter::time::moment;

/// All that is done by the clock.
pub(super) struct Scheduler {
    entries: Vec<Entry>,
}

struct Entry {
    plan: Plan,
    slots: Slots,
    /// Whether its slots are not as they were kept.
    is_changed: bool,
}

/// What is to be done, once it is written that it is.
pub(super) struct Firing {
    /// The plan, by its index here.
    pub(super) index: usize,
    pub(super) slot: Timestamp,
}

/// What there is to do, and to say.
#[derive(Default)]
pub(super) struct Fired {
    pub(super) firings: Vec<Firing>,
    pub(super) warnings: Vec<String>,
}

impl Scheduler {
    /// From what was kept of it; what is new begins now.
    pub(super) fn restored(plans: Vec<Plan>, mut kept: BTreeMap<CaseName, Slots>, now: Timestamp) -> Self {
        let entries = plans.into_iter().map(|plan| {
            let known = kept.remove(plan.name());
            let is_changed = known.is_none();
            let mut entry = Entry { slots: known.unwrap_or_else(|| Slots::begin(now)), plan, is_changed };
            entry.take_over();
            entry
        });
        Self { entries: entries.collect() }
    }

    /// What is due by then.
    pub(super) fn due(&mut self, now: Timestamp, is_active: impl Fn(&'static Case) -> bool) -> Fired {
        let mut fired = Fired::default();
        for (index, Entry { plan, slots, is_changed }) in self.entries.iter_mut().enumerate() {
            for due in slots.due(&plan.rhythm, now) {
                *is_changed = true;
                match due {
                    // The slots of a case that is not active pass.
                    Due::Fire(slot) if plan.what.case().is_some_and(|case| !is_active(case)) => {
                        slots.over(slot);
                    }
                    Due::Fire(slot) => fired.firings.push(Firing { index, slot }),
                    other => fired.warnings.extend(said(plan.name(), other)),
                }
            }
        }
        fired
    }

    /// What is to be done.
    pub(super) fn what(&self, firing: &Firing) -> Option<&What> {
        self.entries.get(firing.index).map(|entry| &entry.plan.what)
    }

    /// An execution was reported: if it is that of a slot, the slot is over.
    pub(super) fn reported(&mut self, report: &TestReport) {
        let Some(test) = &report.test else { return };
        for entry in &mut self.entries {
            if let What::Execute(case) = entry.plan.what {
                if *case.name == *report.case_name.as_str()
                    && is_of_slot(test, Slot::new(case, test.timestamp))
                {
                    entry.is_changed |= entry.slots.over(test.timestamp);
                }
            }
        }
    }

    /// What was done at a slot is over.
    pub(super) fn over(&mut self, index: usize, slot: Timestamp) {
        if let Some(entry) = self.entries.get_mut(index) {
            entry.is_changed |= entry.slots.over(slot);
        }
    }

    /// Those that are not as they were kept, which is to be mended now.
    pub(super) fn take_changed(&mut self) -> impl Iterator<Item = (&CaseName, &Slots)> {
        self.entries.iter_mut().filter_map(|Entry { plan, slots, is_changed }| {
            std::mem::take(is_changed).then_some((plan.name(), &*slots))
        })
    }
}

impl Entry {
    /// What a predecessor has begun itself has ended with it; what it has asked the runners for goes on.
    fn take_over(&mut self) {
        match (&self.plan.what, self.slots.under_way()) {
            (What::Send(..) | What::Check(_), Some(slot)) => self.is_changed |= self.slots.over(slot),
            (What::Send(..) | What::Check(_) | What::Execute(_), _) => {}
        }
    }
}

fn is_of_slot(test: &TestExecution, slot: Slot) -> bool {
    test.id == slot.id()
}

/// What an operator should know of slots that are not fired.
fn said(name: &CaseName, due: Due) -> Option<String> {
    match due {
        Due::Fire(_) => None,
        Due::Missed(Series { count: 1, first, .. }) => {
            Some(format!("{name}: the slot of {} was missed: nobody was there to fire it", moment(first)))
        }
        Due::Missed(Series { count, first, last }) => Some(format!(
            "{name}: {count} slots were missed between {} and {}: nobody was there to fire them",
            moment(first),
            moment(last)
        )),
        Due::LeftOut { slot, under_way } => Some(format!(
            "{name}: the slot of {} is left out: the run of {} is still under way",
            moment(slot),
            moment(under_way)
        )),
    }
}
