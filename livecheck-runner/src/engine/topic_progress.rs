//! How far a partition of a topic has been read, in log time: of the bus it decides what may be judged, of the test topic
//! what may be forgotten.

use std::time::Duration;

use livecheck_core::Timestamp;

/// How far a partition has been read.
///
/// All of a log time has been read once a record of a later time has; or, where none comes, once all up to the end has,
/// and the end was asked for after that time.
#[derive(Debug)]
pub(super) struct TopicProgress {
    /// The offset that is read next.
    next_offset: i64,
    /// What stands before that offset holds nothing for this reader, as far as can be seen.
    nothing_before: i64,
    /// All records up to this log time have been read.
    read_to: Timestamp,
    /// How far before a later record another may still come. Zero where the log stamps its records itself.
    disorder: Duration,
}

impl TopicProgress {
    pub(super) fn new(next_offset: i64, disorder: Duration) -> Self {
        Self { next_offset, nothing_before: next_offset, read_to: Timestamp::MIN, disorder }
    }

    pub(super) fn next_offset(&self) -> i64 {
        self.next_offset
    }

    pub(super) fn read_to(&self) -> Timestamp {
        self.read_to
    }

    /// A record of that time was read.
    pub(super) fn record(&mut self, offset: i64, time: Timestamp) {
        self.read(offset);
        // Others of the same millisecond may follow.
        self.advance(time - Duration::from_micros(1));
    }

    /// A record was read of which the time does not count.
    pub(super) fn read(&mut self, offset: i64) {
        self.next_offset = self.next_offset.max(offset + 1);
    }

    /// The end of the partition was asked for when it was that time in the log.
    pub(super) fn ends_at(&mut self, end_offset: i64, time: Timestamp) {
        if self.next_offset.max(self.nothing_before) >= end_offset {
            self.advance(time);
        }
    }

    /// When, in log time, the end says that all of that time has been read.
    pub(super) fn settled_at(&self, time: Timestamp) -> Timestamp {
        time + self.disorder
    }

    /// The records before that offset seem to hold nothing for this reader: control records of a transaction, say. A
    /// successor looks for itself.
    pub(super) fn skip_to(&mut self, offset: i64) {
        self.nothing_before = self.nothing_before.max(offset);
    }

    fn advance(&mut self, time: Timestamp) {
        self.read_to = self.read_to.max(time - self.disorder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: fn(i64) -> Timestamp = Timestamp::from_millis;

    #[test]
    fn a_later_record_settles_what_is_before_it_only() {
        let mut bus = TopicProgress::new(0, Duration::ZERO);
        bus.record(0, AT(1_000));
        assert!(bus.read_to() < AT(1_000) && bus.read_to() > AT(999));
    }

    #[test]
    fn an_unread_record_before_the_end_settles_nothing() {
        let mut bus = TopicProgress::new(5, Duration::ZERO);
        bus.ends_at(6, AT(9_000));
        assert_eq!(bus.read_to(), Timestamp::MIN);
        bus.ends_at(5, AT(9_000));
        assert_eq!(bus.read_to(), AT(9_000));
    }

    #[test]
    fn where_senders_stamp_what_they_send_later_records_are_waited_for_longer() {
        let mut bus = TopicProgress::new(0, Duration::from_secs(2));
        bus.ends_at(0, bus.settled_at(AT(5_000)));
        assert_eq!(bus.read_to(), AT(5_000));
    }
}
