//! The executions that wait for nothing: the only ones that local time can end.

use livecheck_core::Timestamp;

use super::InFlight;
use crate::engine::execution::Handle;

/// The executions that wait for nothing, and from when on one of them may be overdue, in local time.
///
/// Each comes and goes with every wait, and few are ever overdue: so they are in no order, and are looked through when
/// the first of them may be. Each knows its place here.
#[derive(Debug, Default)]
pub(super) struct Busy {
    executions: Vec<Handle>,
    /// None of them is overdue before that.
    none_before: Option<Timestamp>,
}

/// The place of an execution that is not among them.
pub(in crate::engine) const NOT_BUSY: u32 = u32::MAX;

#[cfg(test)]
impl Busy {
    pub(super) fn is_empty(&self) -> bool {
        self.executions.is_empty() && self.none_before.is_none()
    }
}

impl<R> InFlight<R> {
    /// An execution waits for nothing: it is overdue at its limit.
    pub(in crate::engine) fn set_busy(&mut self, execution: Handle) {
        let place = self.busy.executions.len();
        let Some(running) = self.get_mut(execution) else { return };
        let limit = running.local_limit;
        if running.busy_place == NOT_BUSY {
            running.busy_place = u32::try_from(place).unwrap_or_else(|_| unreachable!("slots are as few"));
            self.busy.executions.push(execution);
        }
        let none_before = self.busy.none_before.map_or(limit, |none_before| none_before.min(limit));
        self.busy.none_before = Some(none_before);
    }

    /// It waits for something.
    pub(in crate::engine) fn set_waiting(&mut self, execution: Handle) {
        let Some(running) = self.get_mut(execution) else { return };
        let place = std::mem::replace(&mut running.busy_place, NOT_BUSY);
        self.leave_busy(place);
    }

    /// Nobody is at that place any more.
    pub(super) fn leave_busy(&mut self, place: u32) {
        if place == NOT_BUSY {
            return;
        }
        self.busy.executions.swap_remove(super::index(place));
        if let Some(&moved) = self.busy.executions.get(super::index(place)) {
            if let Some(running) = self.get_mut(moved) {
                running.busy_place = place;
            }
        }
        if self.busy.executions.is_empty() {
            self.busy.none_before = None;
        }
    }

    /// When, in local time, one of them may be overdue.
    pub(in crate::engine) fn may_be_overdue_at(&self) -> Option<Timestamp> {
        self.busy.none_before
    }

    /// Those that are overdue at `now`, the first one first. Where there are any each is to be removed.
    pub(in crate::engine) fn overdue(&mut self, now: Timestamp) -> Vec<Handle> {
        if self.busy.none_before.is_none_or(|none_before| none_before > now) {
            return Vec::new();
        }
        let limit = |execution: Handle| Some((self.get(execution)?.local_limit, execution));
        let limits = self.busy.executions.iter().filter_map(|execution| limit(*execution));
        let (mut overdue, others): (Vec<_>, Vec<_>) = limits.partition(|(limit, _)| *limit <= now);
        self.busy.none_before = others.iter().map(|(limit, _)| *limit).min();
        overdue.sort_unstable();
        overdue.into_iter().map(|(_, execution)| execution).collect()
    }
}

#[cfg(test)]
mod tests {
    use livecheck_core::case::Location;
    use livecheck_core::wire::{Arguments, TestExecution};
    use livecheck_core::{Case, TestId};

    use super::*;
    use crate::engine::TestRecord;
    use crate::engine::execution::Running;

    const AT: fn(i64) -> Timestamp = Timestamp::from_millis;

    static CASE: Case = Case::new("c", Location { package: "p", file: "src/lib.rs", line: 1 }, |_| {
        Box::pin(async { Ok(()) })
    });

    /// Executions that are overdue then.
    fn in_flight<const N: usize>(limits: [i64; N]) -> (InFlight<()>, [Handle; N]) {
        let mut in_flight = InFlight::default();
        let executions = limits.map(|limit| {
            let (id, arguments) = (TestId::from(limit.to_string()), Arguments::new());
            let (timestamp, expires) = (AT(0), AT(limit));
            let test = TestExecution { id, case_name: CASE.name.into(), timestamp, expires, arguments };
            let record = TestRecord { test, partition_key: None, origin: None };
            let running = Running::new(&CASE, record, limit, (timestamp, expires), AT(0));
            let execution = in_flight.insert(Box::new(running));
            in_flight.set_busy(execution);
            execution
        });
        (in_flight, executions)
    }

    #[test]
    fn the_overdue_are_those_that_wait_for_nothing_by_the_limits_that_they_have_by_now() {
        let (mut in_flight, [waits, second, prolonged, first, later]) = in_flight([1, 4, 2, 3, 9]);
        assert_eq!(in_flight.may_be_overdue_at(), Some(AT(1)));
        in_flight.set_waiting(waits);
        in_flight.get_mut(prolonged).expect("it is in flight").local_limit = AT(8);
        in_flight.set_busy(prolonged);
        assert_eq!(in_flight.overdue(AT(0)), []);
        assert_eq!(in_flight.overdue(AT(4)), [first, second]);
        assert_eq!(in_flight.may_be_overdue_at(), Some(AT(8)));
        for execution in [first, second, later, prolonged] {
            in_flight.remove(execution);
        }
        assert_eq!(in_flight.may_be_overdue_at(), None);
        in_flight.set_busy(waits);
        assert_eq!(in_flight.overdue(AT(1)), [waits]);
        in_flight.remove(waits);
        assert!(in_flight.is_empty());
    }
}
