//! The thread that reads the test topic, and with it the life of the shard tasks: partitions come and go.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::{Message, Offset, Statistics, TopicPartitionList};
use tokio::sync::oneshot;

use super::beginnings::{Begin, Beginnings};
use super::by_hand::{BATCH, ByHand, OnUnreadable, POLL, POLL_WHEN_BEHIND};
use super::changelog::Tables;
use super::committer::CommitterHandle;
use super::connection::{Connection, Sharing};
use super::decode;
use super::error::KafkaEdgeError;
use super::health::Health;
use super::opening::{Claims, Opened, Opening};
use super::reported::ReportPositions;
use super::routes::{Feed, Routes, ShardInbox, TestInput, partitions};
use crate::engine::Handover;
use crate::tables::PartitionTables;
use crate::worker::{StopFlag, Worker};

/// How long the thread waits for a record while partitions are being opened, which it then begins to read.
const POLL_WHEN_OPENING: Duration = Duration::from_millis(10);

/// Starts a shard task for a partition, that goes on from there.
pub(crate) type StartShard = Arc<dyn Fn(i32, Handover, Arc<PartitionTables>) -> ShardInbox + Send + Sync>;

/// Says something to the operator.
pub(crate) type Warn = Arc<dyn Fn(String) + Send + Sync>;

/// Hears of partitions that have come.
pub(crate) type OnAssigned = Arc<dyn Fn(&[i32]) + Send + Sync>;

/// The consumer of the test topic, and the thread that polls it.
pub(crate) struct Intake {
    thread: Worker,
}

/// What the intake is connected to.
#[derive(Clone)]
pub(crate) struct IntakeParts {
    pub(crate) routes: Routes,
    pub(crate) bus: Arc<ByHand>,
    /// In a group.
    pub(crate) keys: Option<Arc<ByHand>>,
    pub(crate) committer: CommitterHandle,
    pub(crate) report_positions: ReportPositions,
    pub(crate) tables: Tables,
    pub(crate) start_shard: StartShard,
    pub(crate) on_unreadable: OnUnreadable,
    pub(crate) warn: Warn,
    /// Called when partitions have been assigned, and are being read.
    pub(crate) on_assigned: OnAssigned,
    pub(crate) health: Health,
}

impl Intake {
    pub(crate) fn start(
        connection: &Connection,
        sharing: &Sharing,
        parts: IntakeParts,
    ) -> Result<Self, KafkaEdgeError> {
        let claims = Claims::default();
        let context = IntakeContext {
            topic: connection.topics.test_topic.clone(),
            parts: parts.clone(),
            claims: claims.clone(),
            assigned: Mutex::default(),
        };
        let topic = connection.topics.test_topic.clone();
        let consumer = Arc::new(connection.test_consumer(sharing, context)?);
        if sharing.is_shared() {
            consumer.subscribe(&[&topic]).map_err(KafkaEdgeError::Client)?;
        }
        parts.committer.commit_for(Arc::downgrade(&consumer));
        let beginnings = Beginnings::new(connection, sharing, &parts)?;
        let opening = Opening::start(Arc::clone(&consumer), beginnings, claims, Arc::clone(&parts.warn));
        let sharing = sharing.clone();
        let thread = Worker::start("livecheck-intake", move |stop| {
            let feed = Feed::new(parts.routes.clone(), topic.clone());
            Reader { opening, consumer, feed, topic, sharing, parts, stop }.run();
        });
        Ok(Self { thread })
    }

    /// Gives back every partition, with the last reports committed, and leaves the group. Blocks.
    pub(crate) fn stop(self) {
        self.thread.stop();
    }
}

/// Follows the partitions as the group gives and takes them.
pub(crate) struct IntakeContext {
    topic: String,
    parts: IntakeParts,
    claims: Claims,
    /// Assigned by the group, and not begun with yet.
    assigned: Mutex<Vec<i32>>,
}

impl ClientContext for IntakeContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.parts.health.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.parts.health.error(error, reason);
    }

    fn stats(&self, statistics: Statistics) {
        self.parts.health.stats(statistics);
    }
}

impl ConsumerContext for IntakeContext {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(list) = rebalance {
            // Before it goes: what has been done is committed while it is still ours.
            let numbers = numbers(list);
            self.assigned().retain(|partition| !numbers.contains(partition));
            self.claims.release(&numbers);
            close(&self.parts, &numbers, consumer.assignment_lost());
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => {
                let numbers = numbers(list);
                // Nothing is read of them before a shard is there. Paused partitions are resumed when they go.
                pause(consumer, &self.topic, &numbers);
                self.assigned().extend(numbers);
            }
            Rebalance::Revoke(_) => {}
            Rebalance::Error(error) => tracing::warn!(%error, "the group could not be rebalanced"),
        }
    }
}

