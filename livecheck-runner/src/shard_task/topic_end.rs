//! Where a partition of a topic ends: asked for when something depends on it, and by one question at a time.

use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use livecheck_core::{Timestamp, Topics};
use tokio::task::JoinHandle;

use super::to_instant;
use crate::kafka::ByHand;

/// With how much patience an end is asked for.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// How often at most the brokers are asked for the end of one partition.
    ask_every: Duration,
    /// For how long the end must stay where it is, beyond the last record that can be read, before what is between is
    /// taken for control records of a transaction.
    control_records_after: Duration,
}

/// A verdict depends on it.
const OF_BUS: Patience =
    Patience { ask_every: Duration::from_millis(50), control_records_after: Duration::from_secs(1) };
/// Only memory depends on it; and no broker lets a transaction be open for longer, by default.
const OF_TESTS: Patience =
    Patience { ask_every: Duration::from_secs(1), control_records_after: Duration::from_secs(60) };

/// Where the partition ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) end_offset: i64,
    /// When it was asked for.
    pub(super) asked: Timestamp,
}

/// What is known of the end of a partition beside what the shard knows.
pub(super) struct TopicEnd {
    /// Who asks.
    client: Arc<ByHand>,
    topic: String,
    partition: i32,
    patience: Patience,
    /// The question that is under way.
    question: Option<JoinHandle<Option<Answer>>>,
    /// When it was asked last.
    asked: Option<Instant>,
    /// An end that the consumer has reached by its own word, though no record led there, and since when.
    beyond: Option<(i64, Instant)>,
}

impl TopicEnd {
    pub(super) fn of_bus(client: Arc<ByHand>, topics: &Topics, partition: i32) -> Self {
        Self::new(client, topics.bus_topic.clone(), partition, OF_BUS)
    }

    pub(super) fn of_tests(client: Arc<ByHand>, topics: &Topics, partition: i32) -> Self {
        Self::new(client, topics.test_topic.clone(), partition, OF_TESTS)
    }

    fn new(client: Arc<ByHand>, topic: String, partition: i32, patience: Patience) -> Self {
        Self { client, topic, partition, patience, question: None, asked: None, beyond: None }
    }

    /// When the question that is due then can be asked; not while one is under way.
    pub(super) fn can_ask_at(&self, due: Timestamp) -> Option<Instant> {
        let not_before = self.asked.map(|asked| asked + self.patience.ask_every);
        let due = not_before.map_or(to_instant(due), |not_before| not_before.max(to_instant(due)));
        self.question.is_none().then_some(due)
    }

    /// Asks, unless that was done just now.
    pub(super) fn ask(&mut self, now: Timestamp) {
        if self.question.is_some()
            || self.asked.is_some_and(|asked| asked.elapsed() < self.patience.ask_every)
        {
            return;
        }
        let (client, topic, partition) = (Arc::clone(&self.client), self.topic.clone(), self.partition);
        self.asked = Some(Instant::now());
        self.question =
            Some(tokio::task::spawn_blocking(move || match client.watermarks_of(&topic, partition) {
                Ok((_, end_offset)) => Some(Answer { end_offset, asked: now }),
                Err(error) => {
                    // Until the brokers answer nothing is judged: the record may be there.
                    tracing::debug!(%error, topic, partition, "asking for the end");
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
            Some((end, since)) if end == end_offset => since.elapsed() >= self.patience.control_records_after,
            _ => {
                self.beyond = Some((end_offset, Instant::now()));
                false
            }
        }
    }
}
