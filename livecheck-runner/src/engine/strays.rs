//! Signals that lie in another partition of the bus than that of their key, since their sender uses another partitioner.
//!
//! The shard that reads one hands it on to the shard of the key. Where there are any, a shard that has read its own
//! partition past a deadline does not know yet that there is no signal: it asks the others, and each of them answers
//! once it has read as far, behind all that it hands on. Where none was seen nothing of that is done.

use std::collections::BTreeSet;
use std::time::Duration;

use livecheck_core::Timestamp;

use super::commit_point::StrayPoint;
use super::placement::Placement;

/// For how long after one was seen, in log time, more are expected.
const EXPECTED_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// How often, in log time, the others are told that there are some.
const TOLD_EVERY: Duration = Duration::from_secs(60 * 60);
/// For how long, in local time, an answer is waited for: a runner that dies takes what it was asked with it.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// What a shard knows of strays.
#[derive(Debug)]
pub(super) struct Strays {
    /// What is to be committed of it.
    point: StrayPoint,
    /// Up to which log time all that lay in each of the partitions has come to this one.
    come_to: Vec<Timestamp>,
    /// Up to which log time that was asked for, and when, in local time, it is asked again.
    asked: Option<(Timestamp, Timestamp)>,
    /// Which other shard wants to know once this partition has been read to which log time.
    inquiries: BTreeSet<(Timestamp, i32)>,
}

impl Strays {
    pub(super) fn new(placement: Placement, point: StrayPoint) -> Self {
        let come_to = |partition| match partition == placement.partition() {
            true => Timestamp::MAX, // what lies in the own one needs not come
            false => Timestamp::MIN,
        };
        let come_to = placement.all().map(come_to).collect();
        Self { point, come_to, asked: None, inquiries: BTreeSet::new() }
    }

    pub(super) fn point(&self) -> StrayPoint {
        self.point
    }

    /// Whether the one at that offset of the own partition was handed on before.
    pub(super) fn was_handed_on(&self, offset: i64) -> bool {
        offset < self.point.handed_on_to
    }

    /// The one at that offset of the own partition is handed on.
    pub(super) fn hand_on(&mut self, offset: i64) {
        self.point.handed_on_to = offset + 1;
    }

    /// One of that log time was seen, here or elsewhere. Says whether the others are to be told of it.
    pub(super) fn see(&mut self, time: Timestamp) -> bool {
        let expected_until = time + EXPECTED_FOR;
        let is_news = expected_until > self.point.expected_until + TOLD_EVERY;
        if is_news {
            self.point.expected_until = expected_until;
        }
        is_news
    }

    /// Up to which log time all signals have come, where the own partition has been read to that.
    pub(super) fn come_to(&self, read_to: Timestamp) -> Timestamp {
        if read_to > self.point.expected_until {
            return read_to;
        }
        self.come_to.iter().copied().fold(read_to, Timestamp::min)
    }

    /// All that lay in that partition up to that log time has come.
    pub(super) fn came(&mut self, partition: i32, time: Timestamp) {
        let known = usize::try_from(partition).ok().and_then(|partition| self.come_to.get_mut(partition));
        if let Some(known) = known {
            *known = time.max(*known);
        }
        self.asked = self.asked.filter(|&(asked, _)| self.come_to(asked) < asked);
    }

    /// Whom to ask whether all has come up to that log time, unless the answers to that are awaited.
    pub(super) fn ask(&mut self, time: Timestamp, now: Timestamp) -> Vec<i32> {
        if self.asked.is_some_and(|(_, again_at)| now < again_at) {
            return Vec::new();
        }
        self.asked = Some((time, now + ASK_AGAIN_AFTER));
        let to_ask = self.come_to.iter().zip(0..).filter(|(come_to, _)| **come_to < time);
        to_ask.map(|(_, partition)| partition).collect()
    }

    /// When, in local time, it is asked again.
    pub(super) fn ask_again_at(&self) -> Option<Timestamp> {
        self.asked.map(|(_, again_at)| again_at)
    }

    /// Nothing waits for the answers any more.
    pub(super) fn stop_asking(&mut self) {
        self.asked = None;
    }

    /// Another shard wants to know once this partition has been read to that log time.
    pub(super) fn inquire(&mut self, time: Timestamp, asker: i32) {
        self.inquiries.insert((time, asker));
    }

    /// Takes out the next of those that are to be told, where this partition has been read to that log time.
    pub(super) fn take_inquiry(&mut self, read_to: Timestamp) -> Option<i32> {
        self.inquiries.first().filter(|(time, _)| *time <= read_to)?;
        self.inquiries.pop_first().map(|(_, asker)| asker)
    }

    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        self.asked.is_none() && self.inquiries.is_empty()
    }

    /// The first log time to which somebody wants this partition to be read.
    pub(super) fn first_inquiry(&self) -> Option<Timestamp> {
        self.inquiries.first().map(|(time, _)| *time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 60 * 60 * 1_000;
    const AT: fn(i64) -> Timestamp = Timestamp::from_millis;

    fn strays() -> Strays {
        Strays::new(Placement::new(1, 3), StrayPoint::NONE)
    }

    #[test]
    fn where_none_was_seen_nobody_is_waited_for() {
        let mut strays = strays();
        assert_eq!(strays.come_to(AT(7)), AT(7));
        assert!(strays.see(AT(5)));
        assert_eq!(strays.come_to(AT(7)), Timestamp::MIN);
        assert_eq!(strays.come_to(AT(25 * HOUR)), AT(25 * HOUR), "a day later it is over");
    }

    #[test]
    fn all_has_come_when_every_other_partition_has_been_read() {
        let mut strays = strays();
        strays.see(AT(5));
        assert_eq!(strays.ask(AT(7), AT(0)), [0, 2]);
        assert_eq!(strays.ask(AT(8), AT(4_999)), [0; 0], "the answers are awaited");
        strays.came(0, AT(9));
        assert_eq!((strays.come_to(AT(8)), strays.ask_again_at()), (Timestamp::MIN, Some(AT(5_000))));
        assert_eq!(strays.ask(AT(8), AT(5_000)), [2], "the other one may have died");
        strays.came(2, AT(8));
        assert_eq!((strays.come_to(AT(8)), strays.ask_again_at()), (AT(8), None));
        assert_eq!(strays.come_to(AT(10)), AT(8));
    }

    #[test]
    fn the_others_are_told_of_it_once_an_hour() {
        let mut strays = strays();
        let told = [0, 1, HOUR, HOUR + 1, 2 * HOUR, 2 * HOUR + 2].map(|time| strays.see(AT(time)));
        assert_eq!(told, [true, false, false, true, false, true]);
    }
}
