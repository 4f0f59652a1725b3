//! The executions in flight: by handle, and by the id of their test.

mod busy;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use livecheck_core::{CaseName, TestId, Timestamp};
use slab::Slab;

use super::execution::{Handle, Running};
use busy::Busy;
pub(super) use busy::NOT_BUSY;

/// How many may be in flight before the memory of those that have ended is given back.
const WORTH_SHRINKING: usize = 1_000;

/// Of how many microseconds those that start are counted together.
const COUNTED_TOGETHER: i64 = 100_000;

/// The executions in flight.
///
/// There may be a million of them, so none has more than one place of its own; the tables hold numbers.
#[derive(Debug)]
pub(super) struct InFlight<R> {
    running: Slab<Box<Running<R>>>,
    /// The slots of each id: one, but for an id used again or by several cases.
    by_id: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// How many there are of each case.
    by_case: BTreeMap<CaseName, u64>,
    /// How many there are that started in which tenth of a second.
    by_start: BTreeMap<i64, u32>,
    /// Those that wait for nothing.
    busy: Busy,
    next_generation: u32,
}

impl<R> Default for InFlight<R> {
    fn default() -> Self {
        let (running, by_id, hasher) = (Slab::new(), HashTable::new(), DefaultHashBuilder::default());
        let (by_case, by_start) = (BTreeMap::new(), BTreeMap::new());
        let busy = Busy::default();
        Self { running, by_id, hasher, by_case, by_start, busy, next_generation: 0 }
    }
}

impl<R> InFlight<R> {
    pub(super) fn insert(&mut self, mut running: Box<Running<R>>) -> Handle {
        self.next_generation = self.next_generation.wrapping_add(1);
        running.generation = self.next_generation;
        *self.by_case.entry(running.case_name().clone()).or_default() += 1;
        *self.by_start.entry(tenth_of(running.start)).or_default() += 1;
        let hash = self.hasher.hash_one(running.id());
        let entry = self.running.vacant_entry();
        let slot = u32::try_from(entry.key()).unwrap_or_else(|_| unreachable!("memory ends far below"));
        let execution = Handle { slot, generation: running.generation };
        entry.insert(running);
        self.by_id.insert_unique(hash, slot, |slot| self.hasher.hash_one(self.running[index(*slot)].id()));
        execution
    }

    /// The name of a case, in the copy that all its executions share.
    pub(super) fn shared(&mut self, case: CaseName) -> CaseName {
        match self.by_case.get_key_value(&case) {
            Some((shared, _)) => shared.clone(),
            None => {
                self.by_case.insert(case.clone(), 0);
                case
            }
        }
    }

    pub(super) fn get(&self, execution: Handle) -> Option<&Running<R>> {
        self.running.get(index(execution.slot)).map(Box::as_ref).filter(|running| running.is(execution))
    }

    pub(super) fn get_mut(&mut self, execution: Handle) -> Option<&mut Running<R>> {
        self.running.get_mut(index(execution.slot)).map(Box::as_mut).filter(|running| running.is(execution))
    }

    /// The one that has that slot now.
    pub(super) fn at(&self, slot: u32) -> Option<(Handle, &Running<R>)> {
        let running = self.running.get(index(slot))?;
        Some((Handle { slot, generation: running.generation }, running))
    }

    /// Those of that id, of whichever case.
    pub(super) fn of_id(&self, id: &TestId) -> impl Iterator<Item = (Handle, &Running<R>)> {
        let slots = self.by_id.iter_hash(self.hasher.hash_one(id));
        slots.filter_map(|slot| self.at(*slot)).filter(move |(_, running)| running.id() == id)
    }

    pub(super) fn remove(&mut self, execution: Handle) -> Option<Box<Running<R>>> {
        let hash = self.hasher.hash_one(self.get(execution)?.id());
        if let Ok(entry) = self.by_id.find_entry(hash, |slot| *slot == execution.slot) {
            entry.remove();
        }
        let removed = self.running.remove(index(execution.slot));
        self.leave_busy(removed.busy_place);
        if let Some(count) = self.by_case.get_mut(removed.case_name()) {
            *count -= 1;
        }
        if let Entry::Occupied(mut count) = self.by_start.entry(tenth_of(removed.start)) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
        self.shrink();
        Some(removed)
    }

    /// Gives back the memory of many that have ended.
    fn shrink(&mut self) {
        let (count, capacity) = (self.by_id.len(), self.by_id.capacity());
        if capacity > WORTH_SHRINKING && count < capacity / 4 {
            let Self { running, by_id, hasher, .. } = self;
            by_id.shrink_to(count * 2, |slot| hasher.hash_one(running[index(*slot)].id()));
        }
        if self.running.is_empty() && self.running.capacity() > WORTH_SHRINKING {
            self.running = Slab::new();
            self.busy = Busy::default();
        }
    }

    /// How many there are of each case that has had any.
    pub(super) fn by_case(&self) -> impl Iterator<Item = (&CaseName, u64)> {
        self.by_case.iter().map(|(case, count)| (case, *count))
    }

    /// When the first of them started, in log time; up to a tenth of a second before that.
    pub(super) fn first_start(&self) -> Option<Timestamp> {
        let first = self.by_start.first_key_value();
        first.map(|(tenth, _)| Timestamp::from_micros(tenth.saturating_mul(COUNTED_TOGETHER)))
    }

    pub(super) fn len(&self) -> usize {
        self.running.len()
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty() && self.by_id.is_empty() && self.by_start.is_empty() && self.busy.is_empty()
    }
}

const fn tenth_of(start: Timestamp) -> i64 {
    start.as_micros().div_euclid(COUNTED_TOGETHER)
}

const fn index(slot: u32) -> usize {
    slot as usize
}
