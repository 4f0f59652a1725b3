//! Runners that die at any moment: whoever goes on from what they have committed loses and repeats nothing.

use std::collections::BTreeMap;

use livecheck_core::wire::{State, TestReport};
use livecheck_core::{ExecutionKey, Timestamp};
use proptest::prelude::*;

use super::harness::{Harness, ms};
use super::world::{Position, World, plans};
use crate::engine::{Checkpoint, CheckpointChange, CheckpointKey, CommitPoint, Limits, Reported};

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Move {
    ReadTest,
    ReadSignal,
    RunCase,
    /// Time passes, in milliseconds.
    Wait(u64),
    /// A transaction commits what has been done, with as many checkpoints at most.
    Commit(usize),
    /// The shard learns how far its reports have been written.
    Delivered,
    /// The runner dies: what it has not committed has not happened.
    Crash,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        20 => Just(Move::ReadTest),
        40 => Just(Move::ReadSignal),
        40 => Just(Move::RunCase),
        10 => (1..30_u64).prop_map(Move::Wait),
        15 => (0..4_usize).prop_map(Move::Commit),
        10 => Just(Move::Delivered),
        5 => Just(Move::Crash),
    ];
    proptest::collection::vec(one, 0..200)
}

/// What the committed transactions have left.
struct Committed {
    point: CommitPoint,
    reports: Vec<TestReport>,
    checkpoints: BTreeMap<CheckpointKey, Checkpoint>,
}

impl Committed {
    /// One transaction.
    fn commit(&mut self, run: &mut Harness, most: usize) {
        self.reports.append(&mut run.reports);
        for change in run.shard.take_checkpoints(run.now, most) {
            match change {
                CheckpointChange::Saved(saved) => drop(self.checkpoints.insert(saved.key(), saved)),
                CheckpointChange::Removed(key) => drop(self.checkpoints.remove(&key)),
            }
        }
        self.point = run.shard.commit_point();
    }

    fn reports_end(&self) -> i64 {
        i64::try_from(self.reports.len()).expect("a short log")
    }

    /// Whoever goes on.
    fn successor(&self, world: &World, limits: Limits) -> Harness {
        let mut run = world.harness(limits, self.point);
        let from = usize::try_from(self.point.report_offset).expect("an offset");
        run.shard.already_reported(Reported {
            executions: self.reports[from..].iter().map(key).collect(),
            tests_end: world.end().test_offset,
        });
        for checkpoint in self.checkpoints.values() {
            run.shard.restore(checkpoint.clone(), run.now);
        }
        run.settle();
        run
    }

    fn states(&self, id: &str) -> Vec<State> {
        let of_id = self.reports.iter().filter(|report| key(report).id.as_str() == id);
        of_id.map(|report| report.state).collect()
    }
}

fn key(report: &TestReport) -> ExecutionKey {
    report.test.as_ref().expect("a report on an execution").key()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_or_repeated_and_every_verdict_is_that_of_the_log(
        plans in plans(),
        moves in moves(),
        save_after in proptest::option::of(0..50_u64),
    ) {
        let world = World::new(plans);
        let limits = Limits { save_after: save_after.map(ms), ..Limits::default() };
        let mut committed = Committed {
            point: CommitPoint::START,
            reports: Vec::new(),
            checkpoints: BTreeMap::new(),
        };
        let mut position = Position::from(committed.point);
        let mut run = world.harness(limits, committed.point);
        for mv in moves {
            match mv {
                Move::ReadTest => world.read_test(&mut run, &mut position),
                Move::ReadSignal => world.read_signal(&mut run, &mut position),
                Move::RunCase => drop(run.go_on()),
                Move::Wait(millis) => run.now = run.now + ms(millis),
                Move::Commit(most) => committed.commit(&mut run, most),
                Move::Delivered => run.shard.reports_written_to(committed.reports_end()),
                Move::Crash => {
                    position = committed.point.into();
                    run = committed.successor(&world, limits);
                }
            }
        }
        world.read_to_the_end(&mut run, &mut position);
        committed.commit(&mut run, usize::MAX);
        for (id, verdict) in world.verdicts() {
            prop_assert_eq!(committed.states(&id), vec![verdict], "execution {}", id);
        }
        run.shard.all_tests_read(Timestamp::MAX);
        committed.commit(&mut run, usize::MAX);
        prop_assert!(run.shard.holds_nothing(), "memory is freed");
        prop_assert!(committed.checkpoints.is_empty(), "left over: {:?}", committed.checkpoints);
    }
}
