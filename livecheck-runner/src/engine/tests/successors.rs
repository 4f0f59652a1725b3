//! Runners that die at any moment: whoever goes on from what they have committed loses and repeats nothing.

use livecheck_core::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::committed::Committed;
use super::harness::{Harness, ms};
use super::world::{Position, World, examples, plans};
use crate::engine::{CommitPoint, Limits};

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
    /// The partition goes to another runner, in order: all that was done is committed.
    HandOver,
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
        4 => Just(Move::HandOver),
        5 => Just(Move::Crash),
    ];
    proptest::collection::vec(one, 0..200)
}

/// The runners of one partition, one after the other.
struct Runners<'w> {
    world: &'w World,
    limits: Limits,
    committed: Committed,
    position: Position,
    run: Harness,
}

impl<'w> Runners<'w> {
    fn new(world: &'w World, limits: Limits) -> Self {
        let start = CommitPoint::START;
        let committed = Committed::new(start);
        Self { world, limits, committed, position: start.into(), run: world.harness(limits, start) }
    }

    fn make(&mut self, mv: Move) {
        match mv {
            Move::ReadTest => self.world.read_test(&mut self.run, &mut self.position),
            Move::ReadSignal => self.world.read_signal(&mut self.run, &mut self.position),
            Move::RunCase => drop(self.run.go_on()),
            Move::Wait(millis) => self.run.now = self.run.now + ms(millis),
            Move::Commit(most) => self.committed.commit(&mut self.run, most),
            Move::Delivered => self.run.shard.reports_written_to(self.committed.reports_end()),
            Move::HandOver => {
                self.committed.commit(&mut self.run, usize::MAX);
                self.succeed();
            }
            Move::Crash => self.succeed(),
        }
    }

    fn succeed(&mut self) {
        self.position = self.committed.point.into();
        self.run = self.world.harness(self.limits, self.committed.point);
        self.committed.hand_over(&mut self.run, self.world.end().test_offset);
    }

    /// Lets the last of them come to the end, and looks at what they have reported together.
    fn check(mut self) -> TestCaseResult {
        self.world.read_to_the_end(&mut self.run, &mut self.position);
        self.committed.commit(&mut self.run, usize::MAX);
        for (id, verdict) in self.world.verdicts() {
            prop_assert_eq!(self.committed.states(&id), vec![verdict], "execution {}", id);
        }
        self.run.shard.tests_end(0, Timestamp::MAX);
        self.committed.commit(&mut self.run, usize::MAX);
        prop_assert!(self.run.shard.holds_nothing(), "memory is freed");
        prop_assert!(self.committed.checkpoints.is_empty(), "left over: {:?}", self.committed.checkpoints);
        Ok(())
    }
}

fn limits() -> impl Strategy<Value = Limits> {
    proptest::option::of(0..50_u64)
        .prop_map(|save_after| Limits { save_after: save_after.map(ms), ..Limits::default() })
}

proptest! {
    #![proptest_config(examples(3_000))]

    #[test]
    fn nothing_is_lost_or_repeated_and_every_verdict_is_that_of_the_log(
        plans in plans(),
        moves in moves(),
        limits in limits(),
    ) {
        let world = World::new(plans);
        let mut runners = Runners::new(&world, limits);
        moves.into_iter().for_each(|mv| runners.make(mv));
        runners.check()?;
    }
}

proptest! {
    #![proptest_config(examples(50))]

    #[test]
    fn after_whichever_step_a_runner_dies_nothing_is_lost_or_repeated(
        plans in plans(),
        moves in moves(),
        limits in limits(),
    ) {
        let world = World::new(plans);
        for step in 0..=moves.len() {
            let mut runners = Runners::new(&world, limits);
            let (before, after) = moves.split_at(step);
            before.iter().for_each(|mv| runners.make(*mv));
            runners.make(Move::Crash);
            after.iter().for_each(|mv| runners.make(*mv));
            runners.check()?;
        }
    }
}
