//! Which stretches of a log belong to transactions that were aborted.

/// A reader of committed records drops this producer's data from `first_offset` up to the abort marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AbortedTransaction {
    pub(crate) producer_id: i64,
    pub(crate) first_offset: i64,
    /// The abort marker's own offset.
    pub(crate) last_offset: i64,
}

/// Aborted transactions in the order of their markers.
#[derive(Debug, Default)]
pub(super) struct AbortedIndex {
    transactions: Vec<AbortedTransaction>,
}

impl AbortedIndex {
    pub(super) fn add(&mut self, transaction: AbortedTransaction) {
        debug_assert!(self.transactions.last().is_none_or(|last| last.last_offset < transaction.last_offset));
        self.transactions.push(transaction);
    }

    /// Those with records in `from..to`.
    pub(super) fn overlapping(&self, from: i64, to: i64) -> Vec<AbortedTransaction> {
        let first = self.transactions.partition_point(|transaction| transaction.last_offset < from);
        self.transactions[first..]
            .iter()
            .filter(|transaction| transaction.first_offset < to)
            .copied()
            .collect()
    }

    /// Whether what this producer wrote there was aborted.
    pub(super) fn covers(&self, producer_id: i64, offset: i64) -> bool {
        let first = self.transactions.partition_point(|transaction| transaction.last_offset < offset);
        self.transactions[first..]
            .iter()
            .any(|transaction| transaction.producer_id == producer_id && transaction.first_offset <= offset)
    }

    /// Forgets the one whose marker this was: without the marker, a reader would leave out all that follows.
    pub(super) fn forget_marker(&mut self, offset: i64) {
        self.transactions.retain(|transaction| transaction.last_offset != offset);
    }

    /// Forgets those that end before the log starts.
    pub(super) fn forget_before(&mut self, start: i64) {
        let kept = self.transactions.partition_point(|transaction| transaction.last_offset < start);
        self.transactions.drain(..kept);
    }
}
