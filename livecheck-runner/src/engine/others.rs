//! How far the shards of the other partitions have come with something, in log time: who needs to know asks them, and
//! each answers once it has come as far.

use std::collections::BTreeSet;
use std::time::Duration;

use livecheck_core::Timestamp;

use super::placement::Placement;

/// What a shard knows of the others, and what they want to know of it.
#[derive(Debug)]
pub(super) struct Others {
    /// How far each partition has come. The own one is not asked.
    come_to: Vec<Timestamp>,
    /// What was asked for last, and when, in local time, others are asked again: a runner that dies takes with it what it
    /// was asked.
    asked: Option<(Timestamp, Timestamp)>,
    ask_again_after: Duration,
    /// Which other shard wants to know once this one has come to which log time.
    inquiries: BTreeSet<(Timestamp, i32)>,
}

impl Others {
    pub(super) fn new(placement: Placement, ask_again_after: Duration) -> Self {
        let come_to = |partition| match partition == placement.partition() {
            true => Timestamp::MAX,
            false => Timestamp::MIN,
        };
        let come_to = placement.all().map(come_to).collect();
        Self { come_to, asked: None, ask_again_after, inquiries: BTreeSet::new() }
    }

    /// How far all have come, where the own one has come to that.
    pub(super) fn come_to(&self, own: Timestamp) -> Timestamp {
        self.come_to.iter().copied().fold(own, Timestamp::min)
    }

    /// A shard has answered.
    pub(super) fn came(&mut self, partition: i32, time: Timestamp) {
        let known = usize::try_from(partition).ok().and_then(|partition| self.come_to.get_mut(partition));
        if let Some(known) = known {
            *known = time.max(*known);
        }
    }

    /// Whom to ask to say once it has come to that time; nobody, while it is too soon to ask again.
    pub(super) fn ask(&mut self, time: Timestamp, now: Timestamp) -> Vec<i32> {
        if self.asked.is_some_and(|(_, again_at)| now < again_at) {
            return Vec::new();
        }
        self.asked = Some((time, now + self.ask_again_after));
        let to_ask = self.come_to.iter().zip(0..).filter(|(come_to, _)| **come_to < time);
        to_ask.map(|(_, partition)| partition).collect()
    }

    /// When, in local time, others may be asked again. None: at once.
    pub(super) fn ask_again_at(&self) -> Option<Timestamp> {
        self.asked.map(|(_, again_at)| again_at)
    }

    /// Whether all have answered what they were asked last.
    pub(super) fn have_answered(&self) -> bool {
        self.asked.is_none_or(|(asked, _)| self.come_to(asked) >= asked)
    }

    /// Nothing waits for answers any more.
    pub(super) fn stop_asking(&mut self) {
        self.asked = None;
    }

    /// Another shard wants to know once this one has come to that time.
    pub(super) fn inquire(&mut self, time: Timestamp, asker: i32) {
        self.inquiries.insert((time, asker));
    }

    /// Takes out the next of those that are to be told, where this one has come to that time.
    pub(super) fn take_inquiry(&mut self, come_to: Timestamp) -> Option<i32> {
        self.inquiries.first().filter(|(time, _)| *time <= come_to)?;
        self.inquiries.pop_first().map(|(_, asker)| asker)
    }

    /// The first log time that somebody wants this one to come to.
    pub(super) fn first_inquiry(&self) -> Option<Timestamp> {
        self.inquiries.first().map(|(time, _)| *time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: fn(i64) -> Timestamp = Timestamp::from_millis;

    fn others() -> Others {
        Others::new(Placement::new(1, 3), Duration::from_secs(5))
    }

    #[test]
    fn who_has_not_come_as_far_is_asked_and_asked_again() {
        let mut others = others();
        assert_eq!(others.ask(AT(7), AT(0)), [0, 2]);
        assert_eq!(others.ask(AT(8), AT(4_999)), [0; 0], "the answers are awaited");
        others.came(0, AT(9));
        assert_eq!((others.come_to(AT(8)), others.ask_again_at()), (Timestamp::MIN, Some(AT(5_000))));
        assert!(!others.have_answered());
        assert_eq!(others.ask(AT(8), AT(5_000)), [2], "the other one may have died");
        others.came(2, AT(8));
        assert!(others.have_answered());
        assert_eq!((others.come_to(AT(8)), others.come_to(AT(10))), (AT(8), AT(8)));
        others.came(2, AT(3));
        assert_eq!(others.come_to(AT(8)), AT(8), "nobody goes back");
    }

    #[test]
    fn who_wants_to_know_is_told_in_the_order_of_what_for() {
        let mut others = others();
        others.inquire(AT(9), 0);
        others.inquire(AT(7), 2);
        assert_eq!(others.first_inquiry(), Some(AT(7)));
        assert_eq!((others.take_inquiry(AT(6)), others.take_inquiry(AT(8))), (None, Some(2)));
        assert_eq!((others.take_inquiry(AT(8)), others.take_inquiry(AT(9))), (None, Some(0)));
    }
}
