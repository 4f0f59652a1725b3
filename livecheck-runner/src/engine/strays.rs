//! Signals that lie in another partition of the bus than that of their key, since their sender uses another partitioner.
//!
//! The shard that reads one hands it on to the shard of the key. Where there are any, a shard that has read its own
//! partition past a deadline does not know yet that there is no signal: it asks the others, and each of them answers
//! once it has read as far, behind all that it hands on. Where none was seen nothing of that is done.

use std::time::Duration;

use livecheck_core::Timestamp;

use super::commit_point::StrayPoint;
use super::others::Others;
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
    others: Others,
}

impl Strays {
    pub(super) fn new(placement: Placement, point: StrayPoint) -> Self {
        Self { point, others: Others::new(placement, ASK_AGAIN_AFTER) }
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
        self.others.come_to(read_to)
    }

    /// All that lay in that partition up to that log time has come.
    pub(super) fn came(&mut self, partition: i32, time: Timestamp) {
        self.others.came(partition, time);
        if self.others.have_answered() {
            self.others.stop_asking();
        }
    }

    /// How far the others have come, and what they want to know.
    pub(super) fn others(&self) -> &Others {
        &self.others
    }

    /// The same, to ask them, and to take what they ask.
    pub(super) fn others_mut(&mut self) -> &mut Others {
        &mut self.others
    }

    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        self.others.ask_again_at().is_none() && self.others.first_inquiry().is_none()
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
        assert_eq!(strays.others_mut().ask(AT(8), AT(0)), [0, 2]);
        strays.came(0, AT(9));
        assert_eq!((strays.come_to(AT(8)), strays.is_idle()), (Timestamp::MIN, false));
        strays.came(2, AT(8));
        assert_eq!((strays.come_to(AT(8)), strays.is_idle()), (AT(8), true));
        assert_eq!(strays.come_to(AT(10)), AT(8));
    }

    #[test]
    fn the_others_are_told_of_it_once_an_hour() {
        let mut strays = strays();
        let told = [0, 1, HOUR, HOUR + 1, 2 * HOUR, 2 * HOUR + 2].map(|time| strays.see(AT(time)));
        assert_eq!(told, [true, false, false, true, false, true]);
    }
}
