//! The slots of one schedule: which is fired, which was missed, which is left out. Pure: there is no clock here.
//!
//! ```text
//!   ──┬───────┬───────┬───────┬───────┬───────┬──▶ time
//!   fired   fired  missed  missed   fired   left out
//!                  (nobody was there)       (the run before is still under way)
//! ```
//!
//! Every slot is one of these, and is it once: what has become of it is kept with the states of the cases, in the
//! transaction that fires it, and whoever leads next goes on behind it.

use std::time::Duration;

use livecheck_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::plan::Rhythm;

/// How late a slot may be fired: so long it may take until another runner leads. What is later was missed, lest a daily
/// check runs at noon because somebody has deployed then.
pub(crate) const LATE: Duration = Duration::from_secs(60);
/// How many slots that were missed are counted at a time.
const MOST_COUNTED: usize = 100_000;

/// How far a schedule is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slots {
    /// What has become of each slot up to this moment is settled.
    settled: Timestamp,
    /// The latest slot that was fired.
    fired: Option<Timestamp>,
    /// The slot whose run is not over.
    under_way: Option<Timestamp>,
    missed: Unfired,
    left_out: Unfired,
}

/// Slots that were not fired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfired {
    /// How many, since the beginning.
    pub count: u64,
    /// The latest of them that follow each other.
    pub latest: Option<Series>,
}

/// Slots that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub first: Timestamp,
    /// The last of them.
    pub last: Timestamp,
}

/// What becomes of slots that have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Fire that one now.
    Fire(Timestamp),
    /// Nobody was there to fire these.
    Missed(Series),
    /// It is not fired, since the run of that other one is not over.
    LeftOut { slot: Timestamp, under_way: Timestamp },
}

impl Slots {
    /// Those of a schedule that nobody has known before: from now on.
    pub(crate) fn begin(now: Timestamp) -> Self {
        let (missed, left_out) = (Unfired::default(), Unfired::default());
        Self { settled: now, fired: None, under_way: None, missed, left_out }
    }

    /// What becomes of the slots that have come by then; nothing of this is asked twice.
    pub(crate) fn due(&mut self, rhythm: &Rhythm, now: Timestamp) -> Vec<Due> {
        self.give_up(rhythm, now);
        let next = |slot: Timestamp| rhythm.after(slot).filter(|next| rhythm.fired_at(*next) <= now);
        let mut come: Vec<Timestamp> =
            std::iter::successors(next(self.settled), |slot| next(*slot)).take(MOST_COUNTED).collect();
        let Some(&last) = come.last() else { return Vec::new() };
        self.settled = if come.len() < MOST_COUNTED { last } else { now };
        let is_in_time = now.since(rhythm.fired_at(last)) <= LATE;
        if is_in_time {
            come.pop();
        }
        let mut due = Vec::new();
        if let (Some(&first), Some(&last)) = (come.first(), come.last()) {
            let series = Series { count: come.len() as u64, first, last };
            self.missed.add(series, rhythm);
            due.push(Due::Missed(series));
        }
        match self.under_way {
            _ if !is_in_time => {}
            Some(under_way) => {
                self.left_out.add(Series { count: 1, first: last, last }, rhythm);
                due.push(Due::LeftOut { slot: last, under_way });
            }
            None => {
                (self.fired, self.under_way) = (Some(last), Some(last));
                due.push(Due::Fire(last));
            }
        }
        due
    }

    /// The run of that slot is over. Says whether it was the one that is under way.
    pub(crate) fn over(&mut self, slot: Timestamp) -> bool {
        let is_that = self.under_way == Some(slot);
        if is_that {
            self.under_way = None;
        }
        is_that
    }

    /// A run whose end nobody can see any more counts as over once it must be.
    fn give_up(&mut self, rhythm: &Rhythm, now: Timestamp) {
        if self.under_way.is_some_and(|slot| now > rhythm.fired_at(slot) + rhythm.lasts_at_most) {
            self.under_way = None;
        }
    }

    /// The slot whose run is not over.
    #[must_use]
    pub fn under_way(&self) -> Option<Timestamp> {
        self.under_way
    }

    /// The latest slot that was fired.
    #[must_use]
    pub fn fired(&self) -> Option<Timestamp> {
        self.fired
    }

    /// Those for which nobody was there.
    #[must_use]
    pub fn missed(&self) -> &Unfired {
        &self.missed
    }

    /// Those that came while the run of the one before was not over.
    #[must_use]
    pub fn left_out(&self) -> &Unfired {
        &self.left_out
    }
}

