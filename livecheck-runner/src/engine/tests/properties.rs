//! Whatever is written, and however it is read: every verdict is the one that the log alone determines.

use std::time::Duration;

use livecheck_core::wire::{State, TestReport};
use livecheck_core::{ExecutionKey, Settings, Timestamp};
use proptest::prelude::*;

use super::harness::{Harness, SIGNALS, Step, at, ms, signal, test};
use crate::engine::{CommitPoint, Limits, Reported};

const LIFETIME: Duration = Duration::from_millis(400);

/// What one execution does, and what is sent for it.
#[derive(Clone, Debug)]
struct Plan {
    triggered: u64,
    waits: Vec<(usize, Option<u64>)>,
    sent: Vec<(usize, u64, bool)>,
}

/// Everything that stands on the topics, in the order of the log.
struct World {
    tests: Vec<(u64, usize)>,
    signals: Vec<(u64, usize, usize, bool)>,
}

fn plan() -> impl Strategy<Value = Plan> {
    let wait = (0..SIGNALS.len(), proptest::option::of(1..200_u64));
    let sent = (0..SIGNALS.len(), 0..700_u64, any::<bool>());
    (0..300_u64, proptest::collection::vec(wait, 0..4), proptest::collection::vec(sent, 0..6))
        .prop_map(|(triggered, waits, sent)| Plan { triggered, waits, sent })
}

fn id(execution: usize) -> String {
    format!("t-{execution}")
}

fn world(plans: &[Plan]) -> World {
    let mut tests: Vec<_> = plans.iter().enumerate().map(|(i, plan)| (plan.triggered, i)).collect();
    tests.sort_unstable();
    let mut signals: Vec<_> = plans
        .iter()
        .enumerate()
        .flat_map(|(i, plan)| {
            plan.sent.iter().map(move |&(signal, time, headers)| (time, i, signal, headers))
        })
        .collect();
    signals.sort_unstable();
    World { tests, signals }
}

/// The verdict that the log determines: each wait takes the first event of its signal that no wait before it
/// took, if that event came by the wait's deadline.
fn verdict(plan: &Plan, execution: usize, world: &World) -> State {
    let (start, mut clock) = (plan.triggered, plan.triggered);
    let expires = start + u64::try_from(LIFETIME.as_millis()).expect("a short time");
    let mut taken = [0; SIGNALS.len()];
    for &(wanted, timeout) in &plan.waits {
        let deadline = timeout.map_or(expires, |timeout| (clock + timeout).min(expires));
        let mut events =
            world.signals.iter().filter(|(_, of, signal, _)| (*of, *signal) == (execution, wanted));
        match events.nth(taken[wanted]) {
            Some(&(time, ..)) if time <= deadline => clock = clock.max(time),
            _ => return State::Timeout,
        }
        taken[wanted] += 1;
    }
    State::Pass
}

fn harness(plans: &[Plan], from: CommitPoint) -> Harness {
    let mut harness = Harness::with(Settings::new(), Limits::default(), from);
    harness.eager = false;
    for (i, plan) in plans.iter().enumerate() {
        let steps: Vec<_> = plan.waits.iter().map(|&(s, timeout)| Step::Wait(s, timeout.map(ms))).collect();
        harness.script(&id(i), &steps);
    }
    harness
}

/// What happens next while the topics are read.
#[derive(Clone, Copy, Debug)]
enum Move {
    ReadTest,
    ReadSignal,
    RunCase,
    /// The shard learns how far its reports have been written.
    Commit,
    Crash,
}

fn key(report: &TestReport) -> ExecutionKey {
    report.test.as_ref().expect("a report on an execution").key()
}

