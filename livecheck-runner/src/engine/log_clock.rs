//! The log's clock, as far as the local one says what time it is there.

use std::time::Duration;

use livecheck_core::Timestamp;

/// How far behind the local clock the log's is assumed to be at most, before a record was read as it came.
const ASSUMED_LAG: Duration = Duration::from_millis(500);

/// How far the log's clock is behind the local one, at the most.
///
/// A record cannot have been read before it was written, so each one read says: the log's clock was behind by
/// no more than what lay between its time and its reading. Of an old record that is much; of one that was read
/// as it came it is the difference of the clocks, and the way.
#[derive(Debug, Default)]
pub(super) struct LogClock {
    /// The least that any record said.
    least: Option<Duration>,
    /// Whether one of them was read as it came.
    is_measured: bool,
}

impl LogClock {
    /// A record of that time was read from any of the log's topics at `now`; `fresh` if it was read as it came.
    pub(super) fn see(&mut self, time: Timestamp, now: Timestamp, fresh: bool) {
        let behind = now.since(time);
        self.least = Some(self.least.map_or(behind, |least| least.min(behind)));
        self.is_measured |= fresh;
    }

    /// What time it certainly was in the log at that local time.
    pub(super) fn at(&self, now: Timestamp) -> Timestamp {
        now - self.lag()
    }

    /// By which local time it certainly is later than that in the log.
    pub(super) fn is_past(&self, time: Timestamp) -> Timestamp {
        time + self.lag() + Duration::from_millis(1)
    }

    fn lag(&self) -> Duration {
        match self.least {
            Some(least) if self.is_measured => least,
            Some(least) => least.min(ASSUMED_LAG),
            None => ASSUMED_LAG,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: fn(i64) -> Timestamp = Timestamp::from_millis;

    #[test]
    fn before_any_record_was_read_half_a_second_is_assumed() {
        assert_eq!(LogClock::default().at(AT(9_000)), AT(8_500));
    }

    #[test]
    fn a_log_behind_the_local_clock_is_waited_for() {
        let mut clock = LogClock::default();
        // The record took 3 ms at most, or the log's clock is 3 ms behind, or something between.
        clock.see(AT(1_000), AT(1_003), false);
        assert_eq!(clock.is_past(AT(2_000)), AT(2_004));
        assert!(clock.at(AT(2_004)) > AT(2_000));
    }

    #[test]
    fn an_old_record_says_little_and_a_fresh_one_all() {
        const HOUR: i64 = 3_600_000;
        let mut clock = LogClock::default();
        clock.see(AT(0), AT(HOUR), false);
        assert_eq!(clock.is_past(AT(0)), AT(501), "it may just have waited an hour to be read");
        clock.see(AT(10), AT(HOUR + 12), true);
        assert_eq!(clock.is_past(AT(0)), AT(HOUR + 1), "the local clock is an hour ahead");
    }
}
