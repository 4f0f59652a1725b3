//! Where a partition of the bus ends: asked for when a verdict depends on it, and by one question at a time.

use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use livecheck_core::Timestamp;
use tokio::task::JoinHandle;

use super::to_instant;
use crate::kafka::ByHand;

/// How often at most the brokers are asked for the end of one partition of the bus.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// For how long the end of the bus must stay where it is, beyond the last record that can be read, before
/// what is between is taken for control records of a transaction.
const CONTROL_RECORDS_AFTER: Duration = Duration::from_secs(1);

/// Where the bus ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) end_offset: i64,
    /// When it was asked for.
    pub(super) asked: Timestamp,
}

/// What is known of the end of the bus beside what the shard knows.
pub(super) struct BusEnd {
    bus: Arc<ByHand>,
    partition: i32,
    /// The question that is under way.
    question: Option<JoinHandle<Option<Answer>>>,
    /// When it was asked last.
    asked: Option<Instant>,
    /// An end that the consumer has reached by its own word, though no record led there, and since when.
    beyond: Option<(i64, Instant)>,
}

impl BusEnd {
    pub(super) const fn new(bus: Arc<ByHand>, partition: i32) -> Self {
        Self { bus, partition, question: None, asked: None, beyond: None }
    }

    /// When the question that is due then can be asked; not while one is under way.
    pub(super) fn can_ask_at(&self, due: Timestamp) -> Option<Instant> {
        let not_before = self.asked.map(|asked| asked + ASK_EVERY);
        let due = not_before.map_or(to_instant(due), |not_before| not_before.max(to_instant(due)));
        self.question.is_none().then_some(due)
    }

    /// Asks, unless that was done just now.
    pub(super) fn ask(&mut self, now: Timestamp) {
        if self.question.is_some() || self.asked.is_some_and(|asked| asked.elapsed() < ASK_EVERY) {
            return;
        }
        let (bus, partition) = (Arc::clone(&self.bus), self.partition);
        self.asked = Some(Instant::now());
        self.question = Some(tokio::task::spawn_blocking(move || match bus.watermarks(partition) {
            Ok((_, end_offset)) => Some(Answer { end_offset, asked: now }),
            Err(error) => {
                // Until the brokers answer nothing is judged: the signal may be there.
                tracing::debug!(%error, partition, "asking for the end of the bus");
                None
            }
        }));
    }

    /// Waits for the answer; none, where the brokers gave none. While nothing is asked it never ends.
    pub(super) async fn answered(&mut self) -> Option<Answer> {
        let Some(question) = &mut self.question else { return pending().await };
        // A question that panicked or was cancelled has no answer.
        let answer = question.await.ok().flatten();
        self.question = None;
        answer
    }

    /// Whether nothing but control records of transactions stands between the last record read and that end:
    /// the consumer says that it is at the end, and for a while no record has come, and the end has not moved.
    pub(super) fn is_behind_control_records(&mut self, end_offset: i64, consumer_is_at_end: bool) -> bool {
        if !consumer_is_at_end {
            self.beyond = None;
            return false;
        }
        match self.beyond {
            Some((end, since)) if end == end_offset => since.elapsed() >= CONTROL_RECORDS_AFTER,
            _ => {
                self.beyond = Some((end_offset, Instant::now()));
                false
            }
        }
    }
}
