//! Which of the two topics is read on, where both have much to read: that which is behind, by the log's time.
//!
//! A runner that catches up would else start all the tests there are before it has read their signals, or hold all
//! the signals before it has read their tests. Read side by side, little is in flight at any time.

use std::time::{Duration, Instant};

use livecheck_core::Timestamp;

/// How far one of them may be ahead of the other, in log time.
const LEAD: Duration = Duration::from_millis(200);
/// For how long nothing may come of the one that is behind before the other goes on without it. It is less than
/// [`LEAD`]: where no test comes for a while, which the consumer says only half a second later, the signals of those
/// that have come are not held back.
const PATIENCE: Duration = Duration::from_millis(100);
/// The same where nobody waits for what is read as it comes: before anything has come of the other at all, since its
/// consumer has just begun, or its partition has no leader; and while there is much to catch up with. A consumer that has
/// many partitions to read, on a machine that has much to do, brings records of one of them every few hundred milliseconds;
/// where there are none it says so sooner than this.
const LONG_PATIENCE: Duration = Duration::from_secs(1);
/// By how much a record is older than the time at which it is read, where there is much to catch up with.
const CATCHING_UP: Duration = Duration::from_secs(1);

/// How far the two topics have been read.
#[derive(Debug)]
pub(super) struct Pace {
    tests: Reading,
    signals: Reading,
}

#[derive(Debug)]
struct Reading {
    /// The log time of its latest record.
    time: Timestamp,
    /// Whether all of it has been read.
    is_at_end: bool,
    /// When something of it was read last, by the local clock.
    heard: Instant,
    /// Whether that was old by then.
    was_old: bool,
}

/// When a record is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadAt {
    local: Timestamp,
    heard: Instant,
}

impl ReadAt {
    /// At that local time, now.
    pub(super) fn now(local: Timestamp) -> Self {
        Self { local, heard: Instant::now() }
    }
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        let reading = || Reading { time: Timestamp::MIN, is_at_end: false, heard: now, was_old: false };
        Self { tests: reading(), signals: reading() }
    }

    /// A test of that time was read; none, if the end was reached.
    pub(super) fn read_test(&mut self, time: Option<Timestamp>, now: ReadAt) {
        self.tests.read(time, now);
    }

    /// A signal of that time was read; none, if the end was reached.
    pub(super) fn read_signal(&mut self, time: Option<Timestamp>, now: ReadAt) {
        self.signals.read(time, now);
    }

    /// Whether all tests have been read.
    pub(super) fn tests_are_at_end(&self) -> bool {
        self.tests.is_at_end
    }

    /// Whether all signals have been read.
    pub(super) fn signals_are_at_end(&self) -> bool {
        self.signals.is_at_end
    }

    /// Whether more tests are to be read now.
    pub(super) fn wants_tests(&self, now: Instant) -> bool {
        !self.tests.must_wait_for(&self.signals, now)
    }

    /// Whether more signals are to be read now.
    pub(super) fn wants_signals(&self, now: Instant) -> bool {
        !self.signals.must_wait_for(&self.tests, now)
    }

    /// Whether tests come first where both are wanted: a signal that finds its test costs least.
    pub(super) fn tests_come_first(&self) -> bool {
        self.tests.time <= self.signals.time
    }

    /// When one of them waits for the other no longer.
    pub(super) fn patience_ends(&self, now: Instant) -> Option<Instant> {
        let waits = self.tests.waits_until(&self.signals).or_else(|| self.signals.waits_until(&self.tests));
        waits.filter(|until| now < *until)
    }
}

impl Reading {
    fn read(&mut self, time: Option<Timestamp>, now: ReadAt) {
        self.heard = now.heard;
        self.is_at_end = time.is_none();
        self.was_old = time.is_some_and(|time| now.local.since(time) >= CATCHING_UP);
        self.time = self.time.max(time.unwrap_or(Timestamp::MIN));
    }

    fn must_wait_for(&self, other: &Self, now: Instant) -> bool {
        self.waits_until(other).is_some_and(|until| now < until)
    }

    /// Until when it waits for the other, if it must.
    fn waits_until(&self, other: &Self) -> Option<Instant> {
        let must_wait = self.time > other.time + LEAD && !other.is_at_end;
        let other_has_begun = other.time > Timestamp::MIN;
        let patience = if other_has_begun && !self.was_old { PATIENCE } else { LONG_PATIENCE };
        must_wait.then(|| other.heard + patience)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Option<Timestamp> {
        Some(Timestamp::from_millis(millis))
    }

    /// Something is read that was written a moment ago.
    fn read_at(millis: i64, heard: Instant) -> ReadAt {
        ReadAt { local: Timestamp::from_millis(millis), heard }
    }

    #[test]
    fn who_is_ahead_waits_until_the_other_has_come_or_is_at_its_end_or_is_silent() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        pace.read_signal(at(1_000), read_at(1_010, now));
        pace.read_test(at(1_201), read_at(1_210, now));
        assert!(!pace.wants_tests(now) && pace.wants_signals(now) && !pace.tests_come_first());
        assert_eq!(pace.patience_ends(now), Some(now + PATIENCE));
        assert!(pace.wants_tests(now + PATIENCE));
        pace.read_signal(at(1_001), read_at(1_220, now));
        assert!(pace.wants_tests(now));
        pace.read_test(at(9_000), read_at(9_010, now));
        pace.read_signal(None, read_at(9_020, now));
        assert!(pace.wants_tests(now) && pace.signals_are_at_end());
        assert_eq!(pace.patience_ends(now), None);
    }

    #[test]
    fn what_is_old_when_it_is_read_waits_longer() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        pace.read_signal(at(1_000), read_at(5_000, now));
        pace.read_test(at(1_201), read_at(5_000, now));
        assert!(!pace.wants_tests(now + PATIENCE) && pace.wants_tests(now + LONG_PATIENCE));
        pace.read_test(at(4_900), read_at(5_000, now));
        assert!(pace.wants_tests(now + PATIENCE), "it has caught up");
    }

    #[test]
    fn signals_are_not_held_back_where_no_more_tests_come_and_nobody_says_that_these_were_all() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        pace.read_signal(at(1_000), read_at(1_010, now));
        assert!(!pace.wants_signals(now + PATIENCE), "the tests have not begun");
        assert!(pace.wants_signals(now + LONG_PATIENCE));
        pace.read_test(at(1_000), read_at(1_010, now));
        let later = now + LEAD;
        pace.read_signal(at(1_201), read_at(1_210, later));
        assert!(pace.wants_signals(later));
    }

    proptest! {
        #[test]
        fn one_of_them_can_always_be_read(
            read in proptest::collection::vec((any::<bool>(), 0..2_000_i64, 0..5_000_i64), 0..20),
        ) {
            let now = Instant::now();
            let mut pace = Pace::new(now);
            for (is_test, time, local) in read {
                let (time, read_at) = (at(time).filter(|_| time % 7 != 0), read_at(local, now));
                if is_test { pace.read_test(time, read_at) } else { pace.read_signal(time, read_at) }
                prop_assert!(pace.wants_tests(now) || pace.wants_signals(now));
            }
        }
    }
}
