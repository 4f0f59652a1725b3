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
/// The same before anything has come of it at all: its consumer has just begun, or its partition has no leader.
const PATIENCE_AT_FIRST: Duration = Duration::from_secs(1);

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
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        let reading = || Reading { time: Timestamp::MIN, is_at_end: false, heard: now };
        Self { tests: reading(), signals: reading() }
    }

    /// A test of that time was read; none, if the end was reached.
    pub(super) fn read_test(&mut self, time: Option<Timestamp>, now: Instant) {
        self.tests.read(time, now);
    }

    /// A signal of that time was read; none, if the end was reached.
    pub(super) fn read_signal(&mut self, time: Option<Timestamp>, now: Instant) {
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
        let tests_wait = self.tests.must_wait_for(&self.signals, now).then_some(&self.signals);
        let signals_wait = self.signals.must_wait_for(&self.tests, now).then_some(&self.tests);
        tests_wait.or(signals_wait).map(Reading::is_silent_from)
    }
}

impl Reading {
    fn read(&mut self, time: Option<Timestamp>, now: Instant) {
        self.heard = now;
        self.is_at_end = time.is_none();
        self.time = self.time.max(time.unwrap_or(Timestamp::MIN));
    }

    fn must_wait_for(&self, other: &Self, now: Instant) -> bool {
        self.time > other.time + LEAD && !other.is_at_end && now < other.is_silent_from()
    }

    /// When it is waited for no longer, if nothing comes of it until then.
    fn is_silent_from(&self) -> Instant {
        let has_begun = self.time > Timestamp::MIN;
        self.heard + if has_begun { PATIENCE } else { PATIENCE_AT_FIRST }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Option<Timestamp> {
        Some(Timestamp::from_millis(millis))
    }

    #[test]
    fn who_is_ahead_waits_until_the_other_has_come_or_is_at_its_end_or_is_silent() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        pace.read_signal(at(1_000), now);
        pace.read_test(at(1_201), now);
        assert!(!pace.wants_tests(now) && pace.wants_signals(now) && !pace.tests_come_first());
        assert_eq!(pace.patience_ends(now), Some(now + PATIENCE));
        assert!(pace.wants_tests(now + PATIENCE));
        pace.read_signal(at(1_001), now);
        assert!(pace.wants_tests(now));
        pace.read_test(at(9_000), now);
        pace.read_signal(None, now);
        assert!(pace.wants_tests(now) && pace.signals_are_at_end());
        assert_eq!(pace.patience_ends(now), None);
    }

    #[test]
    fn signals_are_not_held_back_where_no_more_tests_come_and_nobody_says_that_these_were_all() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        pace.read_signal(at(1_000), now);
        assert!(!pace.wants_signals(now + PATIENCE), "the tests have not begun");
        assert!(pace.wants_signals(now + PATIENCE_AT_FIRST));
        pace.read_test(at(1_000), now);
        let later = now + LEAD;
        pace.read_signal(at(1_201), later);
        assert!(pace.wants_signals(later));
    }

    proptest! {
        #[test]
        fn one_of_them_can_always_be_read(read in proptest::collection::vec((any::<bool>(), 0..2_000_i64), 0..20)) {
            let now = Instant::now();
            let mut pace = Pace::new(now);
            for (is_test, time) in read {
                let time = at(time).filter(|_| time % 7 != 0);
                if is_test { pace.read_test(time, now) } else { pace.read_signal(time, now) }
                prop_assert!(pace.wants_tests(now) || pace.wants_signals(now));
            }
        }
    }
}
