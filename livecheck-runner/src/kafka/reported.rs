//! What predecessors have reported: read back from the report topic when partitions come.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use livecheck_core::ExecutionKey;
use livecheck_core::context::kafka::extract;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::{Message, Offset, TopicPartitionList};

use super::bus::POLL;
use super::connection::BusContext;

/// How far the reports of each partition have been written, for the shards.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReportPositions(Arc<Mutex<HashMap<i32, i64>>>);

impl ReportPositions {
    /// The offset behind the last report known to be written.
    pub(crate) fn get(&self, partition: i32) -> Option<i64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&partition).copied()
    }

    /// A report was written, or read, at that offset.
    pub(super) fn advance(&self, partition: i32, next: i64) {
        let mut positions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let position = positions.entry(partition).or_default();
        *position = next.max(*position);
    }
}

/// The executions that have reports, by partition.
pub(super) type Executions = HashMap<i32, HashSet<ExecutionKey>>;

/// Reads the committed reports of those partitions, each from its offset to its end.
///
/// The end is where the consumer says so, and not where the offsets end: behind the last report stand the
/// control records of its transaction. Blocks, until `go_on` says no.
pub(super) fn read_back(
    consumer: &BaseConsumer<BusContext>,
    topic: &str,
    from: &[(i32, i64)],
    go_on: impl Fn() -> bool,
) -> KafkaResult<Executions> {
    let mut list = TopicPartitionList::with_capacity(from.len());
    for (partition, offset) in from {
        list.add_partition_offset(topic, *partition, Offset::Offset(*offset))?;
    }
    consumer.assign(&list)?;
    let mut open: HashSet<i32> = from.iter().map(|(partition, _)| *partition).collect();
    let mut found = Executions::new();
    while !open.is_empty() && go_on() {
        match consumer.poll(POLL) {
            None => {}
            Some(Ok(message)) => {
                // Its headers say what it is about; its value need not be read.
                if let Some(test) = extract(&message) {
                    found.entry(message.partition()).or_default().insert(test.key().clone());
                }
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => drop(open.remove(&partition)),
            // librdkafka goes on by itself.
            Some(Err(error)) => tracing::debug!(%error, "reading the reports"),
        }
    }
    consumer.unassign()?;
    Ok(found)
}
