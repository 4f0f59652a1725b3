//! How much shards have done that is not committed, so that they wait while it is too much.

use tokio::sync::watch;

/// How many records may wait for their transaction before shards read on no longer. A transaction takes them within
/// its timeout, and memory holds them: while records can be read and none can be written, however long that lasts,
/// there are no more.
const MOST: usize = 50_000;

/// Counts the records that wait to be committed.
#[derive(Clone, Debug)]
pub(super) struct Backlog(watch::Sender<usize>);

impl Default for Backlog {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Backlog {
    /// So many more wait.
    pub(super) fn add(&self, records: usize) {
        self.0.send_if_modified(|waiting| {
            *waiting += records;
            records > 0
        });
    }

    /// So many have been committed, or forgotten.
    pub(super) fn remove(&self, records: usize) {
        self.0.send_if_modified(|waiting| {
            *waiting = waiting.saturating_sub(records);
            records > 0
        });
    }

    /// Whether it is too much.
    pub(super) fn is_full(&self) -> bool {
        *self.0.borrow() >= MOST
    }

    /// Ends once it is not too much.
    pub(super) async fn has_room(&self) {
        // An error would mean that the sender is gone, and that is this.
        let _ = self.0.subscribe().wait_for(|waiting| *waiting < MOST).await;
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
        let backlog = Backlog::default();
        backlog.add(MOST - 1);
        assert!(!backlog.is_full());
        backlog.add(2);
        assert!(backlog.is_full());
        let mut has_room = pin!(backlog.has_room());
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(has_room.as_mut().poll(cx).is_pending());
        backlog.remove(1);
        assert!(has_room.as_mut().poll(cx).is_pending());
        backlog.remove(1);
        assert!(has_room.as_mut().poll(cx).is_ready());
        assert!(!backlog.is_full());
    }
}
