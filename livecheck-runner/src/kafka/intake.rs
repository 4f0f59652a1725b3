//! The thread that reads the test topic, and with it the life of the shard tasks: partitions come and go.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use livecheck_core::Timestamp;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::{Message, Offset, TopicPartitionList};
use tokio::sync::oneshot;

use super::bus::{BATCH, Bus, OnUnreadable, POLL, POLL_WHEN_BEHIND};
use super::commit_metadata::CommitMetadata;
use super::committer::CommitterHandle;
use super::connection::{BusContext, Connection, REQUEST_TIMEOUT, Sharing};
use super::decode;
use super::error::KafkaEdgeError;
use super::health::Health;
use super::reported::{self, Executions, ReportPositions};
use super::routes::{Feed, Routes, ShardInbox, TestInput, partitions};
use crate::engine::{CommitPoint, Reported};

/// How long a partition that is given back may take to have its last reports committed.
const HAND_OVER: Duration = Duration::from_secs(5);
/// The pause before a question that failed is asked again.
const RETRY: Duration = Duration::from_millis(200);

/// Starts a shard task for a partition, from there, where those executions have been reported before.
pub(crate) type StartShard = Arc<dyn Fn(i32, CommitPoint, Reported) -> ShardInbox + Send + Sync>;

/// Says something to the operator.
pub(crate) type Warn = Arc<dyn Fn(String) + Send + Sync>;

/// The consumer of the test topic, and the thread that polls it.
pub(crate) struct Intake {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What the intake is connected to.
#[derive(Clone)]
pub(crate) struct IntakeParts {
    pub(crate) routes: Routes,
    pub(crate) bus: Arc<Bus>,
    pub(crate) committer: CommitterHandle,
    pub(crate) report_positions: ReportPositions,
    pub(crate) start_shard: StartShard,
    pub(crate) on_unreadable: OnUnreadable,
    pub(crate) warn: Warn,
    /// Called when partitions have been assigned, and are being read.
    pub(crate) on_assigned: Arc<dyn Fn(&[i32]) + Send + Sync>,
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
        consumer.subscribe(&[&topic]).map_err(KafkaEdgeError::Client)?;
        parts.committer.commit_for(Arc::downgrade(&consumer));
        let stop = Arc::new(AtomicBool::new(false));
        let reader = Reader {
            consumer,
            feed: Feed::new(parts.routes.clone(), topic.clone()),
            topic,
            inquirer: connection.inquirer()?,
            report_topic: connection.topics.report_topic.clone(),
            sharing: sharing.clone(),
            parts,
            stop: Arc::clone(&stop),
        };
        let thread = std::thread::Builder::new()
            .name("livecheck-intake".to_owned())
            .spawn(move || reader.run())
            .expect("the system can start a thread");
        Ok(Self { stop, thread: Some(thread) })
    }

    /// Gives back every partition, with the last reports committed, and leaves the group. Blocks.
    pub(crate) fn stop(mut self) {
        self.join();
    }

    fn join(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        self.join();
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
}

impl ConsumerContext for IntakeContext {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(list) = rebalance {
            // Before it goes: what has been done is committed while it is still ours.
            let numbers = numbers(list);
            self.assigned().retain(|partition| !numbers.contains(partition));
            close(&self.parts, &numbers);
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

/// Ends the shard tasks of those partitions, and waits until what they have done is committed.
fn close(parts: &IntakeParts, numbers: &[i32]) {
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
    for wait in closing {
        // An error means that the task is gone already.
        let _ = wait.blocking_recv();
    }
    if !parts.committer.flush(numbers, HAND_OVER) {
        (parts.warn)(format!(
            "partitions {numbers:?} were given back before their last reports were committed: \
             their next runner executes those tests again"
        ));
    }
}

/// Where a partition is begun with, and where its topics ended at that moment.
struct Begin {
    partition: i32,
    from: CommitPoint,
    tests_end: i64,
    reports_end: i64,
}

struct Reader {
    consumer: Arc<BaseConsumer<IntakeContext>>,
    /// Asks for what the other consumers do not read: the reports.
    inquirer: BaseConsumer<BusContext>,
    report_topic: String,
    feed: Feed<TestInput>,
    topic: String,
    sharing: Sharing,
    parts: IntakeParts,
    stop: Arc<AtomicBool>,
}

impl Reader {
    fn run(mut self) {
        while !self.is_stopping() {
            self.read();
            self.feed.flush(&self.consumer);
        }
        close(&self.parts, &self.parts.routes.partitions());
        self.consumer.unsubscribe();
    }

    fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
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
                    let (input, unreadable) = decode::test(&message, Timestamp::now());
                    self.feed.push(message.partition(), input);
                    self.parts.health.seen();
                    unreadable.into_iter().for_each(|unreadable| (self.parts.on_unreadable)(unreadable));
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    self.parts.health.seen();
                    // What is being written at this moment may still carry an older time.
                    let at = Timestamp::now() - Duration::from_secs(60);
                    self.feed.push(partition, TestInput::End { at });
                }
                // librdkafka goes on by itself, and tells `Health` when no broker is left.
                Some(Err(error)) => tracing::debug!(%error, "reading the test topic"),
            }
        }
    }

    /// Starts the shards of partitions that have come.
    fn begin(&mut self, assigned: &[i32]) {
        let Some(begins) = self.until_answered("the committed offsets", || self.begins(assigned)) else {
            return;
        };
        let Some(mut reported) = self.until_answered("the reports", || self.read_back(&begins)) else {
            return;
        };
        for Begin { partition, from, tests_end, reports_end } in &begins {
            self.parts.report_positions.advance(*partition, *reports_end);
            let executions = reported.remove(partition).unwrap_or_default();
            let reported = Reported { executions, tests_end: *tests_end };
            let inbox = (self.parts.start_shard)(*partition, *from, reported);
            self.parts.routes.insert(*partition, inbox);
        }
        let bus: Vec<_> = begins.iter().map(|begin| (begin.partition, begin.from.bus_offset)).collect();
        if let Err(error) = self.parts.bus.assign(&bus) {
            (self.parts.warn)(format!("the bus cannot be read: {error}"));
        }
        tracing::info!(partitions = ?assigned, "partitions assigned");
        (self.parts.on_assigned)(assigned);
    }

    /// Where to begin with each of the partitions.
    fn begins(&self, assigned: &[i32]) -> KafkaResult<Vec<Begin>> {
        let list = partitions(&self.topic, assigned);
        let committed = self.consumer.committed_offsets(list, REQUEST_TIMEOUT)?;
        let committed: HashMap<i32, (Offset, String)> = committed
            .elements()
            .iter()
            .map(|element| (element.partition(), (element.offset(), element.metadata().to_owned())))
            .collect();
        assigned
            .iter()
            .map(|&partition| {
                let tests = self.consumer.fetch_watermarks(&self.topic, partition, REQUEST_TIMEOUT)?;
                let bus = self.parts.bus.watermarks(partition)?;
                let reports =
                    self.inquirer.fetch_watermarks(&self.report_topic, partition, REQUEST_TIMEOUT)?;
                let from = self.commit_point(partition, committed.get(&partition), tests, bus, reports);
                Ok(Begin { partition, from, tests_end: tests.1, reports_end: reports.1 })
            })
            .collect()
    }

    /// What predecessors have reported of the tests that will be read again.
    fn read_back(&self, begins: &[Begin]) -> KafkaResult<Executions> {
        let again: Vec<_> = begins
            .iter()
            .filter(|begin| begin.from.test_offset < begin.tests_end && self.sharing.is_shared())
            .map(|begin| (begin.partition, begin.from.report_offset))
            .collect();
        if again.is_empty() {
            return Ok(Executions::new());
        }
        reported::read_back(&self.inquirer, &self.report_topic, &again, || !self.is_stopping())
    }

    /// Where to begin with a partition, by what was committed and what is there, as first and next offset.
    fn commit_point(
        &self,
        partition: i32,
        committed: Option<&(Offset, String)>,
        (first_test, next_test): (i64, i64),
        (first_signal, next_signal): (i64, i64),
        (first_report, next_report): (i64, i64),
    ) -> CommitPoint {
        let Some((Offset::Offset(test_offset), metadata)) = committed else {
            return if self.sharing.is_shared() {
                CommitPoint { test_offset: first_test, bus_offset: first_signal, report_offset: first_report }
            } else {
                CommitPoint { test_offset: next_test, bus_offset: next_signal, report_offset: next_report }
            };
        };
        if *test_offset < first_test {
            (self.parts.warn)(format!(
                "partition {partition} of `{}` begins at offset {first_test}, and the group `{}` had come to \
                 {test_offset}: {} triggers were removed by the topic's retention before they were executed. \
                 Let retention.ms be longer than every test_expires and than any outage",
                self.topic,
                self.sharing.group(),
                first_test - test_offset
            ));
        }
        let CommitMetadata { bus_offset, report_offset } = metadata.parse().unwrap_or_else(|error| {
            tracing::warn!(%error, partition, "the bus and the reports are read from their beginning");
            CommitMetadata { bus_offset: first_signal, report_offset: first_report }
        });
        if bus_offset < first_signal {
            (self.parts.warn)(format!(
                "partition {partition} of the bus begins at offset {first_signal}, and tests in flight need it \
                 from {bus_offset}: {} signals were removed by the topic's retention, and their tests may time \
                 out. Let retention.ms be longer than every test_expires and than any outage",
                first_signal - bus_offset
            ));
        }
        CommitPoint {
            test_offset: *test_offset,
            bus_offset: bus_offset.clamp(first_signal, next_signal),
            report_offset: report_offset.clamp(first_report, next_report),
        }
    }

    /// Asks again until there is an answer, or the run ends.
    fn until_answered<T>(&self, what: &str, ask: impl Fn() -> KafkaResult<T>) -> Option<T> {
        let mut said = false;
        while !self.is_stopping() {
            match ask() {
                Ok(answer) => return Some(answer),
                Err(error) if said => tracing::debug!(%error, "asking for {what}"),
                Err(error) => {
                    said = true;
                    tracing::warn!(%error, "asking for {what} failed; trying again");
                }
            }
            std::thread::sleep(RETRY);
        }
        None
    }
}

/// The consumer whose group a committer commits for. Weak: the consumer's own context leads to the committer.
pub(super) type GroupConsumer = OnceLock<Weak<BaseConsumer<IntakeContext>>>;
