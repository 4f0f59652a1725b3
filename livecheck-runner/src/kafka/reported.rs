//! What predecessors have reported: read back from the report topic when partitions come.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use livecheck_core::ExecutionKey;
use livecheck_core::context::kafka::extract;
use rdkafka::error::KafkaResult;
use rdkafka::{Message, Offset};

use super::read_back::ReadBack;

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

/// Reads the committed reports of those partitions, each from its offset on. Blocks, until `go_on` says no.
pub(super) fn read_back(
    reader: &ReadBack,
    topic: &str,
    from: &[(i32, Offset)],
    go_on: impl Fn() -> bool,
) -> KafkaResult<Executions> {
    let mut found = Executions::new();
    reader.read(topic, from, go_on, |message| {
        // Its headers say what it is about; its value need not be read.
        if let Some(test) = extract(message) {
            found.entry(message.partition()).or_default().insert(test.key().clone());
        }
    })?;
    Ok(found)
}
