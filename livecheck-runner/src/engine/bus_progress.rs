//! How far the bus has been read, in log time: what may be judged.

use std::time::Duration;

use livecheck_core::Timestamp;

/// How far behind the local clock the brokers' may be assumed to be before anything was seen of it.
const ASSUMED_LAG: Duration = Duration::from_millis(500);

/// How far the bus has been read.
///
/// A wait may be judged once every record of its time has been read. Two things tell: a record of a later
/// time, and, on a silent bus, its end offset asked for after that time.
#[derive(Debug)]
pub(super) struct BusProgress {
    /// The offset that is read next.
    next_offset: i64,
    /// All records up to this log time have been read.
    read_to: Timestamp,
    /// How far before a later record another may still come. Zero where the log stamps its records itself.
    disorder: Duration,
    /// The least difference seen between the local clock and a record's time. The brokers' clock is at most
    /// this far behind the local one: a record cannot have been read before it was written.
    lag: Duration,
}

impl BusProgress {
    pub(super) fn new(next_offset: i64, disorder: Duration) -> Self {
        Self { next_offset, read_to: Timestamp::MIN, disorder, lag: ASSUMED_LAG }
    }

    pub(super) fn next_offset(&self) -> i64 {
        self.next_offset
    }

    pub(super) fn read_to(&self) -> Timestamp {
        self.read_to
    }

    /// A record of that time was read at `now`.
    pub(super) fn record(&mut self, offset: i64, time: Timestamp, now: Timestamp) {
        self.next_offset = self.next_offset.max(offset + 1);
        self.lag = self.lag.min(now.since(time));
        // Others of the same millisecond may follow.
        self.advance(time - self.disorder - Duration::from_micros(1));
    }

    /// The end of the partition was asked for at `asked`, and all before it has been read.
    pub(super) fn at_end(&mut self, end_offset: i64, asked: Timestamp) -> bool {
        if self.next_offset < end_offset {
            return false;
        }
        self.advance(asked - self.lag - self.disorder);
        true
    }

    /// When, by the local clock, it is worth asking for the end in order to judge that log time.
    pub(super) fn ask_at(&self, deadline: Timestamp) -> Timestamp {
        deadline + self.lag + self.disorder + Duration::from_millis(1)
    }

    /// The records before that offset hold nothing for this reader: control records of a transaction, say.
    pub(super) fn skip_to(&mut self, offset: i64) {
        self.next_offset = self.next_offset.max(offset);
    }

    fn advance(&mut self, time: Timestamp) {
        self.read_to = self.read_to.max(time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: fn(i64) -> Timestamp = Timestamp::from_millis;

    #[test]
    fn a_later_record_settles_what_is_before_it_only() {
        let mut bus = BusProgress::new(0, Duration::ZERO);
        bus.record(0, AT(1000), AT(1001));
        assert!(bus.read_to() < AT(1000) && bus.read_to() > AT(999));
    }

    #[test]
    fn an_unread_record_before_the_end_settles_nothing() {
        let mut bus = BusProgress::new(5, Duration::ZERO);
        assert!(!bus.at_end(6, AT(9000)));
        assert_eq!(bus.read_to(), Timestamp::MIN);
        assert!(bus.at_end(5, AT(9000)));
        assert_eq!(bus.read_to(), AT(8500));
    }

    #[test]
    fn brokers_behind_the_local_clock_are_waited_for() {
        let mut bus = BusProgress::new(0, Duration::ZERO);
        // The record took 3 ms at most, or the brokers' clock is 3 ms behind, or something between.
        bus.record(0, AT(1000), AT(1003));
        assert_eq!(bus.ask_at(AT(2000)), AT(2004));
        assert!(bus.at_end(1, AT(2004)));
        assert!(bus.read_to() > AT(2000));
    }
}