impl Unfired {
    fn add(&mut self, series: Series, rhythm: &Rhythm) {
        self.count += series.count;
        let before = self.latest.filter(|before| rhythm.after(before.last) == Some(series.first));
        self.latest = Some(match before {
            Some(Series { count, first, .. }) => {
                Series { count: count + series.count, first, last: series.last }
            }
            None => series,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use livecheck_schedule::Schedule;
    use proptest::prelude::*;

    use super::*;

    const LASTS: Duration = Duration::from_secs(900);

    fn rhythm(every: u64, jitter: u64) -> Rhythm {
        let schedule = Schedule::every(Duration::from_secs(every)).expect("a schedule");
        let schedule = schedule.with_jitter(Duration::from_secs(jitter)).expect("shorter");
        Rhythm::new("token".into(), schedule, LASTS)
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn a_schedule_begins_with_the_next_slot() {
        let hourly = rhythm(3_600, 0);
        let mut slots = Slots::begin(at(3_601));
        assert_eq!(slots.due(&hourly, at(7_199)), []);
        assert_eq!(slots.due(&hourly, at(7_200)), [Due::Fire(at(7_200))]);
        assert_eq!(slots.due(&hourly, at(7_201)), []);
    }

    #[test]
    fn what_nobody_was_there_for_is_missed_and_what_is_not_late_is_fired() {
        let minutely = rhythm(60, 0);
        let mut slots = Slots::begin(at(0));
        let missed = Series { count: 4, first: at(60), last: at(240) };
        assert_eq!(slots.due(&minutely, at(330)), [Due::Missed(missed), Due::Fire(at(300))]);
        assert!(slots.over(at(300)));
        // They follow each other, since the slot between was fired too late for no other.
        assert_eq!(slots.missed(), &Unfired { count: 4, latest: Some(missed) });
        let mut hourly = Slots::begin(at(0));
        let due = hourly.due(&rhythm(3_600, 0), at(3_661));
        assert_eq!(due, [Due::Missed(Series { count: 1, first: at(3_600), last: at(3_600) })]);
    }

    #[test]
    fn a_slot_is_left_out_while_the_run_before_is_not_over() {
        let minutely = rhythm(60, 0);
        let mut slots = Slots::begin(at(0));
        assert_eq!(slots.due(&minutely, at(60)), [Due::Fire(at(60))]);
        let left_out = |slot| Due::LeftOut { slot: at(slot), under_way: at(60) };
        assert_eq!(slots.due(&minutely, at(121)), [left_out(120)]);
        assert_eq!(slots.due(&minutely, at(180)), [left_out(180)]);
        let series = Series { count: 2, first: at(120), last: at(180) };
        assert_eq!(slots.left_out(), &Unfired { count: 2, latest: Some(series) });
        assert!(!slots.over(at(120)), "that was never begun");
        assert!(slots.over(at(60)));
        assert_eq!(slots.due(&minutely, at(240)), [Due::Fire(at(240))]);
    }

    #[test]
    fn a_run_whose_end_nobody_sees_holds_up_the_schedule_no_longer_than_it_may_last() {
        let hourly = rhythm(3_600, 0);
        let mut slots = Slots::begin(at(0));
        assert_eq!(slots.due(&hourly, at(3_600)), [Due::Fire(at(3_600))]);
        assert_eq!(slots.due(&hourly, at(7_200)), [Due::Fire(at(7_200))]);
    }

    #[test]
    fn an_outage_of_years_is_over_in_a_moment() {
        let mut slots = Slots::begin(at(0));
        let now = at(400_000_000);
        let due = slots.due(&rhythm(1, 0), now);
        assert!(matches!(due[..], [Due::Missed(Series { count: 100_000, .. })]), "{due:?}");
        assert_eq!(slots.due(&rhythm(1, 0), now + Duration::from_secs(1)).len(), 1);
    }

    proptest! {
        /// Whoever leads looks now and then, is away for a while, and another goes on from what was kept.
        #[test]
        fn every_slot_becomes_one_thing_once(
            every in 5_u64..120,
            jitter in 0_u64..5,
            looks in prop::collection::vec((1_u64..200, prop::option::of(0_u64..100), any::<bool>()), 1..60),
        ) {
            let rhythm = rhythm(every, jitter);
            let mut now = at(10_000);
            let mut slots = Slots::begin(now);
            let mut became: BTreeMap<Timestamp, &str> = BTreeMap::new();
            let mut open: Option<(Timestamp, Timestamp)> = None;
            let mut settle = |slot: Timestamp, what| became.insert(slot, what);
            for (pause, lasts, is_successor) in looks {
                now = now + Duration::from_secs(pause);
                if let Some((slot, until)) = open {
                    if until <= now {
                        prop_assert!(slots.over(slot));
                        open = None;
                    }
                }
                if is_successor {
                    let kept = serde_json::to_string(&slots).expect("it has JSON");
                    slots = serde_json::from_str(&kept).expect("it was written so");
                }
                for due in slots.due(&rhythm, now) {
                    match due {
                        Due::Fire(slot) => {
                            prop_assert_eq!(settle(slot, "fired"), None);
                            prop_assert!(open.is_none(), "two runs at a time");
                            prop_assert!(rhythm.fired_at(slot) <= now && now.since(rhythm.fired_at(slot)) <= LATE);
                            // One without an end is one whose runner has died.
                            let lasts = lasts.map_or(LASTS, Duration::from_secs);
                            open = Some((slot, rhythm.fired_at(slot) + lasts));
                        }
                        Due::LeftOut { slot, under_way } => {
                            prop_assert_eq!(settle(slot, "left out"), None);
                            prop_assert_eq!(open.map(|(slot, _)| slot), Some(under_way));
                        }
                        Due::Missed(series) => {
                            let mut slot = series.first;
                            for _ in 0..series.count {
                                prop_assert_eq!(settle(slot, "missed"), None);
                                prop_assert!(slot <= series.last);
                                slot = rhythm.after(slot).expect("it goes on");
                            }
                        }
                    }
                }
            }
            // None is overlooked: those that have come are all settled.
            let come = std::iter::successors(rhythm.after(at(10_000)), |slot| rhythm.after(*slot));
            let come: Vec<_> = come.take_while(|slot| rhythm.fired_at(*slot) <= now).collect();
            prop_assert_eq!(became.keys().copied().collect::<Vec<_>>(), come);
            let count = |what| became.values().filter(|became| **became == what).count() as u64;
            prop_assert_eq!((slots.missed().count, slots.left_out().count), (count("missed"), count("left out")));
        }
    }
}
