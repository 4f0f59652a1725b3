//! Signals that came before their test, or for which tests elsewhere may ask.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use livecheck_core::{CaseName, TestId, Timestamp};

use super::checkpoint::{Checkpoint, CheckpointKey, SavedEarlySignal};
use super::execution::Event;
use super::holds::HandedOn;
use super::message::Place;

/// What a held signal takes beside its payload, roughly: its places in the two maps, and the event itself.
const OVERHEAD_BYTES: usize = 300;

/// Holds signals until their test comes, or until none can come or ask any more.
#[derive(Debug, Default)]
pub(super) struct EarlySignals {
    by_test: HashMap<(CaseName, TestId), Vec<HeldSignal>>,
    /// Every held signal by the log time at which it is given up.
    given_up: BTreeMap<(Timestamp, Place), (CaseName, TestId)>,
    /// The offsets of those that no checkpoint holds, on the bus.
    unsaved: BTreeSet<i64>,
    /// The same, among the messages of other shards.
    unsaved_messages: BTreeSet<i64>,
    /// When, in local time, those are to be saved.
    save_at: BTreeMap<(Timestamp, Place), (CaseName, TestId)>,
    /// Those that are held no more, and have a checkpoint.
    removed: Vec<CheckpointKey>,
    bytes: usize,
}

/// A signal that waits for its test.
#[derive(Debug)]
pub(super) struct HeldSignal {
    /// Its position in the case, and its name.
    pub(super) signal: usize,
    pub(super) name: &'static str,
    pub(super) event: Event,
    /// Where it was read, if another shard has handed it on; else it was read from the bus.
    pub(super) handed_on: Option<HandedOn>,
    /// The execution that it is for, where its headers say.
    pub(super) triggered: Option<Timestamp>,
    /// When it is given up, in log time.
    pub(super) until: Timestamp,
    pub(super) saved: Saved,
    /// Whether a shard that has asked for it was given it.
    pub(super) is_given: bool,
}

/// Whether a checkpoint holds a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Saved {
    Yes,
    /// It is to be saved at that local time.
    At(Timestamp),
    /// It is not, and is not to be.
    Never,
}

impl HeldSignal {
    fn bytes(&self) -> usize {
        self.event.payload_bytes() + OVERHEAD_BYTES
    }
}

impl EarlySignals {
    pub(super) fn hold(&mut self, test: (CaseName, TestId), held: HeldSignal) {
        let place = held.event.place;
        self.given_up.insert((held.until, place), test.clone());
        if held.saved != Saved::Yes {
            match held.handed_on {
                None => drop(self.unsaved.insert(place.offset)),
                Some(handed_on) => self.unsaved_messages.extend(handed_on.message()),
            }
        }
        if let Saved::At(save_at) = held.saved {
            self.save_at.insert((save_at, place), test.clone());
        }
        self.bytes += held.bytes();
        self.by_test.entry(test).or_default().push(held);
    }

    /// Takes out the signals for an execution of that test, whose trigger the log has at `start`, in the order of the
    /// log: those whose headers name it, and those that name none. With each goes where it is found again, if another
    /// shard has handed it on.
    pub(super) fn take(
        &mut self,
        test: &(CaseName, TestId),
        triggered: Timestamp,
        start: Timestamp,
    ) -> impl Iterator<Item = (usize, Event, Option<HandedOn>)> + use<> {
        let taken: Vec<HeldSignal> = match self.by_test.get_mut(test) {
            Some(held) => {
                let is_for_it = |held: &HeldSignal| {
                    held.until >= start && held.triggered.is_none_or(|at| at == triggered)
                };
                let (taken, kept) = std::mem::take(held).into_iter().partition(is_for_it);
                *held = kept;
                taken
            }
            None => Vec::new(),
        };
        self.forget_if_empty(test);
        for held in &taken {
            self.given_up.remove(&(held.until, held.event.place));
            let checkpoint = self.forget(held);
            self.removed.extend(checkpoint.filter(|_| held.handed_on.is_none()));
        }
        taken.into_iter().map(|held| (held.signal, held.event, held.handed_on))
    }

    /// Until when, in log time, tests may come for all that is held.
    pub(super) fn first_until(&self) -> Option<Timestamp> {
        self.given_up.first_key_value().map(|((until, _), _)| *until)
    }

    /// Gives up the signals for which no test can come any more, nor one that has come ask: in all partitions those
    /// before that log time have ended. Returns how many nobody was given.
    pub(super) fn give_up(&mut self, tests_done_to: Timestamp) -> u64 {
        let mut count = 0;
        while self.first_until().is_some_and(|until| until < tests_done_to) {
            let was_given = self.give_up_next().is_some_and(|(_, was_given)| was_given);
            count += u64::from(!was_given);
        }
        count
    }