impl IntakeContext {
    fn assigned(&self) -> std::sync::MutexGuard<'_, Vec<i32>> {
        self.assigned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads nothing of those partitions until they are resumed.
fn pause<C: ConsumerContext>(consumer: &BaseConsumer<C>, topic: &str, numbers: &[i32]) {
    if let Err(error) = consumer.pause(&partitions(topic, numbers)) {
        tracing::debug!(%error, ?numbers, "partitions could not be paused");
    }
}

fn numbers(list: &TopicPartitionList) -> Vec<i32> {
    list.elements().iter().map(rdkafka::topic_partition_list::TopicPartitionListElem::partition).collect()
}

/// Ends the shard tasks of those partitions, and waits until what they have done is committed; or, where the
/// partitions are another runner's by now, until it is certain that it will not be.
fn close(parts: &IntakeParts, numbers: &[i32], lost: bool) {
    let mut closing = Vec::new();
    for partition in numbers {
        if let Some(inbox) = parts.routes.remove(*partition) {
            let (done, wait) = oneshot::channel();
            if inbox.close.send(done).is_ok() {
                closing.push(wait);
            }
        }
    }
    if closing.is_empty() {
        return;
    }
    parts.bus.unassign(numbers);
    if let Some(keys) = &parts.keys {
        keys.unassign(numbers);
    }
    for wait in closing {
        // An error means that the task is gone already.
        let _ = wait.blocking_recv();
    }
    if lost {
        parts.committer.discard(numbers);
        (parts.warn)(format!(
            "partitions {numbers:?} were given to another runner while this one was out of reach: that one \
             executes what was not reported"
        ));
    } else if !parts.committer.flush(numbers) {
        (parts.warn)(format!(
            "partitions {numbers:?} were given back before their last reports were committed: \
             their next runner executes those tests again"
        ));
    }
}

struct Reader {
    /// First: its thread has the consumer, too, which is to end in this one.
    opening: Opening,
    consumer: Arc<BaseConsumer<IntakeContext>>,
    feed: Feed<TestInput>,
    topic: String,
    sharing: Sharing,
    parts: IntakeParts,
    stop: StopFlag,
}

impl Reader {
    fn run(mut self) {
        if !self.sharing.is_shared() {
            self.opening.open_all();
        }
        while !self.stop.is_set() {
            self.read();
            let opened = self.opening.take();
            if !opened.is_empty() {
                self.begin(opened);
            }
            self.feed.flush(&self.consumer);
        }
        close(&self.parts, &self.parts.routes.partitions(), self.consumer.assignment_lost());
        self.consumer.unsubscribe();
    }

    fn read(&mut self) {
        let mut patience = match (self.feed.is_behind(), self.opening.is_under_way()) {
            (true, _) => POLL_WHEN_BEHIND,
            (false, true) => POLL_WHEN_OPENING,
            (false, false) => POLL,
        };
        for _ in 0..BATCH {
            if self.feed.has_batch() {
                break;
            }
            let consumer = Arc::clone(&self.consumer);
            let polled = consumer.poll(patience);
            // The poll may have begun with a rebalance.
            let assigned = std::mem::take(&mut *self.consumer.context().assigned());
            if !assigned.is_empty() {
                self.feed.forget(&assigned);
                self.opening.open(assigned);
            }
            patience = Duration::ZERO;
            match polled {
                None => break,
                Some(Ok(message)) => {
                    let (input, unreadable) = decode::test(&message);
                    self.feed.push(message.partition(), input, message.payload_len());
                    unreadable.into_iter().for_each(|unreadable| (self.parts.on_unreadable)(unreadable));
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    self.feed.push(partition, TestInput::End, 0);
                }
                // librdkafka goes on by itself, and tells `Health` when no broker is left.
                Some(Err(error)) => tracing::debug!(%error, "reading the test topic"),
            }
        }
    }

    /// Starts the shards of partitions that have been opened, and the reading of what is for them.
    fn begin(&self, opened: Vec<Opened>) {
        let (mut bus, mut keys, mut tests) = (Vec::new(), Vec::new(), Vec::new());
        for Opened { begin: Begin { partition, from, reports_end, .. }, handover, tables } in opened {
            self.parts.report_positions.advance(partition, reports_end);
            self.parts.routes.insert(partition, (self.parts.start_shard)(partition, handover, tables));
            bus.push((partition, from.bus_offset));
            keys.push((partition, from.message_offset));
            tests.push((partition, from.test_offset));
        }
        if let Err(error) = self.parts.bus.assign(&bus) {
            (self.parts.warn)(format!("the bus cannot be read: {error}"));
        }
        if let Some(Err(error)) = self.parts.keys.as_ref().map(|of_group| of_group.assign(&keys)) {
            (self.parts.warn)(format!("what other shards ask cannot be read: {error}"));
        }
        if let Err(error) = self.begin_tests(&tests) {
            (self.parts.warn)(format!("the test topic cannot be read: {error}"));
        }
        let begun: Vec<i32> = tests.iter().map(|(partition, _)| *partition).collect();
        tracing::info!(partitions = ?begun, "partitions assigned");
        (self.parts.on_assigned)(&begun);
    }

    /// The partitions that the group has given go on from what was committed; without one they are taken, each from where
    /// it was found to end: what is triggered from then on is not missed.
    fn begin_tests(&self, from: &[(i32, i64)]) -> KafkaResult<()> {
        if self.sharing.is_shared() {
            let numbers: Vec<i32> = from.iter().map(|(partition, _)| *partition).collect();
            return self.consumer.resume(&partitions(&self.topic, &numbers));
        }
        let mut list = TopicPartitionList::with_capacity(from.len());
        for (partition, offset) in from {
            list.add_partition_offset(&self.topic, *partition, Offset::Offset(*offset))?;
        }
        self.consumer.assign(&list)
    }
}

/// The consumer whose group a committer commits for. Weak: the consumer's own context leads to the committer.
pub(super) type GroupConsumer = OnceLock<Weak<BaseConsumer<IntakeContext>>>;
