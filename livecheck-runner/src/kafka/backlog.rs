//! How much shards have done that is not committed, so that they wait while it is too much.

use std::ops::AddAssign;

use livecheck_core::wire::TestReport;
use tokio::sync::watch;

use crate::engine::{Checkpoint, CheckpointChange, SavedSignal};

/// How many records may wait for their transaction before shards read on no longer. A transaction takes them within
/// its timeout.
const MOST_RECORDS: usize = 50_000;
/// How many bytes they may take in memory, roughly: while records can be read and none can be written, however long that
/// lasts, there are hardly more.
const MOST_BYTES: usize = 64 << 20;

/// What a record takes beside what users give it, roughly.
const OVERHEAD_BYTES: usize = 500;
/// What the explanation of a report takes, roughly. It has a bound of its own.
const EXPLANATION_BYTES: usize = 4_000;

/// What waits to be committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) records: usize,
    /// Roughly. What tables have changed has a bound of its own, and does not count.
    pub(super) bytes: usize,
}

impl Load {
    /// So many records that carry nothing of users to speak of.
    pub(super) const fn of_records(records: usize) -> Self {
        Self { records, bytes: records * OVERHEAD_BYTES }
    }

    pub(super) fn of_report(report: &TestReport) -> Self {
        let texts = [&report.error, &report.traceback].into_iter().flatten().map(String::len);
        let arguments = report.test.as_ref().map_or(0, |test| test.arguments.json_bytes());
        let explanation = report.explanation.as_ref().map_or(0, |_| EXPLANATION_BYTES);
        Self { records: 1, bytes: OVERHEAD_BYTES + arguments + explanation + texts.sum::<usize>() }
    }

    pub(super) fn of_change(change: &CheckpointChange) -> Self {
        let payload = |signal: &SavedSignal| signal.value.as_ref().map_or(0, |value| value.get().len());
        let bytes = match change {
            CheckpointChange::Saved(Checkpoint::Execution(saved)) => {
                saved.test.arguments.json_bytes() + saved.signals.iter().map(payload).sum::<usize>()
            }
            CheckpointChange::Saved(Checkpoint::Early(saved)) => payload(&saved.signal),
            CheckpointChange::Saved(Checkpoint::Question(_)) | CheckpointChange::Removed(_) => 0,
        };
        Self { records: 1, bytes: OVERHEAD_BYTES + bytes }
    }

    const fn is_too_much(self) -> bool {
        self.records >= MOST_RECORDS || self.bytes >= MOST_BYTES
    }
}

impl AddAssign for Load {
    fn add_assign(&mut self, more: Self) {
        self.records += more.records;
        self.bytes += more.bytes;
    }
}

impl std::iter::Sum for Load {
    fn sum<I: Iterator<Item = Self>>(loads: I) -> Self {
        loads.fold(Self::default(), |mut sum, load| {
            sum += load;
            sum
        })
    }
}

/// Counts what waits to be committed.
#[derive(Clone, Debug)]
pub(super) struct Backlog(watch::Sender<Load>);

impl Default for Backlog {
    fn default() -> Self {
        Self(watch::Sender::new(Load::default()))
    }
}

impl Backlog {
    /// So much more waits.
    pub(super) fn add(&self, more: Load) {
        self.0.send_if_modified(|waiting| {
            *waiting += more;
            more.records > 0
        });
    }

    /// So much has been committed, or forgotten.
    pub(super) fn remove(&self, less: Load) {
        self.0.send_if_modified(|waiting| {
            waiting.records = waiting.records.saturating_sub(less.records);
            waiting.bytes = waiting.bytes.saturating_sub(less.bytes);
            less.records > 0
        });
    }

    /// What waits, where that is too much.
    pub(super) fn too_much(&self) -> Option<Load> {
        Some(*self.0.borrow()).filter(|waiting| waiting.is_too_much())
    }

    /// Ends once it is not too much.
    pub(super) async fn has_room(&self) {
        // An error would mean that the sender is gone, and that is this.
        let _ = self.0.subscribe().wait_for(|waiting| !waiting.is_too_much()).await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn who_waits_goes_on_once_there_is_room() {
        for (most, one) in [
            (Load::of_records(MOST_RECORDS), Load::of_records(1)),
            (Load { records: 3, bytes: MOST_BYTES }, Load { records: 1, bytes: 10 }),
        ] {
            let backlog = Backlog::default();
            backlog.add(Load { records: most.records - one.records, bytes: most.bytes - one.bytes });
            assert_eq!(backlog.too_much(), None);
            backlog.add(one);
            backlog.add(one);
            assert!(backlog.too_much().is_some());
            let mut has_room = pin!(backlog.has_room());
            let cx = &mut Context::from_waker(Waker::noop());
            assert!(has_room.as_mut().poll(cx).is_pending());
            backlog.remove(one);
            assert!(has_room.as_mut().poll(cx).is_pending());
            backlog.remove(one);
            assert!(has_room.as_mut().poll(cx).is_ready());
            assert_eq!(backlog.too_much(), None);
        }
    }
}
