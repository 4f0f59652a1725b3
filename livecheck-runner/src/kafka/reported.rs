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

/// Where the reports of a partition are read back from.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadFrom {
    pub(super) partition: i32,
    /// The first report of an execution that has ended lately.
    pub(super) recent: i64,
    /// The first report that may be of a test that is read again.
    pub(super) again: i64,
}

/// The executions that have reports.
#[derive(Debug, Default)]
pub(super) struct ReadBackReports {
    /// Those whose tests may be read again.
    pub(super) again: HashSet<ExecutionKey>,
    /// Those that have ended lately, the oldest first.
    pub(super) recent: Vec<ExecutionKey>,
}

/// Reads the committed reports of those partitions. Blocks, until `go_on` says no.
pub(super) fn read_back(
    reader: &ReadBack,
    topic: &str,
    from: &[ReadFrom],
    go_on: impl Fn() -> bool,
) -> KafkaResult<HashMap<i32, ReadBackReports>> {
    let by_partition: HashMap<_, _> = from.iter().map(|from| (from.partition, *from)).collect();
    let offsets: Vec<_> =
        from.iter().map(|from| (from.partition, Offset::Offset(from.recent.min(from.again)))).collect();
    let mut found: HashMap<i32, ReadBackReports> = HashMap::new();
    reader.read(topic, &offsets, go_on, |message| {
        // Its headers say what it is about; its value need not be read.
        let (Some(from), Some(test)) = (by_partition.get(&message.partition()), extract(message)) else {
            return;
        };
        let of_partition = found.entry(from.partition).or_default();
        if message.offset() >= from.again {
            of_partition.again.insert(test.key().clone());
        }
        if message.offset() >= from.recent {
            of_partition.recent.push(test.key().clone());
        }
    })?;
    Ok(found)
}
