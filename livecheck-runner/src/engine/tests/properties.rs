//! Whatever is written, and however it is read: every verdict is the one that the log alone determines.

use livecheck_core::Timestamp;
use proptest::prelude::*;

use super::world::{Position, World, examples, plans};
use crate::engine::{CommitPoint, Limits};

/// What happens next while the topics are read.
#[derive(Clone, Copy, Debug)]
enum Move {
    ReadTest,
    ReadSignal,
    RunCase,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![1 => Just(Move::ReadTest), 2 => Just(Move::ReadSignal), 2 => Just(Move::RunCase)];
    proptest::collection::vec(one, 0..150)
}

proptest! {
    #![proptest_config(examples(2_000))]

    #[test]
    fn every_execution_has_one_report_and_the_verdict_of_the_log(plans in plans(), moves in moves()) {
        let world = World::new(plans);
        let mut position = Position::from(CommitPoint::START);
        let mut run = world.harness(Limits::default(), CommitPoint::START);
        for mv in moves {
            match mv {
                Move::ReadTest => world.read_test(&mut run, &mut position),
                Move::ReadSignal => world.read_signal(&mut run, &mut position),
                Move::RunCase => drop(run.go_on()),
            }
        }
        world.read_to_the_end(&mut run, &mut position);
        for (id, verdict) in world.verdicts() {
            prop_assert_eq!(run.states(&id), vec![verdict], "execution {}", id);
        }
        run.shard.tests_end(0, Timestamp::MAX);
        prop_assert!(run.shard.holds_nothing(), "memory is freed");
        prop_assert_eq!(run.shard.commit_point(), world.end());
    }
}
