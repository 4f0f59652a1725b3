//! Reading partitions from an offset to their end, once: what predecessors have left there.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::BorrowedMessage;
use rdkafka::{Offset, TopicPartitionList};

use super::by_hand::POLL;
use super::connection::{BusContext, Connection, REQUEST_TIMEOUT};
use super::error::KafkaEdgeError;

/// The pause before it is asked again whether a transaction has ended.
const PAUSE: Duration = Duration::from_millis(20);
/// For how long transactions may be open before that is said.
const WORTH_SAYING: Duration = Duration::from_secs(5);

/// Reads partitions to their end.
pub(super) struct ReadBack {
    /// Sees what is committed.
    committed: BaseConsumer<BusContext>,
    /// Sees where the partitions end, open transactions and all.
    raw: BaseConsumer<BusContext>,
}

impl ReadBack {
    pub(super) fn new(connection: &Connection) -> Result<Self, KafkaEdgeError> {
        Ok(Self { committed: connection.reader_to_the_end()?, raw: connection.raw_inquirer()? })
    }

    /// The client that sees what is committed, to ask other things with.
    pub(super) fn client(&self) -> &BaseConsumer<BusContext> {
        &self.committed
    }

    /// Calls `see` with each committed record of those partitions, each from its offset to its end.
    ///
    /// A runner that has just died, or handed over, may have left a transaction behind that is being committed
    /// or aborted at this moment: that is waited for. The end is where the consumer then says so, and not where
    /// the offsets end: behind the last record stand the control records of its transaction. Blocks.
    ///
    /// # Errors
    ///
    /// What librdkafka says; [`KafkaError::Canceled`] once `go_on` says no.
    pub(super) fn read(
        &self,
        topic: &str,
        from: &[(i32, Offset)],
        go_on: impl Fn() -> bool,
        mut see: impl FnMut(&BorrowedMessage<'_>),
    ) -> KafkaResult<()> {
        for (partition, _) in from {
            self.until_decided(topic, *partition, &go_on)?;
        }
        let mut list = TopicPartitionList::with_capacity(from.len());
        for (partition, offset) in from {
            list.add_partition_offset(topic, *partition, *offset)?;
        }
        self.committed.assign(&list)?;
        let mut open: HashSet<i32> = from.iter().map(|(partition, _)| *partition).collect();
        while !open.is_empty() {
            if !go_on() {
                return Err(KafkaError::Canceled);
            }
            match self.committed.poll(POLL) {
                None => {}
                Some(Ok(message)) => see(&message),
                Some(Err(KafkaError::PartitionEOF(partition))) => drop(open.remove(&partition)),
                // librdkafka goes on by itself.
                Some(Err(error)) => tracing::debug!(%error, topic, "reading back"),
            }
        }
        self.committed.unassign()
    }

    /// Waits until what stands in the partition now is either committed or aborted.
    fn until_decided(&self, topic: &str, partition: i32, go_on: &impl Fn() -> bool) -> KafkaResult<()> {
        let (_, end) = self.raw.fetch_watermarks(topic, partition, REQUEST_TIMEOUT)?;
        let (began, mut said) = (Instant::now(), false);
        loop {
            let (_, decided) = self.committed.fetch_watermarks(topic, partition, REQUEST_TIMEOUT)?;
            if decided >= end {
                return Ok(());
            }
            if !go_on() {
                return Err(KafkaError::Canceled);
            }
            if !said && began.elapsed() >= WORTH_SAYING {
                said = true;
                tracing::warn!(
                    topic,
                    partition,
                    "a transaction of another runner is open: waiting until it is committed, or times out"
                );
            }
            std::thread::sleep(PAUSE);
        }
    }
}
