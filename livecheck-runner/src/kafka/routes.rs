//! Which shard task a partition belongs to, and the ways into it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use livecheck_core::Timestamp;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use crate::engine::{Logged, Message, SignalRecord, TestRecord};

/// What a shard task reads from its partition of the test topic.
#[derive(Debug)]
pub(crate) enum TestInput {
    /// A trigger.
    Test(Logged<TestRecord>),
    /// A record that is no trigger.
    Unreadable { offset: i64 },
    /// The end has been reached.
    End,
}

/// What a shard task reads from its partition of the bus.
#[derive(Debug)]
pub(crate) enum SignalInput {
    /// A signal.
    Signal(Logged<SignalRecord>),
    /// A record that is no signal.
    Unreadable { offset: i64, time: Timestamp },
    /// The end has been reached.
    End,
}

/// What a shard task reads from its partition of the topic of keys.
#[derive(Debug)]
pub(crate) enum MessageInput {
    /// A message of another shard.
    Message { offset: i64, message: Box<Message> },
    /// A record that is no message.
    Unreadable { offset: i64 },
}

/// How many records of a partition wait for a task that is behind, or how many bytes of them, before the partition is paused.
///
/// A task is behind whenever it has not run for some batches, which may be of one record each. But what librdkafka has
/// fetched is thrown away by a pause, and after a resume it may ask for more only when the request that is under way has been
/// answered: half a second (`fetch.wait.max.ms`), for all partitions.
const WORTH_PAUSING: Waiting = Waiting { records: 1_000, bytes: 1 << 20 };

/// How much waits.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    records: usize,
    bytes: usize,
}

/// The ways into a shard task.
#[derive(Debug)]
pub(crate) struct ShardInbox {
    pub(crate) tests: mpsc::Sender<Vec<TestInput>>,
    pub(crate) signals: mpsc::Sender<Vec<SignalInput>>,
    pub(crate) messages: mpsc::Sender<Vec<MessageInput>>,
    /// For what other shards of this process say, where it is not written to a topic.
    pub(crate) from_neighbours: mpsc::UnboundedSender<Message>,
    /// Ends the task; it answers when its last progress is with the committer.
    pub(crate) close: oneshot::Sender<oneshot::Sender<()>>,
}

/// The shard tasks by partition, for the two threads that read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes(Arc<RwLock<HashMap<i32, ShardInbox>>>);

impl Routes {
    pub(super) fn insert(&self, partition: i32, inbox: ShardInbox) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(partition, inbox);
    }

    pub(super) fn remove(&self, partition: i32) -> Option<ShardInbox> {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&partition)
    }

    /// Tells a shard of this process something. Where there is none any more the run is over.
    pub(crate) fn tell(&self, partition: i32, message: Message) {
        if let Some(inbox) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&partition) {
            let _ = inbox.from_neighbours.send(message);
        }
    }

    pub(super) fn partitions(&self) -> Vec<i32> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }
}

/// Something that a shard task reads.
pub(super) trait Input: Sized {
    /// Its way into the task.
    fn way(inbox: &ShardInbox) -> &mpsc::Sender<Vec<Self>>;
}

impl Input for TestInput {
    fn way(inbox: &ShardInbox) -> &mpsc::Sender<Vec<Self>> {
        &inbox.tests
    }
}

impl Input for SignalInput {
    fn way(inbox: &ShardInbox) -> &mpsc::Sender<Vec<Self>> {
        &inbox.signals
    }
}

impl Input for MessageInput {
    fn way(inbox: &ShardInbox) -> &mpsc::Sender<Vec<Self>> {
        &inbox.messages
    }
}

/// What one reading thread has read, and not yet handed to the shard tasks.
///
/// A task that is behind holds up its own partition and no other: where much waits for it that partition is paused, and
/// resumed when the task has caught up.
pub(super) struct Feed<I> {
    routes: Routes,
    topic: String,
    pending: HashMap<i32, Pending<I>>,
    /// How many bytes were read since something was last handed over.
    unflushed: usize,
    paused: Vec<i32>,
}

/// What was read of a partition.
struct Pending<I> {
    inputs: Vec<I>,
    /// What the records took in the log.
    bytes: usize,
}

impl<I> Pending<I> {
    fn is_worth_pausing(&self) -> bool {
        self.inputs.len() >= WORTH_PAUSING.records || self.bytes >= WORTH_PAUSING.bytes
    }
}

impl<I: Input> Feed<I> {
    pub(super) fn new(routes: Routes, topic: String) -> Self {
        Self { routes, topic, pending: HashMap::new(), unflushed: 0, paused: Vec::new() }
    }

    /// The topic that is read.
    pub(super) fn topic(&self) -> &str {
        &self.topic
    }