fn read_next(harness: &mut Harness, plans: &[Plan], world: &World, position: &mut CommitPoint, mv: Move) {
    let triggered = |i: usize| at(plans[i].triggered);
    match mv {
        Move::ReadTest => {
            let offset = position.test_offset;
            if let Some(&(time, i)) = world.tests.get(usize::try_from(offset).expect("an offset")) {
                harness.test(offset, at(time), test(&id(i), triggered(i), LIFETIME));
                position.test_offset += 1;
            }
        }
        Move::ReadSignal => {
            let offset = position.bus_offset;
            if let Some(&(time, i, s, headers)) =
                world.signals.get(usize::try_from(offset).expect("an offset"))
            {
                let context = headers.then(|| (triggered(i), LIFETIME));
                harness.signal(offset, at(time), signal(&id(i), SIGNALS[s], context));
                position.bus_offset += 1;
            }
        }
        Move::RunCase => drop(harness.go_on()),
        Move::Commit | Move::Crash => {}
    }
}

fn read_to_the_end(harness: &mut Harness, plans: &[Plan], world: &World, position: &mut CommitPoint) {
    for _ in &world.tests {
        read_next(harness, plans, world, position, Move::ReadTest);
    }
    for _ in &world.signals {
        read_next(harness, plans, world, position, Move::ReadSignal);
    }
    harness.eager = true;
    harness.settle();
    let end = i64::try_from(world.signals.len()).expect("a short log");
    harness.silence(at(10_000), end);
}

fn moves(crash: u32) -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        10 => Just(Move::ReadTest),
        20 => Just(Move::ReadSignal),
        20 => Just(Move::RunCase),
        5 => Just(Move::Commit),
        crash => Just(Move::Crash),
    ];
    proptest::collection::vec(one, 0..150)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn every_execution_has_one_report_and_the_verdict_of_the_log(
        plans in proptest::collection::vec(plan(), 1..8),
        moves in moves(0),
    ) {
        let world = world(&plans);
        let mut position = CommitPoint::START;
        let mut harness = harness(&plans, position);
        for mv in moves {
            read_next(&mut harness, &plans, &world, &mut position, mv);
        }
        read_to_the_end(&mut harness, &plans, &world, &mut position);
        for (i, plan) in plans.iter().enumerate() {
            prop_assert_eq!(harness.states(&id(i)), vec![verdict(plan, i, &world)], "execution {}", i);
        }
        harness.shard.all_tests_read(Timestamp::MAX);
        prop_assert!(harness.shard.holds_nothing(), "memory is freed");
        let end = CommitPoint {
            test_offset: i64::try_from(world.tests.len()).expect("a short log"),
            bus_offset: i64::try_from(world.signals.len()).expect("a short log"),
            report_offset: 0,
        };
        prop_assert_eq!(harness.shard.commit_point(), end);
    }

    #[test]
    fn a_successor_that_reads_from_the_commit_point_and_the_reports_loses_and_repeats_nothing(
        plans in proptest::collection::vec(plan(), 1..8),
        moves in moves(2),
    ) {
        let world = world(&plans);
        let mut position = CommitPoint::START;
        let mut run = harness(&plans, position);
        let mut reports = Vec::new();
        for mv in moves {
            if matches!(mv, Move::Crash) {
                position = run.shard.commit_point();
                reports.append(&mut run.reports);
                run = harness(&plans, position);
                let from = usize::try_from(position.report_offset).expect("an offset");
                run.shard.already_reported(Reported {
                    executions: reports[from..].iter().map(key).collect(),
                    tests_end: i64::try_from(world.tests.len()).expect("a short log"),
                });
            } else if matches!(mv, Move::Commit) {
                let written = reports.len() + run.reports.len();
                run.shard.reports_written_to(i64::try_from(written).expect("a short log"));
            } else {
                read_next(&mut run, &plans, &world, &mut position, mv);
            }
        }
        read_to_the_end(&mut run, &plans, &world, &mut position);
        run.reports.splice(..0, reports);
        for (i, plan) in plans.iter().enumerate() {
            prop_assert_eq!(run.states(&id(i)), vec![verdict(plan, i, &world)], "execution {}", i);
        }
    }
}
