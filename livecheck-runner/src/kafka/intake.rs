//! The thread that reads the test topic, and with it the life of the shard tasks: partitions come and go.

use std::fmt::Display;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use livecheck_core::Timestamp;
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
use super::reported::ReportPositions;
use super::routes::{Feed, Routes, ShardInbox, TestInput};
use crate::engine::Handover;
use crate::tables::PartitionTables;
use crate::worker::{StopFlag, Worker};

/// The pause before a question that failed is asked again.
const RETRY: Duration = Duration::from_millis(200);
/// For how long a question may fail before that is said.
const WORTH_SAYING: Duration = Duration::from_secs(5);

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
        let context = IntakeContext { parts: parts.clone(), assigned: Mutex::default() };
        let topic = connection.topics.test_topic.clone();
        let consumer = Arc::new(connection.test_consumer(sharing, context)?);
        if sharing.is_shared() {
            consumer.subscribe(&[&topic]).map_err(KafkaEdgeError::Client)?;
        }
        parts.committer.commit_for(Arc::downgrade(&consumer));
        let beginnings = Beginnings::new(connection, sharing, &parts)?;
        let sharing = sharing.clone();
        let thread = Worker::start("livecheck-intake", move |stop| {
            let feed = Feed::new(parts.routes.clone(), topic.clone());
            Reader { consumer, beginnings, feed, topic, sharing, parts, stop }.run();
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
    parts: IntakeParts,
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
            close(&self.parts, &numbers, consumer.assignment_lost());
        }
    }

    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => self.assigned().extend(numbers(list)),
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
    consumer: Arc<BaseConsumer<IntakeContext>>,
    beginnings: Beginnings,
    feed: Feed<TestInput>,
    topic: String,
    sharing: Sharing,
    parts: IntakeParts,
    stop: StopFlag,
}

impl Reader {
    fn run(mut self) {
        if !self.sharing.is_shared() {
            self.begin_alone();
        }
        while !self.is_stopping() {
            self.read();
            self.feed.flush(&self.consumer);
        }
        close(&self.parts, &self.parts.routes.partitions(), self.consumer.assignment_lost());
        self.consumer.unsubscribe();
    }

    fn is_stopping(&self) -> bool {
        self.stop.is_set()
    }

    fn read(&mut self) {
        let mut patience = if self.feed.is_behind() { POLL_WHEN_BEHIND } else { POLL };
        for _ in 0..BATCH {
            let consumer = Arc::clone(&self.consumer);
            let polled = consumer.poll(patience);
            // The poll may have begun with a rebalance: a shard must be there before its first record.
            let assigned = std::mem::take(&mut *self.consumer.context().assigned());
            if !assigned.is_empty() {
                self.begin(&assigned);
            }
            patience = Duration::ZERO;
            match polled {
                None => break,
                Some(Ok(message)) => {
                    let (input, unreadable) = decode::test(&message);
                    self.feed.push(message.partition(), input);
                    unreadable.into_iter().for_each(|unreadable| (self.parts.on_unreadable)(unreadable));
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    // What is being written at this moment may still carry an older time.
                    let none_older = Timestamp::now() - Duration::from_secs(60);
                    self.feed.push(partition, TestInput::End { none_older });
                }
                // librdkafka goes on by itself, and tells `Health` when no broker is left.
                Some(Err(error)) => tracing::debug!(%error, "reading the test topic"),
            }
        }
    }

    /// Takes every partition, from where it ends now: without a group nobody else gives them out, and what is
    /// triggered from this moment on is not missed.
    fn begin_alone(&self) {
        let Some(all) = self.until_answered("the partitions", || self.beginnings.partition_numbers()) else {
            return;
        };
        let Some(begins) =
            self.until_answered("the ends of the partitions", || self.beginnings.of(&self.consumer, &all))
        else {
            return;
        };
        let mut list = TopicPartitionList::with_capacity(begins.len());
        let listed: KafkaResult<()> = begins.iter().try_for_each(|begin| {
            let offset = Offset::Offset(begin.from.test_offset);
            list.add_partition_offset(&self.topic, begin.partition, offset)
        });
        if let Err(error) = listed.and_then(|()| self.consumer.assign(&list)) {
            (self.parts.warn)(format!("the test topic cannot be read: {error}"));
        }
        self.start_shards(&begins);
    }

    /// Starts the shards of partitions that the group has given.
    fn begin(&self, assigned: &[i32]) {
        if let Some(begins) =
            self.until_answered("the committed offsets", || self.beginnings.of(&self.consumer, assigned))
        {
            self.start_shards(&begins);
        }
    }

    fn start_shards(&self, begins: &[Begin]) {
        let handovers = || self.beginnings.handovers(begins, || !self.is_stopping());
        let Some(handovers) = self.until_answered("the reports and checkpoints", handovers) else {
            return;
        };
        let tables = || self.beginnings.tables(begins, || !self.is_stopping());
        let Some(mut tables) = self.until_answered("the tables", tables) else { return };
        for begin in begins {
            self.parts.report_positions.advance(begin.partition, begin.reports_end);
        }
        for (partition, handover) in handovers {
            let Some(tables) = tables.remove(&partition) else { continue };
            self.parts.routes.insert(partition, (self.parts.start_shard)(partition, handover, tables));
        }
        let bus: Vec<_> = begins.iter().map(|begin| (begin.partition, begin.from.bus_offset)).collect();
        if let Err(error) = self.parts.bus.assign(&bus) {
            (self.parts.warn)(format!("the bus cannot be read: {error}"));
        }
        if let Some(keys) = &self.parts.keys {
            let from: Vec<_> =
                begins.iter().map(|begin| (begin.partition, begin.from.message_offset)).collect();
            if let Err(error) = keys.assign(&from) {
                (self.parts.warn)(format!("what other shards ask cannot be read: {error}"));
            }
        }
        let assigned: Vec<i32> = begins.iter().map(|begin| begin.partition).collect();
        tracing::info!(partitions = ?assigned, "partitions assigned");
        (self.parts.on_assigned)(&assigned);
    }

    /// Asks again until there is an answer, or the run ends.
    fn until_answered<T, E: Display>(&self, what: &str, ask: impl Fn() -> Result<T, E>) -> Option<T> {
        let began = Instant::now();
        let mut said = false;
        while !self.is_stopping() {
            match ask() {
                Ok(answer) => return Some(answer),
                // Where topics are new, or a leader changes, the first answers are often none.
                Err(error) if !said && began.elapsed() >= WORTH_SAYING => {
                    said = true;
                    tracing::warn!(%error, "asking for {what} fails; trying again");
                }
                Err(error) => tracing::debug!(%error, "asking for {what}"),
            }
            std::thread::sleep(RETRY);
        }
        None
    }
}

/// The consumer whose group a committer commits for. Weak: the consumer's own context leads to the committer.
pub(super) type GroupConsumer = OnceLock<Weak<BaseConsumer<IntakeContext>>>;
