//! Old records go: by how many they are, and by how old.

use super::partition::PartitionLog;
use super::rules::LogRules;

impl PartitionLog {
    /// Drops what is past retention, a batch at a time; never what a transaction that is open has written.
    pub(crate) fn retain(&mut self, rules: &LogRules, now: i64) {
        let Some(retention) = rules.delete else { return };
        let stable = self.visible_end(super::Isolation::Committed);
        let mut size = self.size;
        let mut start = self.start;
        for stored in &self.batches {
            // At least as much as was asked for is kept.
            let too_many = retention.bytes.is_some_and(|bytes| size - stored.bytes.len() >= bytes);
            let time = stored.batch.max_timestamp();
            let too_old = retention.ms.is_some_and(|ms| time >= 0 && now.saturating_sub(time) > ms);
            if stored.last_offset >= stable || !(too_many || too_old) {
                break;
            }
            size -= stored.bytes.len();
            start = stored.last_offset + 1;
        }
        if start > self.start {
            self.advance_start(start);
        }
    }

    /// Whether there is more than retention asks for: the cheap question, for each append.
    pub(super) fn is_over(&self, rules: &LogRules) -> bool {
        let bytes = rules.delete.and_then(|retention| retention.bytes);
        bytes.is_some_and(|bytes| {
            self.batches.front().is_some_and(|first| self.size - first.bytes.len() >= bytes)
        })
    }

    /// Forgets producers that have not written for so many milliseconds.
    pub(crate) fn expire_producers(&mut self, now: i64, after: i64) {
        self.producers.expire(now, after);
    }
}
