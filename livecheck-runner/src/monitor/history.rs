//! The latest values of something that is measured, and what they have in common.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// The latest values, in seconds; how many are kept is for the caller to say (`max_history`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct History(VecDeque<f64>);

/// What the values of a history have in common, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quantiles {
    /// Half of the values are not above it. As Faust has it: of an even count, the mean of the middle two.
    pub median: f64,
    /// As many in a hundred are not above it, by the nearest rank: each is a value that was measured.
    pub p50: f64,
    /// The same.
    pub p90: f64,
    /// The same. Of fewer than a hundred values it is the largest.
    pub p99: f64,
}

impl History {
    /// Adds a value, and forgets the oldest beyond `most`.
    pub fn add(&mut self, seconds: f64, most: usize) {
        // JSON has no other numbers, and no measurement gives any.
        if seconds.is_finite() {
            self.0.push_back(seconds);
        }
        while self.0.len() > most {
            self.0.pop_front();
        }
    }

    /// The values, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = f64> + '_ {
        self.0.iter().copied()
    }

    /// What the values have in common; nothing where there are none.
    #[must_use]
    pub fn quantiles(&self) -> Option<Quantiles> {
        let mut sorted: Vec<f64> = self.iter().collect();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1)?;
        let rank = |percent: usize| sorted[(sorted.len() * percent).div_ceil(100).saturating_sub(1)];
        let median = f64::midpoint(sorted[last / 2], sorted[last.div_ceil(2)]);
        Some(Quantiles { median, p50: rank(50), p90: rank(90), p99: rank(99) })
    }
}

impl FromIterator<f64> for History {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_has_no_median() {
        assert_eq!(History::default().quantiles(), None);
    }

    #[test]
    fn a_hundred_values_have_the_percentiles_that_one_expects() {
        let history: History = (1..=100).rev().map(f64::from).collect();
        let expected = Quantiles { median: 50.5, p50: 50.0, p90: 90.0, p99: 99.0 };
        assert_eq!(history.quantiles(), Some(expected));
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut history = History::default();
        (0..5).for_each(|value| history.add(f64::from(value), 3));
        assert_eq!(history.iter().collect::<Vec<_>>(), [2.0, 3.0, 4.0]);
        history.add(f64::NAN, 2);
        assert_eq!(history.iter().collect::<Vec<_>>(), [3.0, 4.0]);
    }

    proptest! {
        #[test]
        fn a_percentile_is_a_value_that_enough_others_do_not_exceed(
            values in proptest::collection::vec(-1e6..1e6_f64, 1..200),
        ) {
            let quantiles = values.iter().copied().collect::<History>().quantiles().expect("there are values");
            for (percent, value) in [(50, quantiles.p50), (90, quantiles.p90), (99, quantiles.p99)] {
                prop_assert!(values.contains(&value));
                let count = |is: &dyn Fn(f64) -> bool| values.iter().filter(|other| is(**other)).count();
                prop_assert!(count(&|other| other <= value) * 100 >= values.len() * percent);
                prop_assert!(count(&|other| other < value) * 100 < values.len() * percent);
            }
            prop_assert!(quantiles.p50 <= quantiles.median && quantiles.median <= quantiles.p99.max(quantiles.p90));
        }
    }
}
