//! How far the bus has been read, in log time: what may be judged.

use std::time::Duration;

use livecheck_core::Timestamp;

/// How far behind the local clock the log's is assumed to be at most, before a record was read as it came.
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
    /// What is known of the log's clock.
    log_clock: LogClock,
}

/// How far the log's clock is behind the local one, at the most.
///
/// A record cannot have been read before it was written, so each one read says: the log's clock was behind by
/// no more than what lay between its time and its reading. Of an old record that is much; of one that was read
/// as it came it is the difference of the clocks, and the way.
#[derive(Debug, Default)]
struct LogClock {
    /// The least that any record said.
    least: Option<Duration>,
    /// Whether one of them was read as it came.
    is_measured: bool,
}

impl LogClock {
    fn see(&mut self, time: Timestamp, now: Timestamp, fresh: bool) {
        let behind = now.since(time);
        self.least = Some(self.least.map_or(behind, |least| least.min(behind)));
        self.is_measured |= fresh;
    }

    fn lag(&self) -> Duration {
        match self.least {
            Some(least) if self.is_measured => least,
            Some(least) => least.min(ASSUMED_LAG),
            None => ASSUMED_LAG,
        }
    }
}

impl BusProgress {
    pub(super) fn new(next_offset: i64, disorder: Duration) -> Self {
        Self { next_offset, read_to: Timestamp::MIN, disorder, log_clock: LogClock::default() }
    }

    pub(super) fn next_offset(&self) -> i64 {
        self.next_offset
    }

    pub(super) fn read_to(&self) -> Timestamp {
        self.read_to
    }

    /// A record of that time was read from any of the log's topics at `now`; `fresh` if it was read as it came.
    pub(super) fn see_clock(&mut self, time: Timestamp, now: Timestamp, fresh: bool) {
        self.log_clock.see(time, now, fresh);
    }

    /// A record of that time was read from the bus.
    pub(super) fn record(&mut self, offset: i64, time: Timestamp) {
        self.next_offset = self.next_offset.max(offset + 1);
        // Others of the same millisecond may follow.
        self.advance(time - self.disorder - Duration::from_micros(1));
    }

    /// The end of the partition was asked for at `asked`, and all before it has been read.
    pub(super) fn at_end(&mut self, end_offset: i64, asked: Timestamp) -> bool {
        if self.next_offset < end_offset {
            return false;
        }
        self.advance(asked - self.log_clock.lag() - self.disorder);
        true
    }

    /// When, by the local clock, it is worth asking for the end in order to judge that log time.
    pub(super) fn ask_at(&self, deadline: Timestamp) -> Timestamp {
        deadline + self.log_clock.lag() + self.disorder + Duration::from_millis(1)
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
        bus.record(0, AT(1000));
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
    fn a_log_behind_the_local_clock_is_waited_for() {
        let mut bus = BusProgress::new(0, Duration::ZERO);
        // The record took 3 ms at most, or the log's clock is 3 ms behind, or something between.
        bus.see_clock(AT(1000), AT(1003), false);
        assert_eq!(bus.ask_at(AT(2000)), AT(2004));
        assert!(bus.at_end(0, AT(2004)));
        assert!(bus.read_to() > AT(2000));
    }

    #[test]
    fn an_old_record_says_little_and_a_fresh_one_all() {
        const HOUR: i64 = 3_600_000;
        let mut bus = BusProgress::new(0, Duration::ZERO);
        bus.see_clock(AT(0), AT(HOUR), false);
        assert_eq!(bus.ask_at(AT(0)), AT(501), "it may just have waited an hour to be read");
        bus.see_clock(AT(10), AT(HOUR + 12), true);
        assert_eq!(bus.ask_at(AT(0)), AT(HOUR + 1), "the local clock is an hour ahead");
    }
}