    /// Something was read, a record of so many bytes.
    pub(super) fn push(&mut self, partition: i32, input: I, bytes: usize) {
        let pending =
            self.pending.entry(partition).or_insert_with(|| Pending { inputs: Vec::new(), bytes: 0 });
        pending.inputs.push(input);
        pending.bytes += bytes;
        self.unflushed += bytes;
    }

    /// Whether enough was read to be handed over: of large records a batch has few, since a task takes it whole.
    pub(super) const fn has_batch(&self) -> bool {
        self.unflushed >= WORTH_PAUSING.bytes
    }

    /// Forgets what was read of those partitions before they went: they have come again.
    pub(super) fn forget(&mut self, partitions: &[i32]) {
        self.pending.retain(|partition, _| !partitions.contains(partition));
        self.paused.retain(|partition| !partitions.contains(partition));
    }

    /// Whether a task is behind, so that the next flush should come soon.
    pub(super) fn is_behind(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Hands over what the tasks can take.
    pub(super) fn flush<C: ConsumerContext>(&mut self, consumer: &BaseConsumer<C>) {
        self.unflushed = 0;
        if self.pending.is_empty() {
            return;
        }
        {
            let routes = self.routes.0.read().unwrap_or_else(PoisonError::into_inner);
            self.pending.retain(|partition, pending| {
                // Without a route the partition has been given back, and what was read of it is not ours.
                let Some(inbox) = routes.get(partition) else {
                    tracing::debug!(topic = self.topic, partition, "what was read is of no shard of ours");
                    return false;
                };
                match I::way(inbox).try_send(std::mem::take(&mut pending.inputs)) {
                    Ok(()) | Err(TrySendError::Closed(_)) => false,
                    Err(TrySendError::Full(back)) => {
                        pending.inputs = back;
                        true
                    }
                }
            });
        }
        self.pause_and_resume(consumer);
    }

    fn pause_and_resume<C: ConsumerContext>(&mut self, consumer: &BaseConsumer<C>) {
        let resumed: Vec<i32> =
            self.paused.iter().copied().filter(|partition| !self.pending.contains_key(partition)).collect();
        self.paused.retain(|partition| self.pending.contains_key(partition));
        let many = self.pending.iter().filter(|(_, pending)| pending.is_worth_pausing());
        let paused: Vec<i32> = many
            .map(|(partition, _)| *partition)
            .filter(|partition| !self.paused.contains(partition))
            .collect();
        self.paused.extend(&paused);
        // Both fail only for a partition that is no longer assigned, which is neither.
        if !resumed.is_empty() {
            let _ = consumer.resume(&partitions(&self.topic, &resumed));
        }
        if !paused.is_empty() {
            let _ = consumer.pause(&partitions(&self.topic, &paused));
        }
    }
}

/// A list of partitions of one topic.
pub(super) fn partitions(topic: &str, numbers: &[i32]) -> TopicPartitionList {
    let mut list = TopicPartitionList::with_capacity(numbers.len());
    for number in numbers {
        list.add_partition(topic, *number);
    }
    list
}

#[cfg(test)]
mod tests {
    use rdkafka::ClientConfig;

    use super::*;

    const INBOX: usize = 2;

    fn inbox() -> (ShardInbox, mpsc::Receiver<Vec<TestInput>>) {
        let (tests, of_tests) = mpsc::channel(INBOX);
        let (signals, _) = mpsc::channel(INBOX);
        let (messages, _) = mpsc::channel(INBOX);
        let (from_neighbours, _) = mpsc::unbounded_channel();
        let (close, _) = oneshot::channel();
        (ShardInbox { tests, signals, messages, from_neighbours, close }, of_tests)
    }

    #[test]
    fn a_partition_is_paused_only_where_much_waits_for_its_task() {
        let Waiting { records, bytes } = WORTH_PAUSING;
        paused_by(records, 10);
        paused_by(4, bytes / 4);
    }

    fn paused_by(count: usize, bytes: usize) {
        let consumer: BaseConsumer = ClientConfig::new().create().expect("a consumer of no broker");
        let (routes, (inbox, mut of_tests)) = (Routes::default(), inbox());
        routes.insert(0, inbox);
        let mut feed = Feed::<TestInput>::new(routes, "livecheck".to_owned());
        let read = |count: usize, bytes: usize, feed: &mut Feed<TestInput>| {
            let unreadable = |offset: usize| TestInput::Unreadable { offset: offset as i64 };
            (0..count).for_each(|offset| feed.push(0, unreadable(offset), bytes));
            feed.flush(&consumer);
        };
        (0..=INBOX).for_each(|_| read(1, 10, &mut feed));
        assert!(feed.is_behind() && feed.paused.is_empty());
        read(count, bytes, &mut feed);
        assert_eq!(feed.paused, [0]);
        let mut came = 0;
        while let Ok(batch) = of_tests.try_recv() {
            came += batch.len();
            read(0, 0, &mut feed);
        }
        assert!(!feed.is_behind() && feed.paused.is_empty());
        assert_eq!(came, INBOX + 1 + count);
    }
}
