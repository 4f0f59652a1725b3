//! A plan at work.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kafka_protocol::messages::ApiKey;
use tokio::sync::watch;
use tokio::time::Instant;

use super::plan::{Chaos, Fault};
use crate::api;

/// Decides what happens to each request.
#[derive(Debug)]
pub(crate) struct ActiveChaos {
    chaos: Chaos,
    /// How many requests of each kind there were, by the kind's number.
    seen: HashMap<i16, AtomicU64>,
    paused_until: watch::Sender<Option<Instant>>,
}

impl ActiveChaos {
    pub(crate) fn new(chaos: Chaos) -> Self {
        let seen = api::served().map(|kind| (kind as i16, AtomicU64::new(0))).collect();
        Self { chaos, seen, paused_until: watch::Sender::new(None) }
    }

    /// What happens to the next request of this kind.
    pub(crate) fn strike(&self, request: ApiKey) -> Option<Fault> {
        let kind = request as i16;
        let count = self.seen.get(&kind)?.fetch_add(1, Ordering::Relaxed);
        let of_request = mixed(!count) ^ mixed(kind as u64).rotate_left(32);
        for (number, rule) in self.chaos.rules.iter().enumerate() {
            let applies = match rule.request {
                Some(named) => named == request,
                // What cannot be answered so is let through.
                None => !matches!(rule.fault, Fault::Error(_)) || api::can_refuse(request),
            };
            // A chance of its own for each rule, which does not hang on the others'.
            let mut chance = Chance(self.chaos.seed ^ mixed(number as u64 + 1) ^ of_request);
            if applies && chance.fraction() < rule.probability {
                return Some(match &rule.fault {
                    Fault::Delay(range) => chance.within(range, Fault::Delay),
                    Fault::Pause(range) => chance.within(range, Fault::Pause),
                    other => other.clone(),
                });
            }
        }
        None
    }

    /// Stands the whole broker still.
    pub(crate) fn pause(&self, time: Duration) {
        let until = Instant::now() + time;
        self.paused_until.send_modify(|paused| *paused = (*paused).max(Some(until)));
    }

    /// Comes back when the broker does not stand still.
    pub(crate) async fn unpaused(&self) {
        loop {
            let until = *self.paused_until.borrow();
            match until {
                Some(until) if until > Instant::now() => tokio::time::sleep_until(until).await,
                _ => return,
            }
        }
    }
}

/// A few numbers by chance, from a seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    /// From nought up to, not including, one.
    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn within(
        &mut self,
        range: &RangeInclusive<Duration>,
        fault: impl FnOnce(RangeInclusive<Duration>) -> Fault,
    ) -> Fault {
        let span = range.end().saturating_sub(*range.start());
        let time = *range.start() + span.mul_f64(self.fraction());
        fault(time..=time)
    }
}

/// Spreads a number over all bits.
fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struck(text: &str, requests: &[ApiKey]) -> Vec<Option<Fault>> {
        let chaos = ActiveChaos::new(text.parse().expect("a plan"));
        requests.iter().map(|request| chaos.strike(*request)).collect()
    }

    #[test]
    fn the_same_request_of_a_kind_meets_the_same_fault_whatever_comes_between() {
        let plan = "seed=7, produce:delay=1ms..9s@0.3, fetch:drop@0.5, any:forget@0.1";
        let alone = struck(plan, &[ApiKey::Produce; 200]);
        let mixed = struck(plan, &[ApiKey::Produce, ApiKey::Fetch, ApiKey::Metadata].repeat(200));
        assert_eq!(mixed.into_iter().step_by(3).collect::<Vec<_>>(), alone);
        assert_ne!(struck(&plan.replace('7', "8"), &[ApiKey::Produce; 200]), alone);
    }

    #[test]
    fn faults_are_as_frequent_as_asked_for() {
        let count = struck("fetch:drop@0.2", &[ApiKey::Fetch; 10_000]).into_iter().flatten().count();
        assert!((1_800..2_200).contains(&count), "{count} of 10000");
        assert_eq!(struck("fetch:drop", &[ApiKey::Fetch; 100]).into_iter().flatten().count(), 100);
        assert_eq!(struck("fetch:drop@0", &[ApiKey::Fetch; 100]).into_iter().flatten().count(), 0);
    }

    #[test]
    fn the_first_rule_that_strikes_does() {
        let faults = struck("fetch:drop, any:forget", &[ApiKey::Fetch, ApiKey::Produce]);
        assert_eq!(faults, [Some(Fault::Drop { served: false }), Some(Fault::Forget { served: false })]);
    }

    #[test]
    fn a_time_is_within_its_range() {
        for fault in struck("fetch:delay=10ms..20ms", &[ApiKey::Fetch; 100]) {
            let Some(Fault::Delay(time)) = fault else { panic!("{fault:?}") };
            assert!(
                (Duration::from_millis(10)..=Duration::from_millis(20)).contains(time.start()),
                "{time:?}"
            );
        }
    }
}
