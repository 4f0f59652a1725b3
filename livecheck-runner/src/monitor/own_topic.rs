//! The monitor's own topic, read from its beginning and then followed.

use std::time::{Duration, Instant};

use livecheck_core::Timestamp;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::BorrowedMessage;
use rdkafka::{Message, Offset, TopicPartitionList};

use super::membership::PARTITION;
use super::record::Key;
use crate::kafka::{BusContext, Connection, KafkaEdgeError};

/// How long a read waits for a record.
const POLL: Duration = Duration::from_millis(100);
/// How many records are read in one go.
const BATCH: usize = 1_000;

/// A record of the group.
pub(crate) struct OwnRecord {
    pub(crate) key: Key,
    pub(crate) at: Timestamp,
    /// None in a tombstone.
    pub(crate) value: Option<Vec<u8>>,
}

/// The monitor's own topic, as far as it is about one group.
pub(crate) struct OwnTopic {
    consumer: BaseConsumer<BusContext>,
    group: String,
}

impl OwnTopic {
    /// From its beginning.
    pub(crate) fn open(connection: &Connection, group: &str) -> Result<Self, KafkaEdgeError> {
        let consumer = connection.inquirer()?;
        let mut list = TopicPartitionList::new();
        let listed =
            list.add_partition_offset(&connection.topics.monitor_topic, PARTITION, Offset::Beginning);
        listed.and_then(|()| consumer.assign(&list)).map_err(KafkaEdgeError::Client)?;
        Ok(Self { consumer, group: group.to_owned() })
    }

    /// Gives each record up to the end to `take`; says whether the end was reached before `go_on` said no.
    /// Blocks.
    pub(crate) fn read_to_end(&self, go_on: impl Fn() -> bool, mut take: impl FnMut(OwnRecord)) -> bool {
        while go_on() {
            match self.consumer.poll(POLL) {
                None => {}
                Some(Ok(message)) => self.record(&message).into_iter().for_each(&mut take),
                Some(Err(KafkaError::PartitionEOF(_))) => return true,
                // librdkafka goes on by itself.
                Some(Err(error)) => tracing::debug!(%error, "reading the monitor's topic"),
            }
        }
        false
    }

    /// The same, where that should not take longer than this.
    pub(crate) fn read_to_end_within(&self, patience: Duration, take: impl FnMut(OwnRecord)) -> bool {
        let deadline = Instant::now() + patience;
        self.read_to_end(|| Instant::now() < deadline, take)
    }

    /// What has come since. Does not block.
    pub(crate) fn news(&self) -> Vec<OwnRecord> {
        let polls = std::iter::from_fn(|| self.consumer.poll(Duration::ZERO)).take(BATCH);
        polls.filter_map(KafkaResult::ok).filter_map(|message| self.record(&message)).collect()
    }

    fn record(&self, message: &BorrowedMessage<'_>) -> Option<OwnRecord> {
        let key = Key::decode(&self.group, message.key())?;
        let at = Timestamp::from_millis(message.timestamp().to_millis()?);
        Some(OwnRecord { key, at, value: message.payload().map(<[u8]>::to_vec) })
    }
}
