//! A thread that reads partitions which are assigned by hand, and not by a group.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::BorrowedMessage;
use rdkafka::{Message, Offset, TopicPartitionList};

use super::connection::{BusContext, Connection, REQUEST_TIMEOUT};
use super::decode::Unreadable;
use super::error::KafkaEdgeError;
use super::health::Health;
use super::routes::{Feed, Input, Routes, partitions};
use crate::worker::{StopFlag, Worker};

/// How many records are read before they are handed on.
pub(super) const BATCH: usize = 1_000;
/// How long a reading thread waits for a record.
pub(super) const POLL: Duration = Duration::from_millis(100);
/// How long it waits while a shard task is behind.
pub(super) const POLL_WHEN_BEHIND: Duration = Duration::from_millis(2);

/// How often brokers that seem to be away are asked, and how long they may take to answer.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// What a reading thread does with a record that cannot be read.
pub(crate) type OnUnreadable = Arc<dyn Fn(Unreadable) + Send + Sync>;

/// Something that is read from partitions assigned by hand.
pub(super) trait ByHandInput: Input + Send + 'static {
    /// The name of the thread.
    const THREAD: &'static str;

    /// Reads a record.
    fn read(message: &BorrowedMessage<'_>) -> (Self, Option<Unreadable>);

    /// What says that the end was reached, if that matters.
    fn end() -> Option<Self>;
}

/// A consumer of one topic, and the thread that polls it. (One topic each: librdkafka's Rust binding says of which
/// partition the end was reached, and not of which topic.)
pub(crate) struct ByHand {
    consumer: Arc<BaseConsumer<BusContext>>,
    topic: String,
    /// Ends with this.
    _thread: Worker,
}

impl ByHand {
    pub(super) fn start<I: ByHandInput>(
        topic: String,
        connection: &Connection,
        routes: Routes,
        health: &Health,
        on_unreadable: OnUnreadable,
    ) -> Result<Arc<Self>, KafkaEdgeError> {
        let consumer = Arc::new(connection.bus_consumer(health.clone())?);
        let reader = Reader {
            consumer: Arc::clone(&consumer),
            feed: Feed::<I>::new(routes, topic.clone()),
            health: health.clone(),
            asked: None,
            on_unreadable,
        };
        let thread = Worker::start(I::THREAD, move |stop| reader.run(&stop));
        Ok(Arc::new(Self { consumer, topic, _thread: thread }))
    }

    /// Reads these partitions too, each from that offset.
    pub(super) fn assign(&self, from: &[(i32, i64)]) -> KafkaResult<()> {
        let mut list = TopicPartitionList::with_capacity(from.len());
        for (partition, offset) in from {
            list.add_partition_offset(&self.topic, *partition, Offset::Offset(*offset))?;
        }
        self.consumer.incremental_assign(&list)
    }

    /// Reads these partitions no longer.
    pub(super) fn unassign(&self, numbers: &[i32]) {
        if let Err(error) = self.consumer.incremental_unassign(&partitions(&self.topic, numbers)) {
            tracing::debug!(%error, ?numbers, "partitions were not assigned");
        }
    }

    /// The first and the next offset of a partition, as the brokers have it now; what a sender's
    /// open transaction holds back does not count. Blocks.
    pub(crate) fn watermarks(&self, partition: i32) -> KafkaResult<(i64, i64)> {
        self.watermarks_of(&self.topic, partition)
    }

    /// The same of another topic.
    pub(crate) fn watermarks_of(&self, topic: &str, partition: i32) -> KafkaResult<(i64, i64)> {
        self.consumer.fetch_watermarks(topic, partition, REQUEST_TIMEOUT)
    }
}

struct Reader<I> {
    consumer: Arc<BaseConsumer<BusContext>>,
    feed: Feed<I>,
    health: Health,
    /// When the brokers were last asked whether they are there.
    asked: Option<Instant>,
    on_unreadable: OnUnreadable,
}

impl<I: ByHandInput> Reader<I> {
    fn run(mut self, stop: &StopFlag) {
        while !stop.is_set() {
            let mut patience = if self.feed.is_behind() { POLL_WHEN_BEHIND } else { POLL };
            for _ in 0..BATCH {
                if self.feed.has_batch() {
                    break;
                }
                let Some(polled) = self.consumer.poll(patience) else { break };
                patience = Duration::ZERO;
                match polled {
                    Ok(message) => {
                        let (input, unreadable) = I::read(&message);
                        let partition = message.partition();
                        self.feed.push(partition, input, message.payload_len());
                        unreadable.into_iter().for_each(|unreadable| (self.on_unreadable)(unreadable));
                    }
                    Err(KafkaError::PartitionEOF(partition)) => {
                        I::end().into_iter().for_each(|end| self.feed.push(partition, end, 0));
                    }
                    // librdkafka goes on by itself, and tells `Health` when no broker is left.
                    Err(error) => tracing::debug!(%error, topic = self.feed.topic(), "reading"),
                }
            }
            self.feed.flush(&self.consumer);
            self.ask_if_in_doubt();
        }
    }

    /// Finds out whether the brokers are there, where a client has said that its are not.
    fn ask_if_in_doubt(&mut self) {
        let not_lately = self.asked.is_none_or(|asked| asked.elapsed() >= ASK_EVERY);
        if not_lately && self.health.is_in_doubt() {
            let topic = self.feed.topic();
            let is_answered = self.consumer.fetch_metadata(Some(topic), ASK_EVERY).is_ok();
            self.health.asked(is_answered);
            self.asked = Some(Instant::now());
        }
    }
}
