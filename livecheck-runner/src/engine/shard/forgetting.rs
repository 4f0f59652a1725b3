//! Signals that are held for tests: when no test can ask for them any more, in whichever partition it lies.

use std::time::Duration;

use livecheck_core::Timestamp;

use super::Shard;
use crate::engine::effect::Effect;
use crate::engine::message::{Message, ReadTo};

impl<R> Shard<R> {
    /// Before which log time every test that was triggered in this partition has ended. Who goes on from a commit point
    /// taken now executes none of them again.
    fn tests_done_to(&self) -> Timestamp {
        let read_to = self.tests.read_to();
        self.in_flight.first_start().map_or(read_to, |start| start.min(read_to))
    }

    /// Until when, in log time, tests were awaited for what is held, where that is behind as far as this partition goes.
    fn first_overdue(&self) -> Option<Timestamp> {
        self.early.first_until().filter(|until| *until < self.tests_done_to())
    }

    /// Forgets the signals that no test can ask for any more, and asks the others whether there are more of them. A test
    /// of another partition may wait for the key of any, and that partition may be far behind.
    pub(super) fn forget_early(&mut self, now: Timestamp) {
        if self.first_overdue().is_none() {
            return;
        }
        let done_to = self.others_done.come_to(self.tests_done_to());
        self.tally.abandoned_signals += self.early.give_up(done_to);
        let Some(until) = self.first_overdue() else { return };
        let wanted = ReadTo { partition: self.placement.partition(), time: until + Duration::from_micros(1) };
        for to in self.others_done.ask(wanted.time, now) {
            self.effects.push(Effect::Send { to, message: Box::new(Message::TestsHowFar(wanted)) });
        }
    }

    /// When, in local time, something may be forgotten, or others are to be asked whether it may.
    pub(super) fn next_forgetting(&self) -> Option<Timestamp> {
        self.first_overdue().map(|_| self.others_done.ask_again_at().unwrap_or(Timestamp::MIN))
    }

    /// In local time, when it is worth asking for the end of the test partition, of which all that there was has been read:
    /// something may be forgotten if no more has come. Then call [`tests_end`](Self::tests_end).
    #[must_use]
    pub fn next_tests_question(&self) -> Option<Timestamp> {
        if !self.fresh.tests {
            return None; // the next record says how far it has been read
        }
        let (read_to, first) = (self.tests.read_to(), self.in_flight.first_start());
        let helps = |wanted: &Timestamp| *wanted > read_to && first.is_none_or(|first| *wanted <= first);
        let held = self.early.first_until().map(|until| until + Duration::from_micros(1));
        let wanted = [held, self.others_done.first_inquiry()].into_iter().flatten().filter(helps).min();
        wanted.map(|wanted| self.clock.is_past(self.tests.settled_at(wanted)))
    }

    /// Another shard wants to know once all tests of this partition up to that time have ended.
    pub(super) fn asked_for_tests(&mut self, wanted: ReadTo, now: Timestamp) {
        self.others_done.inquire(wanted.time, wanted.partition);
        self.tests_have_ended(now);
    }

    /// Tests have been read, or have ended: tells those who want to know it how far that has come, in the transaction that
    /// commits it, and forgets what they alone could ask for.
    pub(super) fn tests_have_ended(&mut self, now: Timestamp) {
        if self.others_done.first_inquiry().is_some() {
            let done = ReadTo { partition: self.placement.partition(), time: self.tests_done_to() };
            while let Some(asker) = self.others_done.take_inquiry(done.time) {
                self.say(asker, Message::TestsDone(done), now);
            }
        }
        self.forget_early(now);
    }

    /// The tests of another partition have ended up to that time.
    pub(super) fn tests_done(&mut self, done: ReadTo, now: Timestamp) {
        self.others_done.came(done.partition, done.time);
        self.forget_early(now);
    }
}
