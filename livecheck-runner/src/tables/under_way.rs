//! The tables of the executions that are under way in a partition, from their start to what they have changed.

use std::collections::HashMap;
use std::sync::Arc;

use livecheck_core::table::ExecutionTables;
use livecheck_core::{Case, Timestamp};

use super::partition::PartitionTables;
use super::writes::TableWrites;
use crate::engine::{Ending, Handle};
use crate::execute::caught_in_place;

/// What a shard task has of tables.
pub(crate) struct UnderWay {
    /// The tables of the partition.
    tables: Arc<PartitionTables>,
    /// Of the executions whose cases have tables.
    executions: HashMap<Handle, (&'static Case, Arc<ExecutionTables>)>,
    /// What has been changed, and the committer has not been told.
    writes: TableWrites,
}

impl UnderWay {
    pub(crate) fn new(tables: Arc<PartitionTables>) -> Self {
        Self { tables, executions: HashMap::new(), writes: TableWrites::default() }
    }

    /// An execution starts, at that log time. Gives its tables, where the case has any.
    pub(crate) fn start(
        &mut self,
        execution: Handle,
        case: &'static Case,
        time: Timestamp,
    ) -> Option<Arc<ExecutionTables>> {
        if case.tables.is_empty() {
            return None;
        }
        let of_execution = Arc::new(ExecutionTables::new(case.tables, time, self.tables.of_case(case.name)));
        self.executions.insert(execution, (case, Arc::clone(&of_execution)));
        Some(of_execution)
    }

    /// An execution has ended: what it has changed is applied, and seen by those that read from here on. Gives how it
    /// ended after all: where a change fails with what its row has by now, the execution does.
    pub(crate) fn end(&mut self, execution: Handle, ending: Ending) -> Ending {
        let Some((case, of_execution)) = self.executions.remove(&execution) else { return ending };
        let changes = of_execution.take_changes();
        if changes.is_empty() || ending.is_skip() {
            return ending;
        }
        let failed = match caught_in_place(|| self.tables.apply(case.name, &changes)) {
            Ok(Ok(writes)) => {
                self.writes.append(writes);
                return ending;
            }
            Ok(Err(error)) => Ending::Returned(error.into()),
            Err(panic) => Ending::Panicked(panic),
        };
        match ending {
            Ending::Passed => failed,
            // It has something to say of its own.
            Ending::Returned(_) | Ending::Panicked(_) | Ending::TriedAgain { .. } => {
                tracing::warn!(
                    case = case.name,
                    ?failed,
                    "what an execution changed in tables cannot be applied"
                );
                ending
            }
        }
    }

    /// An execution is ended from outside: what it has changed so far is applied.
    pub(crate) fn cut_off(&mut self, execution: Handle) {
        if let Ending::Returned(error) = self.end(execution, Ending::Passed) {
            tracing::warn!(%error, "what an execution changed in tables before it was cut off cannot be applied");
        }
    }

    /// The bytes of what has been changed and is not yet both committed and on disk, roughly.
    pub(crate) fn held_bytes(&self) -> usize {
        self.tables.held_bytes()
    }

    /// Waits until that is less.
    pub(crate) async fn freed(&self) {
        self.tables.freed().await;
    }

    /// What has been changed since this was last asked.
    pub(crate) fn take_writes(&mut self) -> TableWrites {
        std::mem::take(&mut self.writes)
    }

    /// Whether something has.
    pub(crate) fn has_writes(&self) -> bool {
        !self.writes.is_empty()
    }
}
