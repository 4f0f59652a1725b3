//! Executions that ended lately: so that a repeated trigger starts nothing, and a late signal is known as one.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use livecheck_core::{CaseName, TestId, Timestamp};

/// A bounded memory of executions that have ended: the oldest are forgotten first.
///
/// It keeps hashes of 64 bits: two executions that are remembered at once are taken for one with a
/// probability of their number in 2⁶⁴.
#[derive(Debug)]
pub(super) struct RecentExecutions {
    hasher: RandomState,
    /// How many of the remembered executions have that hash: of case, id and trigger, or of case and id.
    ended: HashTable<(u64, u32)>,
    order: VecDeque<(u64, u64)>,
    capacity: usize,
}

impl RecentExecutions {
    pub(super) fn new(capacity: usize) -> Self {
        Self { hasher: RandomState::new(), ended: HashTable::new(), order: VecDeque::new(), capacity }
    }

    pub(super) fn remember(&mut self, case: &CaseName, id: &TestId, triggered: Timestamp) {
        if self.order.len() == self.capacity {
            if let Some((exact, by_id)) = self.order.pop_front() {
                self.forget(exact);
                self.forget(by_id);
            }
        }
        let (exact, by_id) = (self.exact(case, id, triggered), self.by_id(case, id));
        self.count(exact);
        self.count(by_id);
        self.order.push_back((exact, by_id));
    }

    /// Whether that execution has ended lately.
    pub(super) fn contains(&self, case: &CaseName, id: &TestId, triggered: Timestamp) -> bool {
        self.has(self.exact(case, id, triggered))
    }

    /// Whether any execution of that id has ended lately.
    pub(super) fn contains_id(&self, case: &CaseName, id: &TestId) -> bool {
        self.has(self.by_id(case, id))
    }

    fn has(&self, hash: u64) -> bool {
        self.ended.find(hash, |(other, _)| *other == hash).is_some()
    }

    fn count(&mut self, hash: u64) {
        match self.ended.entry(hash, |(other, _)| *other == hash, |(other, _)| *other) {
            Entry::Occupied(mut counted) => counted.get_mut().1 += 1,
            Entry::Vacant(place) => drop(place.insert((hash, 1))),
        }
    }

    fn forget(&mut self, hash: u64) {
        if let Ok(mut counted) = self.ended.find_entry(hash, |(other, _)| *other == hash) {
            counted.get_mut().1 -= 1;
            if counted.get().1 == 0 {
                counted.remove();
            }
        }
    }

    fn exact(&self, case: &CaseName, id: &TestId, triggered: Timestamp) -> u64 {
        self.hasher.hash_one((case, id, Some(triggered)))
    }

    fn by_id(&self, case: &CaseName, id: &TestId) -> u64 {
        self.hasher.hash_one((case, id, None::<Timestamp>))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first_and_nothing_else() {
        let mut recent = RecentExecutions::new(2);
        let case = CaseName::from("c");
        let at = Timestamp::from_millis;
        for (id, time) in [("a", 1), ("b", 1), ("b", 2)] {
            recent.remember(&case, &id.into(), at(time));
        }
        assert!(!recent.contains_id(&case, &"a".into()));
        assert!(recent.contains(&case, &"b".into(), at(1)));
        assert!(recent.contains(&case, &"b".into(), at(2)));
        assert!(!recent.contains(&case, &"b".into(), at(3)));
        recent.remember(&case, &"c".into(), at(3));
        assert!(recent.contains_id(&case, &"b".into()), "its second execution is still remembered");
        assert_eq!(recent.ended.len(), 4);
    }
}
