//! What committed transactions leave, and who goes on from it.

use std::collections::BTreeMap;

use livecheck_core::ExecutionKey;
use livecheck_core::wire::{State, TestReport};

use super::harness::Harness;
use crate::engine::{Checkpoint, CheckpointChange, CheckpointKey, CommitPoint, Reported};

/// What the committed transactions of a partition have left.
pub(super) struct Committed {
    pub(super) point: CommitPoint,
    reports: Vec<TestReport>,
    pub(super) checkpoints: BTreeMap<CheckpointKey, Checkpoint>,
}

impl Committed {
    /// Nothing yet: whoever comes begins there.
    pub(super) fn new(point: CommitPoint) -> Self {
        Self { point, reports: Vec::new(), checkpoints: BTreeMap::new() }
    }

    /// One transaction, with that many checkpoints at most.
    pub(super) fn commit(&mut self, run: &mut Harness, most: usize) {
        self.reports.append(&mut run.reports);
        for change in run.shard.take_checkpoints(run.now, most) {
            match change {
                CheckpointChange::Saved(saved) => {
                    drop(self.checkpoints.insert(saved.key(run.partition), saved));
                }
                CheckpointChange::Removed(key) => drop(self.checkpoints.remove(&key)),
            }
        }
        self.point = run.shard.commit_point();
    }

    pub(super) fn reports_end(&self) -> i64 {
        i64::try_from(self.reports.len()).expect("a short log")
    }

    /// Lets a successor that has just been made from the commit point go on.
    pub(super) fn hand_over(&self, run: &mut Harness, tests_end: i64) {
        let from = usize::try_from(self.point.report_offset).expect("an offset");
        run.shard.already_reported(Reported {
            executions: self.reports[from..].iter().map(key).collect(),
            tests_end,
        });
        self.reports.iter().for_each(|report| run.shard.ended_lately(&key(report)));
        for checkpoint in self.checkpoints.values() {
            run.shard.restore(checkpoint.clone(), run.now);
        }
        run.settle();
    }

    /// The states of the reports on a test.
    pub(super) fn states(&self, id: &str) -> Vec<State> {
        let of_id = self.reports.iter().filter(|report| key(report).id.as_str() == id);
        of_id.map(|report| report.state).collect()
    }
}

fn key(report: &TestReport) -> ExecutionKey {
    report.test.as_ref().expect("a report on an execution").key()
}
