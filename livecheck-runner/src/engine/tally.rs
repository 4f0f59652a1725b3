//! How many executions there were, and what became of them.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use livecheck_core::CaseName;
use livecheck_core::wire::State;
use serde::{Deserialize, Serialize};

/// The counts of one case. For each, `triggered` is the sum of all the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseTally {
    /// Tests accepted for execution or skipping.
    pub triggered: u64,
    /// The contract held.
    pub pass: u64,
    /// The contract broke.
    pub fail: u64,
    /// The case returned an error.
    pub error: u64,
    /// A signal did not come in time.
    pub timeout: u64,
    /// Not executed.
    pub skip: u64,
    /// Executing now.
    pub in_flight: u64,
}

impl CaseTally {
    /// How many executions have ended.
    #[must_use]
    pub const fn ended(&self) -> u64 {
        self.pass + self.fail + self.error + self.timeout + self.skip
    }

    /// How many have ended as FAIL, ERROR or TIMEOUT.
    #[must_use]
    pub const fn failures(&self) -> u64 {
        self.fail + self.error + self.timeout
    }

    /// Whether every execution is accounted for.
    #[must_use]
    pub const fn balances(&self) -> bool {
        self.triggered == self.ended() + self.in_flight
    }

    /// Counts an execution that is known by its report alone.
    pub fn count(&mut self, state: State) {
        self.triggered += 1;
        *self.of_state(state) += 1;
    }

    /// How many have ended in that state.
    #[must_use]
    pub const fn of(&self, state: State) -> u64 {
        match state {
            State::Pass => self.pass,
            State::Fail => self.fail,
            State::Timeout => self.timeout,
            State::Skip => self.skip,
            _ => self.error,
        }
    }

    fn of_state(&mut self, state: State) -> &mut u64 {
        match state {
            State::Pass => &mut self.pass,
            State::Fail => &mut self.fail,
            State::Timeout => &mut self.timeout,
            State::Skip => &mut self.skip,
            // An execution ends in no other state; one that did would be an error to look into.
            _ => &mut self.error,
        }
    }
}

impl AddAssign for CaseTally {
    fn add_assign(&mut self, other: Self) {
        self.triggered += other.triggered;
        self.pass += other.pass;
        self.fail += other.fail;
        self.error += other.error;
        self.timeout += other.timeout;
        self.skip += other.skip;
        self.in_flight += other.in_flight;
    }
}

/// The counts of every case, and of what was not counted as a test.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// By case.
    pub cases: BTreeMap<CaseName, CaseTally>,
    /// Triggers that repeat one already accepted.
    pub repeated_triggers: u64,
    /// Signals that came after their execution had ended.
    pub late_signals: u64,
    /// Signals for a case, or of a name, that is not known here.
    pub unknown_signals: u64,
    /// Early signals given up because their test did not come, or because memory was short.
    pub abandoned_signals: u64,
    /// By case, executions that were in flight when their partition was given back: another runner goes on with them.
    pub handed_over: BTreeMap<CaseName, u64>,
}

impl Tally {
    pub(super) fn accepted(&mut self, case: &CaseName) {
        self.case(case).triggered += 1;
    }

    pub(super) fn ended(&mut self, case: &CaseName, state: State) {
        *self.case(case).of_state(state) += 1;
    }

    /// The counts with what is in flight by another account, that of the executions themselves: so it shows if one
    /// was lost, or counted twice.
    pub(super) fn with_in_flight<'a>(&self, counts: impl Iterator<Item = (&'a CaseName, u64)>) -> Self {
        let mut tally = self.clone();
        for (case, count) in counts {
            tally.case(case).in_flight = count;
        }
        tally
    }

    fn case(&mut self, name: &CaseName) -> &mut CaseTally {
        // `entry` would clone the name each time; it is new once.
        if !self.cases.contains_key(name) {
            self.cases.insert(name.clone(), CaseTally::default());
        }
        self.cases.get_mut(name).unwrap_or_else(|| unreachable!("inserted above"))
    }

    /// The same without what is in flight: another runner goes on with that, and counts it.
    #[must_use]
    pub fn handed_over(mut self) -> Self {
        for (name, tally) in &mut self.cases {
            if tally.in_flight > 0 {
                *self.handed_over.entry(name.clone()).or_default() += tally.in_flight;
            }
            tally.triggered -= tally.in_flight;
            tally.in_flight = 0;
        }
        self
    }

    /// The counts of all cases together.
    #[must_use]
    pub fn total(&self) -> CaseTally {
        let mut total = CaseTally::default();
        for tally in self.cases.values() {
            total += *tally;
        }
        total
    }
}

impl AddAssign<&Self> for Tally {
    fn add_assign(&mut self, other: &Self) {
        for (name, tally) in &other.cases {
            *self.case(name) += *tally;
        }
        self.repeated_triggers += other.repeated_triggers;
        self.late_signals += other.late_signals;
        self.unknown_signals += other.unknown_signals;
        self.abandoned_signals += other.abandoned_signals;
        for (name, count) in &other.handed_over {
            *self.handed_over.entry(name.clone()).or_default() += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_that_is_lost_or_counted_twice_shows() {
        let case = CaseName::from("orders::order");
        let mut tally = Tally::default();
        (0..3).for_each(|_| tally.accepted(&case));
        tally.ended(&case, State::Pass);
        let balances = |in_flight| {
            let tally = tally.with_in_flight([(&case, in_flight)].into_iter());
            tally.cases.values().all(CaseTally::balances)
        };
        assert_eq!([balances(1), balances(2), balances(3)], [false, true, false]);
    }
}
