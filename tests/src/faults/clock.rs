//! What the runners do by the clock, while they are killed: each slot that was fired has one report, and the schedule
//! goes on.

use std::collections::BTreeMap;
use std::mem;

use super::State;
use super::verifier::{Execution, Log, Report, Trigger, Violation};

/// The case that is executed by the clock, once a second.
pub const TICK: &str = "livecheck_tests::faults::tick";

/// The slots that were fired, from the first round on.
#[derive(Debug, Default)]
pub struct Slots(BTreeMap<Execution, Slot>);

/// What stands on the topics of one slot.
#[derive(Debug, Default)]
struct Slot {
    triggers: usize,
    /// The states of its reports.
    reports: Vec<String>,
}

impl Slots {
    /// Takes out of what was read what is of slots.
    pub fn take(&mut self, log: &mut Log) {
        let is_slot = |execution: &Execution| execution.case == TICK;
        let (fired, others): (Vec<_>, _) =
            mem::take(&mut log.triggers).into_iter().partition(|trigger| is_slot(&trigger.execution));
        log.triggers = others;
        for Trigger { execution, .. } in fired {
            self.0.entry(execution).or_default().triggers += 1;
        }
        let (reported, others): (Vec<_>, _) =
            mem::take(&mut log.reports).into_iter().partition(|report| is_slot(&report.execution));
        log.reports = others;
        for Report { execution, state, .. } in reported {
            self.0.entry(execution).or_default().reports.push(state);
        }
    }

    /// How many slots have been reported.
    #[must_use]
    pub fn reported(&self) -> usize {
        self.0.values().filter(|slot| !slot.reports.is_empty()).count()
    }

    /// What went wrong with which.
    #[must_use]
    pub fn violations(&self) -> Vec<(Execution, Violation)> {
        // The ids of slots are in the order of time. The latest may be at work yet.
        let latest = self.0.keys().next_back();
        let violation = |(execution, slot): (&Execution, &Slot)| {
            let wrong = |why: String| Some(Violation::Wrong(why));
            let violation = match (slot.triggers, &slot.reports[..]) {
                (0, _) => Some(Violation::Stranger),
                (2.., _) => wrong(format!("it was fired {} times", slot.triggers)),
                (1, []) => (latest != Some(execution)).then_some(Violation::Lost),
                (1, [state]) if state == State::Pass.as_str() => None,
                (1, [state]) => wrong(format!("the state is {state}")),
                (1, many) => Some(Violation::Duplicated(many.len())),
            };
            Some((execution.clone(), violation?))
        };
        self.0.iter().filter_map(violation).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;

    fn execution(case: &str, second: u8) -> Execution {
        let timestamp = format!("2026-11-21T00:00:{second:02}.000000Z");
        Execution { case: case.to_owned(), id: format!("{case}@{timestamp}"), timestamp }
    }

    fn trigger(execution: Execution) -> Trigger {
        Trigger { execution, partition: 0, time: 0, arguments: Value::Null }
    }

    fn report(execution: Execution) -> Report {
        let state = State::Pass.as_str().to_owned();
        Report { execution, partition: 0, key: None, headers: None, state, latencies: BTreeMap::new() }
    }

    #[test]
    fn a_slot_has_one_trigger_and_one_report_unless_it_is_the_latest() {
        let tick = |second| execution(TICK, second);
        let fired = [0, 1, 1, 2, 3, 4].map(tick).map(trigger);
        let mut log = Log {
            triggers: [trigger(execution("order", 0))].into_iter().chain(fired).collect(),
            reports: [0, 1, 2, 2, 9].map(tick).map(report).into(),
            ..Log::default()
        };
        let mut slots = Slots::default();
        slots.take(&mut log);
        assert_eq!((log.triggers.len(), log.reports.len()), (1, 0), "what is of others is left");
        let wrong = "it was fired 2 times".to_owned();
        let expected = [
            (tick(1), Violation::Wrong(wrong)),
            (tick(2), Violation::Duplicated(2)),
            (tick(3), Violation::Lost),
            (tick(4), Violation::Lost),
            (tick(9), Violation::Stranger),
        ];
        assert_eq!(slots.violations(), expected);
        slots.0.remove(&tick(9));
        assert!(!slots.violations().iter().any(|(execution, _)| *execution == tick(4)), "it may be at work");
    }
}
