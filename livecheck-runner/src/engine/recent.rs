//! Executions that ended lately: so that a repeated trigger starts nothing, and a late signal is known as one.

use std::hash::{BuildHasher, RandomState};
use std::mem;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use livecheck_core::{CaseName, TestId, Timestamp};

/// A bounded memory of executions that have ended: the latest of them, so many at least, and at most twice as many.
///
/// There are two generations: the young one fills, then the old one is forgotten as a whole, and the young one is the old
/// one. So nothing is taken out of a table that stays, which would leave marks in it and make it grow for ever the same
/// number.
///
/// It keeps hashes of 64 bits: two executions that are remembered at once are taken for one with a
/// probability of their number in 2⁶⁴.
#[derive(Debug)]
pub(super) struct RecentExecutions {
    hasher: RandomState,
    young: Generation,
    old: Generation,
    capacity: usize,
}

/// Executions that ended one after the other.
#[derive(Debug, Default)]
struct Generation {
    count: usize,
    /// The hash of each by case, id and trigger, and that by case and id.
    hashes: HashTable<u64>,
}

impl RecentExecutions {
    pub(super) fn new(capacity: usize) -> Self {
        let hasher = RandomState::new();
        Self { hasher, young: Generation::default(), old: Generation::default(), capacity }
    }

    pub(super) fn remember(&mut self, case: &CaseName, id: &TestId, triggered: Timestamp) {
        if self.young.count >= self.capacity {
            mem::swap(&mut self.young, &mut self.old);
            self.young.forget();
        }
        let (exact, by_id) = (self.exact(case, id, triggered), self.by_id(case, id));
        self.young.remember(exact, by_id);
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
        self.young.has(hash) || self.old.has(hash)
    }

    fn exact(&self, case: &CaseName, id: &TestId, triggered: Timestamp) -> u64 {
        self.hasher.hash_one((case, id, Some(triggered)))
    }

    fn by_id(&self, case: &CaseName, id: &TestId) -> u64 {
        self.hasher.hash_one((case, id, None::<Timestamp>))
    }
}

impl Generation {
    fn remember(&mut self, exact: u64, by_id: u64) {
        self.count += 1;
        for hash in [exact, by_id] {
            if let Entry::Vacant(place) = self.hashes.entry(hash, |other| *other == hash, |other| *other) {
                place.insert(hash);
            }
        }
    }

    fn has(&self, hash: u64) -> bool {
        self.hashes.find(hash, |other| *other == hash).is_some()
    }

    /// Forgets all, and keeps the room for as many.
    fn forget(&mut self) {
        self.count = 0;
        self.hashes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: fn(i64) -> Timestamp = Timestamp::from_millis;

    #[test]
    fn so_many_are_remembered_at_least_and_no_more_than_twice_as_many() {
        let (mut recent, case) = (RecentExecutions::new(3), CaseName::from("c"));
        let remembers = |recent: &RecentExecutions, number: i64| {
            recent.contains(&case, &number.to_string().into(), AT(number))
        };
        for number in 1..=100 {
            recent.remember(&case, &number.to_string().into(), AT(number));
            let remembered: Vec<i64> = (1..=100).filter(|other| remembers(&recent, *other)).collect();
            let latest: Vec<i64> = (number + 1 - remembered.len() as i64..=number).collect();
            assert_eq!(remembered, latest);
            assert!((number.min(3)..=6).contains(&(latest.len() as i64)), "{latest:?}");
        }
    }

    #[test]
    fn executions_of_one_id_are_told_apart_and_known_together() {
        let (mut recent, case, id) = (RecentExecutions::new(1), CaseName::from("c"), TestId::from("b"));
        recent.remember(&case, &id, AT(1));
        recent.remember(&case, &id, AT(2));
        assert!(recent.contains(&case, &id, AT(2)) && !recent.contains(&case, &id, AT(3)));
        recent.remember(&case, &"c".into(), AT(3));
        assert!(!recent.contains(&case, &id, AT(1)), "it is forgotten");
        assert!(recent.contains_id(&case, &id), "its second execution is still remembered");
        assert!(!recent.contains_id(&case, &"d".into()));
    }
}
