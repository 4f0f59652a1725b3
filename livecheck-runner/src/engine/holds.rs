//! What of the log a successor has to read again.

use std::collections::BTreeMap;

/// The records that stand behind something in flight that no checkpoint holds.
#[derive(Debug, Default)]
pub(super) struct Holds {
    /// The offsets of triggers, and where the next report stood when each was read.
    tests: BTreeMap<i64, i64>,
    /// How many executions need the bus from each of its offsets on.
    bus: BTreeMap<i64, usize>,
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

    /// The first trigger, and from where reports may be of it or of those behind it.
    pub(super) fn first_test(&self) -> Option<(i64, i64)> {
        self.tests.first_key_value().map(|(test, reports)| (*test, *reports))
    }

    /// The first offset of the bus.
    pub(super) fn first_of_bus(&self) -> Option<i64> {
        self.bus.first_key_value().map(|(offset, _)| *offset)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.tests.is_empty() && self.bus.is_empty()
    }
}
