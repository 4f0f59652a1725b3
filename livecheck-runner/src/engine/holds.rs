//! What of the log a successor has to read again.

use std::collections::{BTreeMap, BTreeSet};

use super::checkpoint::CheckpointKey;
use super::execution::Handle;
use super::message::Place;

/// The records that stand behind something in flight that no checkpoint holds.
#[derive(Debug, Default)]
pub(super) struct Holds {
    /// The offsets of triggers, and where the next report stood when each was read.
    tests: BTreeMap<i64, i64>,
    /// How many executions need the bus from each of its offsets on.
    bus: BTreeMap<i64, usize>,
    /// What executions have taken that other shards handed on.
    taken: BTreeSet<(Handle, HandedOn)>,
    /// The offsets of the messages among that.
    messages: BTreeSet<i64>,
}

/// Where a successor finds again what another shard has handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum HandedOn {
    /// Nowhere: it was told within this process, and has no successor.
    Nowhere,
    /// Among the messages, at that offset.
    Message(i64),
    /// In the checkpoint of the early signal of that place.
    Checkpoint(Place),
}

impl HandedOn {
    /// The offset of the message.
    pub(super) fn message(self) -> Option<i64> {
        match self {
            Self::Message(offset) => Some(offset),
            Self::Nowhere | Self::Checkpoint(_) => None,
        }
    }

    /// The checkpoint that is needed no more, once nobody has to find it again.
    pub(super) fn into_checkpoint(self) -> Option<CheckpointKey> {
        match self {
            Self::Checkpoint(place) => Some(CheckpointKey::Early(place)),
            Self::Nowhere | Self::Message(_) => None,
        }
    }
}

impl Holds {
    pub(super) fn hold_test(&mut self, offset: i64, reports_from: i64) {
        self.tests.insert(offset, reports_from);
    }

    pub(super) fn release_test(&mut self, offset: i64) {
        self.tests.remove(&offset);
    }

    pub(super) fn hold_bus(&mut self, from: i64) {
        *self.bus.entry(from).or_default() += 1;
    }

    pub(super) fn release_bus(&mut self, from: i64) {
        if let Some(count) = self.bus.get_mut(&from) {
            *count -= 1;
            if *count == 0 {
                self.bus.remove(&from);
            }
        }
    }

    /// An execution has taken what another shard has handed on: until it is saved, or ends, that must be found again.
    pub(super) fn take(&mut self, execution: Handle, handed_on: HandedOn) {
        self.messages.extend(handed_on.message());
        self.taken.insert((execution, handed_on));
    }

    /// What that execution has taken need not be found again: returns the checkpoints of it.
    pub(super) fn release_taken(&mut self, execution: Handle) -> impl Iterator<Item = CheckpointKey> + use<> {
        let first = (execution, HandedOn::Nowhere);
        let mut released = Vec::new();
        while let Some(&taken) = self.taken.range(first..).next().filter(|(by, _)| *by == execution) {
            self.taken.remove(&taken);
            if let Some(offset) = taken.1.message() {
                self.messages.remove(&offset);
            }
            released.extend(taken.1.into_checkpoint());
        }
        released.into_iter()
    }

    /// The first trigger, and from where reports may be of it or of those behind it.
    pub(super) fn first_test(&self) -> Option<(i64, i64)> {
        self.tests.first_key_value().map(|(test, reports)| (*test, *reports))
    }

    /// The first offset of the bus.
    pub(super) fn first_of_bus(&self) -> Option<i64> {
        self.bus.first_key_value().map(|(offset, _)| *offset)
    }

    /// The first message of another shard.
    pub(super) fn first_message(&self) -> Option<i64> {
        self.messages.first().copied()
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.tests.is_empty() && self.bus.is_empty() && self.taken.is_empty() && self.messages.is_empty()
    }
}
