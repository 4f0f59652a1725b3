//! The share of executions that did not pass, within a time.

use std::collections::BTreeMap;
use std::time::Duration;

use livecheck_core::Timestamp;
use serde::{Deserialize, Serialize};

/// In how many parts the time is cut: with the next part the oldest is forgotten.
const PARTS: u32 = 30;

/// When the share of failures is an alert.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FailureRate {
    /// The share above which it is one, from 0 to 1.
    pub above: f64,
    /// The time that is looked at.
    pub over: Duration,
    /// How many executions it takes. Fewer say nothing: no alert begins or ends by them.
    pub at_least: u64,
}

/// What the executions of a case came to, in each part of the time that is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateWindow {
    /// By the number of the part since 1970.
    parts: BTreeMap<i64, Part>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    passed: u64,
    failed: u64,
}

/// What the executions within the time say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// Too few to say anything.
    TooFew,
    /// The share is not above the one allowed.
    Fine,
    /// It is.
    TooMany { failed: u64, of: u64 },
}

impl RateWindow {
    /// An execution has ended.
    pub(crate) fn ended(&mut self, rule: &FailureRate, passed: bool, at: Timestamp) {
        let part = self.parts.entry(number(rule, at)).or_default();
        *if passed { &mut part.passed } else { &mut part.failed } += 1;
        self.forget(rule, at);
    }

    /// What they say, at a moment.
    pub(crate) fn say(&self, rule: &FailureRate, now: Timestamp) -> Said {
        let oldest = oldest(rule, now);
        let (passed, failed) = self
            .parts
            .range(oldest..)
            .fold((0, 0), |(passed, failed), (_, part)| (passed + part.passed, failed + part.failed));
        match passed + failed {
            of if of < rule.at_least.max(1) => Said::TooFew,
            of if failed as f64 > rule.above * of as f64 => Said::TooMany { failed, of },
            _ => Said::Fine,
        }
    }

    /// Whether nothing of it is within the time any more.
    pub(crate) fn is_over(&self, rule: &FailureRate, now: Timestamp) -> bool {
        self.parts.range(oldest(rule, now)..).next().is_none()
    }

    fn forget(&mut self, rule: &FailureRate, now: Timestamp) {
        self.parts = self.parts.split_off(&oldest(rule, now));
    }
}

fn number(rule: &FailureRate, at: Timestamp) -> i64 {
    let part = i64::try_from((rule.over / PARTS).as_micros()).unwrap_or(i64::MAX).max(1);
    at.as_micros().div_euclid(part)
}

/// The number of the oldest part that is looked at.
fn oldest(rule: &FailureRate, now: Timestamp) -> i64 {
    number(rule, now) - i64::from(PARTS) + 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RULE: FailureRate = FailureRate { above: 0.1, over: Duration::from_secs(900), at_least: 10 };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn a_share_above_the_one_allowed_is_too_many() {
        let mut window = RateWindow::default();
        (0..9).for_each(|second| window.ended(&RULE, true, at(second)));
        assert_eq!(window.say(&RULE, at(9)), Said::TooFew);
        window.ended(&RULE, false, at(9));
        assert_eq!(window.say(&RULE, at(9)), Said::Fine, "a tenth is allowed");
        window.ended(&RULE, false, at(10));
        assert_eq!(window.say(&RULE, at(10)), Said::TooMany { failed: 2, of: 11 });
        assert_eq!(window.say(&RULE, at(2_000)), Said::TooFew);
        assert!(window.is_over(&RULE, at(2_000)));
    }

    proptest! {
        #[test]
        fn it_counts_what_was_within_the_time_and_no_more_than_a_part_less(
            ends in proptest::collection::vec((0..3_000_i64, any::<bool>()), 0..200),
            now in 3_000..4_000_i64,
        ) {
            let mut ends = ends;
            ends.sort_unstable();
            let mut window = RateWindow::default();
            ends.iter().for_each(|(second, passed)| window.ended(&RULE, *passed, at(*second)));
            let rule = FailureRate { above: -1.0, at_least: 1, ..RULE };
            let of = match window.say(&rule, at(now)) { Said::TooMany { of, .. } => of, _ => 0 };
            let within = |seconds: i64| ends.iter().filter(|(second, _)| now - second < seconds).count() as u64;
            prop_assert!(of <= within(901) && of >= within(870), "{of}");
            prop_assert!(window.parts.len() <= PARTS as usize);
        }
    }
}
