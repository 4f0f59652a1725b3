//! Signals that came before their test.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use livecheck_core::{CaseName, TestId, Timestamp};

use super::execution::Event;

/// What a held signal takes beside its payload, roughly: its places in the two maps, and the event itself.
const OVERHEAD_BYTES: usize = 300;

/// Holds signals until their test comes, or until it can come no more.
#[derive(Debug, Default)]
pub(super) struct EarlySignals {
    by_test: HashMap<(CaseName, TestId), Vec<HeldSignal>>,
    /// Every held signal by the log time at which it is given up.
    given_up: BTreeMap<(Timestamp, i64), (CaseName, TestId)>,
    offsets: BTreeSet<i64>,
    bytes: usize,
}

#[derive(Debug)]
struct HeldSignal {
    signal: usize,
    event: Event,
    /// The execution that it is for, where its headers say.
    triggered: Option<Timestamp>,
    until: Timestamp,
}

impl HeldSignal {
    fn bytes(&self) -> usize {
        self.event.payload_bytes() + OVERHEAD_BYTES
    }
}

impl EarlySignals {
    pub(super) fn hold(
        &mut self,
        test: (CaseName, TestId),
        signal: usize,
        event: Event,
        triggered: Option<Timestamp>,
        until: Timestamp,
    ) {
        self.given_up.insert((until, event.offset), test.clone());
        self.offsets.insert(event.offset);
        let held = HeldSignal { signal, event, triggered, until };
        self.bytes += held.bytes();
        self.by_test.entry(test).or_default().push(held);
    }

    /// Takes out the signals for an execution of that test, in the order of the log: those whose headers name
    /// it, and those that name none.
    pub(super) fn take(
        &mut self,
        test: &(CaseName, TestId),
        triggered: Timestamp,
    ) -> impl Iterator<Item = (usize, Event)> + use<> {
        let taken: Vec<HeldSignal> = match self.by_test.get_mut(test) {
            Some(held) => {
                let is_for_it = |held: &HeldSignal| held.triggered.is_none_or(|at| at == triggered);
                let (taken, kept) = std::mem::take(held).into_iter().partition(is_for_it);
                *held = kept;
                taken
            }
            None => Vec::new(),
        };
        self.forget_if_empty(test);
        for held in &taken {
            self.given_up.remove(&(held.until, held.event.offset));
            self.offsets.remove(&held.event.offset);
            self.bytes -= held.bytes();
        }
        taken.into_iter().map(|held| (held.signal, held.event))
    }

    /// Gives up the signals whose test can come no more: the test partition has been read to that log time.
    /// Returns how many.
    pub(super) fn give_up(&mut self, tests_read_to: Timestamp) -> u64 {
        let mut count = 0;
        while self.given_up.first_key_value().is_some_and(|((until, _), _)| *until < tests_read_to) {
            self.give_up_next();
            count += 1;
        }
        count
    }

    /// Gives up the signal that would be given up next; returns the id of its test.
    pub(super) fn give_up_next(&mut self) -> Option<TestId> {
        let ((_, offset), test) = self.given_up.pop_first()?;
        self.offsets.remove(&offset);
        if let Some(held) = self.by_test.get_mut(&test) {
            if let Some(position) = held.iter().position(|held| held.event.offset == offset) {
                self.bytes -= held.remove(position).bytes();
            }
        }
        self.forget_if_empty(&test);
        Some(test.1)
    }

    fn forget_if_empty(&mut self, test: &(CaseName, TestId)) {
        if self.by_test.get(test).is_some_and(Vec::is_empty) {
            self.by_test.remove(test);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The offset of the first signal held.
    pub(super) fn first_offset(&self) -> Option<i64> {
        self.offsets.first().copied()
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.by_test.is_empty() && self.given_up.is_empty() && self.bytes == 0
    }
}
