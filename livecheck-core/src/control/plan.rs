//! What a setting is to be, from when, and until when.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What somebody has set: one value, or several one after the other, for good or for a time.
///
/// Who reads it judges by the time at which it is read: nobody has to come back and undo it.
///
/// ```
/// use std::time::Duration;
/// use livecheck_core::{Timestamp, control::Plan};
///
/// let (now, minute) = (Timestamp::from_millis(0), Duration::from_secs(60));
/// let plan = Plan::stepwise([1, 10, 100], minute, now, "anna@laptop".to_owned()).until(now + minute * 5);
/// assert_eq!([0, 1, 4, 5].map(|minutes| plan.at(now + minute * minutes)), [Some(1), Some(10), Some(100), None]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan<T> {
    /// The values. The earliest holds from the beginning on, by whatever clock.
    pub steps: Vec<Step<T>>,
    /// When it is over, so that what held before holds again; never, if this is none.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Who has set it.
    pub by: String,
    /// When it was set.
    pub at: Timestamp,
}

/// A value, and from when on it holds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step<T> {
    /// From when on.
    pub from: Timestamp,
    /// The value.
    pub value: T,
}

impl<T: Copy> Plan<T> {
    /// One value, from now on.
    #[must_use]
    pub fn constant(value: T, now: Timestamp, by: String) -> Self {
        Self { steps: vec![Step { from: now, value }], until: None, by, at: now }
    }

    /// These values, one after the other, each for that long; the last stays.
    #[must_use]
    pub fn stepwise(
        values: impl IntoIterator<Item = T>,
        every: std::time::Duration,
        now: Timestamp,
        by: String,
    ) -> Self {
        let times = std::iter::successors(Some(now), |time| Some(*time + every));
        let steps = values.into_iter().zip(times).map(|(value, from)| Step { from, value });
        Self { steps: steps.collect(), until: None, by, at: now }
    }

    /// The same, over at that time.
    #[must_use]
    pub fn until(self, until: Timestamp) -> Self {
        Self { until: Some(until), ..self }
    }

    /// The value at that time; none once it is over.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Option<T> {
        if self.is_over(now) {
            return None;
        }
        let begun = self.steps.iter().filter(|step| step.from <= now).max_by_key(|step| step.from);
        begun.or_else(|| self.steps.iter().min_by_key(|step| step.from)).map(|step| step.value)
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// The steps that are still to come, before it is over.
    pub fn to_come(&self, now: Timestamp) -> impl Iterator<Item = &Step<T>> {
        let until = self.until.unwrap_or(Timestamp::MAX);
        self.steps.iter().filter(move |step| now < step.from && step.from < until)
    }

    /// When it next gives another value, at the earliest: until then [`at`](Self::at) stays what it is.
    #[must_use]
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let until = self.until.filter(|until| *until > now);
        self.to_come(now).map(|step| step.from).chain(until).min()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn time(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1_000)
    }

    prop_compose! {
        fn plans()(
            steps in prop::collection::vec((0..50_i64, 0..100_u32), 1..6),
            until in prop::option::of(0..60_i64),
        ) -> Plan<u32> {
            let steps = steps.into_iter().map(|(from, value)| Step { from: time(from), value });
            Plan { steps: steps.collect(), until: until.map(time), by: "anna".to_owned(), at: time(0) }
        }
    }

    proptest! {
        #[test]
        fn nothing_changes_before_the_next_change(plan in plans(), now in -10..70_i64) {
            let next = plan.next_change(time(now)).unwrap_or(time(100));
            prop_assert!(next > time(now));
            let between = (now..).map(time).take_while(|time| *time < next);
            prop_assert!(between.into_iter().all(|then| plan.at(then) == plan.at(time(now))));
        }

        #[test]
        fn there_is_a_value_until_it_is_over_and_none_after(plan in plans(), now in -10..70_i64) {
            let is_over = plan.until.is_some_and(|until| until <= time(now));
            prop_assert_eq!(plan.at(time(now)).is_none(), is_over);
            prop_assert_eq!(plan.is_over(time(now)), is_over);
        }

        #[test]
        fn the_order_in_which_steps_are_written_is_nothing(plan in plans(), now in -10..70_i64) {
            let mut froms: Vec<_> = plan.steps.iter().map(|step| step.from).collect();
            froms.sort_unstable();
            froms.dedup();
            prop_assume!(froms.len() == plan.steps.len());
            let turned = Plan { steps: plan.steps.iter().rev().copied().collect(), ..plan.clone() };
            prop_assert_eq!(turned.at(time(now)), plan.at(time(now)));
        }

        #[test]
        fn a_plan_survives_the_wire(plan in plans()) {
            let json = serde_json::to_string(&plan).expect("a plan has JSON");
            prop_assert_eq!(serde_json::from_str::<Plan<u32>>(&json).expect("it is one"), plan);
        }
    }
}
