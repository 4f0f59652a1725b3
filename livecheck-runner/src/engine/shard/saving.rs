//! What a shard saves for its successor, and goes on from.

use livecheck_core::Timestamp;

use super::Shard;
use crate::engine::checkpoint::{
    Checkpoint, CheckpointChange, CheckpointKey, SavedEarlySignal, SavedExecution,
};
use crate::engine::early::{HeldSignal, Saved};
use crate::engine::execution::{Event, Handle, Running};
use crate::engine::holds::HandedOn;
use crate::engine::record::TestRecord;

impl<R> Shard<R> {
    /// When, in local time, something is to be saved next: then call [`take_checkpoints`](Self::take_checkpoints).
    #[must_use]
    pub fn next_save(&self) -> Option<Timestamp> {
        let execution = self.to_save.first().map(|(save_at, _)| *save_at);
        [execution, self.early.next_save(), self.questions.next_save()].into_iter().flatten().min()
    }

    /// When, in local time, what has come now is to be saved; none, where nothing is.
    pub(super) fn save_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.limits.save_after.map(|after| now + after)
    }

    /// What is to be written of checkpoints, in the transaction that commits the reports so far and the
    /// [commit point](Self::commit_point) after it: all that have ended, and `most` of those that are to be saved
    /// at `now`.
    pub fn take_checkpoints(&mut self, now: Timestamp, most: usize) -> Vec<CheckpointChange> {
        // First: what an execution has taken of others needs no checkpoint of its own any more, once that is saved.
        let saved: Vec<_> = std::iter::from_fn(|| self.save_next(now)).take(most).collect();
        let removed = std::mem::take(&mut self.removed).into_iter();
        let removed = removed.chain(self.early.take_removed()).chain(self.questions.take_removed());
        removed.map(CheckpointChange::Removed).chain(saved.into_iter().map(CheckpointChange::Saved)).collect()
    }

    /// Saves the next thing that is to be saved at `now`.
    fn save_next(&mut self, now: Timestamp) -> Option<Checkpoint> {
        while let Some(&(_, execution)) = self.to_save.first().filter(|(save_at, _)| *save_at <= now) {
            self.to_save.pop_first();
            if let Some(saved) = self.save(execution) {
                return Some(saved);
            }
        }
        self.early.save_next(now).or_else(|| self.questions.save_next(now))
    }

    fn save(&mut self, execution: Handle) -> Option<Checkpoint> {
        let running = self.in_flight.get_mut(execution)?;
        running.save_at = None;
        if let Some(from) = running.unsaved_from.take() {
            self.holds.release_bus(from);
        }
        if !running.is_saved {
            running.is_saved = true;
            self.holds.release_test(running.offset);
        }
        self.removed.extend(self.holds.release_taken(execution));
        Some(Checkpoint::Execution(Box::new(running.saved())))
    }

    /// Goes on from what a predecessor has saved. Call it before any record is read.
    pub fn restore(&mut self, checkpoint: Checkpoint, now: Timestamp) {
        match checkpoint {
            Checkpoint::Execution(saved) => self.restore_execution(*saved, now),
            Checkpoint::Early(saved) => self.restore_early(*saved),
            Checkpoint::Question(saved) => self.questions.restore(*saved),
        }
    }

    fn restore_execution(&mut self, saved: SavedExecution, now: Timestamp) {
        let SavedExecution { mut test, offset, start, expires, partition_key, origin, signals } = saved;
        let Some(case) = self.selection.cases.get(test.case_name.as_str()) else {
            self.removed.push(CheckpointKey::Execution(test.key()));
            return self.unknown_case(test);
        };
        self.tally.accepted(&test.case_name);
        test.case_name = self.in_flight.shared(test.case_name);
        let record = TestRecord { test, partition_key, origin };
        let mut running = Running::new(case, record, offset, (start, expires), now);
        running.is_saved = true;
        for saved in signals {
            // A signal that the case no longer has is one that it does not wait for.
            if let Some(signal) = case.signal(&saved.name) {
                running.receive(signal, Event::restored(saved, self.placement.partition()));
            }
        }
        self.execute(running);
    }

    fn restore_early(&mut self, saved: SavedEarlySignal) {
        let SavedEarlySignal { case: name, id, triggered, until, signal } = saved;
        let case = self.selection.cases.get(name.as_str());
        let position = case.and_then(|case| Some((case, case.signal(&signal.name)?)));
        let Some((case, position)) = position else {
            self.removed.push(CheckpointKey::Early(signal.place(self.placement.partition())));
            return;
        };
        let event = Event::restored(signal, self.placement.partition());
        let is_stray = event.place.partition != self.placement.partition();
        let held = HeldSignal {
            signal: position,
            name: case.signals[position].name,
            handed_on: is_stray.then_some(HandedOn::Checkpoint(event.place)),
            event,
            triggered,
            until,
            saved: Saved::Yes,
            is_given: false,
        };
        self.early.hold((name, id), held);
    }
}