    /// Gives up the signal that would be given up next; returns the id of its test, and whether somebody was given it.
    pub(super) fn give_up_next(&mut self) -> Option<(TestId, bool)> {
        let ((_, place), test) = self.given_up.pop_first()?;
        let of_test = self.by_test.get_mut(&test)?;
        let position = of_test.iter().position(|held| held.event.place == place)?;
        let held = of_test.remove(position);
        let checkpoint = self.forget(&held);
        self.removed.extend(checkpoint);
        self.forget_if_empty(&test);
        Some((test.1, held.is_given))
    }

    /// Those of a test, or a key, that are events of that signal for an execution that starts then.
    pub(super) fn of_test(
        &self,
        test: &(CaseName, TestId),
        signal: usize,
        start: Timestamp,
    ) -> impl Iterator<Item = &Event> {
        let held = self.by_test.get(test).into_iter().flatten();
        held.filter(move |held| held.signal == signal && held.until >= start).map(|held| &held.event)
    }

    /// A shard that has asked was given the signal of that place.
    pub(super) fn given(&mut self, test: &(CaseName, TestId), place: Place) {
        let of_test = self.by_test.get_mut(test).into_iter().flatten();
        of_test.filter(|held| held.event.place == place).for_each(|held| held.is_given = true);
    }

    /// A signal is held no more. Returns its checkpoint.
    fn forget(&mut self, held: &HeldSignal) -> Option<CheckpointKey> {
        let place = held.event.place;
        self.bytes -= held.bytes();
        if let Saved::At(save_at) = held.saved {
            self.save_at.remove(&(save_at, place));
        }
        if held.saved == Saved::Yes {
            return Some(CheckpointKey::Early(place));
        }
        self.no_longer_unsaved(place, held.handed_on);
        None
    }

    /// A signal is saved, or need not be.
    fn no_longer_unsaved(&mut self, place: Place, handed_on: Option<HandedOn>) {
        match handed_on {
            None => drop(self.unsaved.remove(&place.offset)),
            Some(HandedOn::Message(offset)) => drop(self.unsaved_messages.remove(&offset)),
            Some(_) => {}
        }
    }

    /// Whether the signal of that place is held.
    pub(super) fn holds(&self, test: &(CaseName, TestId), place: Place) -> bool {
        self.by_test.get(test).is_some_and(|held| held.iter().any(|held| held.event.place == place))
    }

    /// When, in local time, the next one is to be saved.
    pub(super) fn next_save(&self) -> Option<Timestamp> {
        self.save_at.first_key_value().map(|((save_at, _), _)| *save_at)
    }

    /// Saves the next one that is to be saved at `now`, if there is one.
    pub(super) fn save_next(&mut self, now: Timestamp) -> Option<Checkpoint> {
        let due = self.save_at.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((_, place), test) = due.remove_entry();
        let held = self.by_test.get_mut(&test)?.iter_mut().find(|held| held.event.place == place)?;
        held.saved = Saved::Yes;
        let was_read = held.handed_on;
        held.handed_on = was_read.map(|_| HandedOn::Checkpoint(place));
        let saved = SavedEarlySignal {
            case: test.0,
            id: test.1,
            triggered: held.triggered,
            until: held.until,
            signal: held.event.saved(held.name),
        };
        self.no_longer_unsaved(place, was_read);
        Some(Checkpoint::Early(Box::new(saved)))
    }

    /// What was saved, and has ended since this was asked last.
    pub(super) fn take_removed(&mut self) -> Vec<CheckpointKey> {
        std::mem::take(&mut self.removed)
    }

    fn forget_if_empty(&mut self, test: &(CaseName, TestId)) {
        if self.by_test.get(test).is_some_and(Vec::is_empty) {
            self.by_test.remove(test);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The offset on the bus of the first signal that no checkpoint holds.
    pub(super) fn first_unsaved(&self) -> Option<i64> {
        self.unsaved.first().copied()
    }

    /// The offset of the first message of another shard with a signal that no checkpoint holds.
    pub(super) fn first_unsaved_message(&self) -> Option<i64> {
        self.unsaved_messages.first().copied()
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.by_test.is_empty()
            && self.given_up.is_empty()
            && self.unsaved.is_empty()
            && self.unsaved_messages.is_empty()
            && self.save_at.is_empty()
            && self.bytes == 0
    }
}
