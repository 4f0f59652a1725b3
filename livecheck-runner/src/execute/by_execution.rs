//! The cases that are executed, by execution.

use super::Executing;
use crate::engine::Handle;

/// How many places may be empty before the memory of those that have ended is given back.
const WORTH_SHRINKING: usize = 1_000;

/// The cases that are executed, each at the slot that its shard has given it.
///
/// There may be a million of them: slots are dense, so a place takes two words.
#[derive(Debug, Default)]
pub(crate) struct ByExecution {
    slots: Vec<Option<Executing>>,
    count: usize,
}

impl ByExecution {
    /// A case is executed.
    pub(crate) fn insert(&mut self, executing: Executing) {
        let slot = executing.execution().slot();
        if slot >= self.slots.len() {
            self.slots.resize_with(slot + 1, || None);
        }
        if self.slots[slot].replace(executing).is_none() {
            self.count += 1;
        }
    }

    /// That execution, if it is executed: another may have its slot by now.
    pub(crate) fn get(&self, execution: Handle) -> Option<&Executing> {
        let executing = self.slots.get(execution.slot())?.as_ref();
        executing.filter(|executing| executing.execution() == execution)
    }

    /// It is executed no more.
    pub(crate) fn remove(&mut self, execution: Handle) -> Option<Executing> {
        self.get(execution)?;
        let removed = self.slots[execution.slot()].take();
        self.count -= 1;
        if self.count == 0 && self.slots.len() > WORTH_SHRINKING {
            self.slots = Vec::new();
        }
        removed
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Executing> {
        self.slots.iter().flatten()
    }
}
