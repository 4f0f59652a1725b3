//! Signals in other partitions than the tests that wait for them, or than their keys: whoever dies, and whenever, each
//! verdict is the one that the log determines.

use std::time::Duration;

use livecheck_core::wire::State;
use livecheck_core::{Settings, Timestamp};
use proptest::prelude::*;

use super::committed::Committed;
use super::harness::{Harness, SIGNALS, Step, at, ms, signal, test};
use super::world::examples;
use crate::engine::{CommitPoint, Limits, Message, Placement, StrayPoint};

const PARTITIONS: i32 = 3;
const LIFETIME: Duration = Duration::from_millis(400);
/// For how long after a signal with a key of its own a test may come that waits for it. It is shorter than all that happens,
/// and than a runner may be away.
const KEPT: u64 = 300;
/// In partitions 0, 1, 2, and 2 again.
const KEYS: [&str; 4] = ["parcel-1", "parcel-5", "parcel-2", "parcel-3"];

/// What one execution does.
#[derive(Clone, Debug)]
struct Plan {
    triggered: u64,
    /// The partition that it is executed in, where that is not the one of its id; and whether senders know.
    elsewhere: Option<(i32, bool)>,
    /// The signal, the key (none: the id of the test), and how long.
    waits: Vec<(usize, Option<usize>, Option<u64>)>,
    /// The signal, and when.
    sent: Vec<(usize, u64)>,
    /// Where senders put them, if they use another partitioner.
    astray: Option<i32>,
}

/// Signals with a key of its own: where their sender puts them, if it uses another partitioner; and which, and when.
type Keyed = (Option<i32>, Vec<(usize, u64)>);

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let wait = (0..SIGNALS.len(), proptest::option::of(0..KEYS.len()), proptest::option::of(1..200_u64));
    let sent = (0..SIGNALS.len(), 0..900_u64);
    let elsewhere = proptest::option::of((0..PARTITIONS, any::<bool>()));
    let waits = proptest::collection::vec(wait, 0..4);
    let sent = proptest::collection::vec(sent, 0..4);
    let plan = (0..1_200_u64, elsewhere, waits, sent, astray()).prop_map(
        |(triggered, elsewhere, waits, sent, astray)| {
            // From a while before the trigger on, until after the end.
            let sent =
                sent.into_iter().map(|(signal, time)| (signal, (triggered + time).saturating_sub(KEPT)));
            Plan { triggered, elsewhere, waits, sent: sent.collect(), astray }
        },
    );
    proptest::collection::vec(plan, 1..6)
}

fn keyed() -> impl Strategy<Value = [Keyed; 4]> {
    let sent = proptest::collection::vec((0..SIGNALS.len(), 0..1_600_u64), 0..6);
    proptest::array::uniform4((astray(), sent))
}

fn astray() -> impl Strategy<Value = Option<i32>> {
    proptest::option::weighted(0.3, 0..PARTITIONS)
}

/// What happens next, in which partition.
#[derive(Clone, Copy, Debug)]
enum Move {
    ReadTest,
    ReadSignal,
    ReadMessage,
    RunCase,
    /// Time passes, in milliseconds, and the end of the bus is asked for.
    Silence(u64),
    /// A transaction commits what has been done, with as many checkpoints at most.
    Commit(usize),
    Delivered,
    Crash,
}

fn moves() -> impl Strategy<Value = Vec<(usize, Move)>> {
    let one = prop_oneof![
        20 => Just(Move::ReadTest),
        40 => Just(Move::ReadSignal),
        30 => Just(Move::ReadMessage),
        40 => Just(Move::RunCase),
        10 => (1..100_u64).prop_map(Move::Silence),
        25 => (0..4_usize).prop_map(Move::Commit),
        10 => Just(Move::Delivered),
        5 => Just(Move::Crash),
    ];
    proptest::collection::vec((0..3_usize, one), 0..300)
}

fn id(execution: usize) -> String {
    format!("t-{execution}")
}

fn of_key(key: &str) -> i32 {
    Placement::new(0, PARTITIONS).of_key(key)
}

fn number(partition: i32) -> usize {
    usize::try_from(partition).expect("a partition")
}

/// A signal on the bus of one partition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Sent {
    time: u64,
    key: String,
    signal: usize,
    /// When its test was triggered, and what decides the partition of that, where the sender knows.
    of_test: Option<(u64, &'static str)>,
}

/// What stands on the topics of one partition.
#[derive(Default)]
struct Log {
    /// The time, and which execution.
    tests: Vec<(u64, usize)>,
    signals: Vec<Sent>,
    messages: Vec<Message>,
}

/// Everything that stands on the topics.
struct World {
    plans: Vec<Plan>,
    logs: Vec<Log>,
    limits: Limits,
    start: CommitPoint,
}

impl World {
    fn new(plans: Vec<Plan>, keyed: &[Keyed; 4], limits: Limits, strays_are_expected: bool) -> Self {
        let mut logs: Vec<Log> = (0..PARTITIONS).map(|_| Log::default()).collect();
        for (execution, plan) in plans.iter().enumerate() {
            let own = of_key(&id(execution));
            let home = plan.elsewhere.map_or(own, |(home, _)| home);
            logs[number(home)].tests.push((plan.triggered, execution));
            let known = plan.elsewhere.filter(|(_, is_known)| *is_known).map(|(home, _)| home);
            let of_test = known.map(|home| (plan.triggered, KEYS[number(home)]));
            for &(signal, time) in &plan.sent {
                let sent = Sent { time, key: id(execution), signal, of_test };
                logs[number(plan.astray.or(known).unwrap_or(own))].signals.push(sent);
            }
        }
        for (key, (astray, sent)) in KEYS.into_iter().zip(keyed) {
            let signals = &mut logs[number(astray.unwrap_or(of_key(key)))].signals;
            signals.extend(sent.iter().map(|&(signal, time)| Sent {
                time,
                key: key.to_owned(),
                signal,
                of_test: None,
            }));
        }
        for log in &mut logs {
            log.tests.sort_unstable();
            log.signals.sort_unstable();
        }
        let are_there =
            plans.iter().any(|plan| plan.astray.is_some()) || keyed.iter().any(|key| key.0.is_some());
        let expected_until = if are_there || strays_are_expected { at(10_000_000) } else { Timestamp::MIN };
        let strays = StrayPoint { expected_until, ..StrayPoint::NONE };
        Self { plans, logs, limits, start: CommitPoint { strays, ..CommitPoint::START } }
    }

    /// Each wait takes the first event of its signal and key that this execution has not taken, if it came in time, and
    /// not too long before the trigger.
    fn verdict(&self, execution: usize) -> State {
        let plan = &self.plans[execution];
        let expires = plan.triggered + u64::try_from(LIFETIME.as_millis()).expect("a short time");
        let mut clock = plan.triggered;
        let mut taken: Vec<(usize, String)> = Vec::new();
        for &(signal, key, timeout) in &plan.waits {
            let key = key.map_or_else(|| id(execution), |key| KEYS[key].to_owned());
            let deadline = timeout.map_or(expires, |timeout| (clock + timeout).min(expires));
            let of_key = self.logs.iter().flat_map(|log| &log.signals);
            let of_key = of_key.filter(|sent| sent.signal == signal && sent.key == key);
            let mut of_key = of_key.filter(|sent| sent.time + KEPT >= plan.triggered);
            let before = taken.iter().filter(|taken| **taken == (signal, key.clone())).count();
            match of_key.nth(before) {
                Some(sent) if sent.time <= deadline => clock = clock.max(sent.time),
                _ => return State::Timeout,
            }
            taken.push((signal, key));
        }
        State::Pass
    }

    fn tests_end(&self, partition: usize) -> i64 {
        i64::try_from(self.logs[partition].tests.len()).expect("a short log")
    }

    fn run(&self, partition: usize, from: CommitPoint) -> Harness {
        let placement = Placement::new(i32::try_from(partition).expect("a few"), PARTITIONS);
        let settings = Settings::new().test_expires(ms(KEPT));
        let mut run = Harness::of(placement, settings, self.limits, from);
        run.eager = false;
        run.tests_end = self.tests_end(partition);
        for (execution, plan) in self.plans.iter().enumerate() {
            let step = |&(signal, key, timeout): &(usize, Option<usize>, Option<u64>)| match key {
                None => Step::Wait(signal, timeout.map(ms)),
                Some(key) => Step::WaitFor(signal, KEYS[key], timeout.map(ms)),
            };
            run.script(&id(execution), &plan.waits.iter().map(step).collect::<Vec<_>>());
        }
        run
    }
}

/// The shard of one partition, how far it has read, and what it has committed.
struct Runner {
    partition: usize,
    run: Harness,
    position: CommitPoint,
    committed: Committed,
}

fn index(offset: i64) -> usize {
    usize::try_from(offset).expect("an offset")
}

impl Runner {
    fn new(world: &World, partition: usize) -> Self {
        let run = world.run(partition, world.start);
        Self { partition, run, position: world.start, committed: Committed::new(world.start) }
    }

    fn read_test(&mut self, world: &World) -> bool {
        let Some(&(time, execution)) = world.logs[self.partition].tests.get(index(self.position.test_offset))
        else {
            self.run.shard.all_tests_read();
            return false;
        };
        let value = test(&id(execution), at(world.plans[execution].triggered), LIFETIME);
        self.run.test(self.position.test_offset, at(time), value);
        self.position.test_offset += 1;
        true
    }

    fn read_signal(&mut self, world: &World) -> bool {
        let Some(sent) = world.logs[self.partition].signals.get(index(self.position.bus_offset)) else {
            return false;
        };
        let headers = sent.of_test.map(|(triggered, _)| (at(triggered), LIFETIME));
        let mut record = signal(&sent.key, SIGNALS[sent.signal], headers);
        record.sent_in.partition_key = sent.of_test.map(|(_, key)| key.into());
        self.run.signal(self.position.bus_offset, at(sent.time), record);
        self.position.bus_offset += 1;
        true
    }

    fn read_message(&mut self, world: &World) -> bool {
        let Some(message) = world.logs[self.partition].messages.get(index(self.position.message_offset))
        else {
            return false;
        };
        self.run.message(self.position.message_offset, message.clone());
        self.position.message_offset += 1;
        true
    }

    fn commit(&mut self, world: &mut World, most: usize) {
        self.committed.commit(&mut self.run, most);
        for (to, message) in self.run.messages.drain(..) {
            world.logs[number(to)].messages.push(message);
        }
    }

    fn silence(&mut self, world: &World, until: Timestamp) {
        self.run.silence(until, self.bus_end(world));
    }

    fn bus_end(&self, world: &World) -> i64 {
        i64::try_from(world.logs[self.partition].signals.len()).expect("a short log")
    }

    fn crash(&mut self, world: &World) {
        self.position = self.committed.point;
        self.run = world.run(self.partition, self.position);
        self.committed.hand_over(&mut self.run, world.tests_end(self.partition));
    }

    fn do_move(&mut self, mv: Move, world: &mut World) {
        match mv {
            Move::ReadTest => drop(self.read_test(world)),
            Move::ReadSignal => drop(self.read_signal(world)),
            Move::ReadMessage => drop(self.read_message(world)),
            Move::RunCase => drop(self.run.go_on()),
            Move::Silence(millis) => {
                self.run.now = self.run.now + ms(millis);
                self.run.shard.bus_end(self.bus_end(world), self.run.now);
                self.run.shard.tests_end(self.run.tests_end, self.run.now);
                self.run.settle();
            }
            Move::Commit(most) => self.commit(world, most),
            Move::Delivered => self.run.shard.reports_written_to(self.committed.reports_end()),
            Move::Crash => self.crash(world),
        }
    }
}

/// Reads all there is, as often as there is something, and lets all time pass.
fn to_the_end(world: &mut World, runners: &mut [Runner]) {
    for round in 0.. {
        assert!(round < 100, "it goes on for ever");
        let mut is_idle = true;
        for runner in runners.iter_mut() {
            while runner.read_test(world) || runner.read_signal(world) || runner.read_message(world) {
                is_idle = false;
            }
            runner.run.eager = true;
            runner.run.settle();
            // Each time long enough for what nobody has answered to be asked again.
            runner.silence(world, at(10_000 + 6_000 * round));
            is_idle &= runner.run.messages.is_empty();
            runner.commit(world, usize::MAX);
        }
        if is_idle {
            break;
        }
    }
}

proptest! {
    #![proptest_config(examples(1_000))]

    #[test]
    fn every_execution_that_waits_for_a_key_has_the_verdict_of_the_log(
        plans in plans(),
        keyed in keyed(),
        moves in moves(),
        save_after in proptest::option::of(0..50_u64),
        strays_are_expected in any::<bool>(),
    ) {
        let limits = Limits { save_after: save_after.map(ms), forget_every: ms(200), ..Limits::default() };
        let mut world = World::new(plans, &keyed, limits, strays_are_expected);
        let mut runners: Vec<_> = (0..3).map(|partition| Runner::new(&world, partition)).collect();
        for (partition, mv) in moves {
            runners[partition].do_move(mv, &mut world);
        }
        to_the_end(&mut world, &mut runners);
        for execution in 0..world.plans.len() {
            let states: Vec<_> =
                runners.iter().flat_map(|runner| runner.committed.states(&id(execution))).collect();
            prop_assert_eq!(states, vec![world.verdict(execution)], "execution {}", execution);
        }
        for runner in &mut runners {
            prop_assert!(runner.run.shard.holds_nothing(), "memory is freed");
            let left = &runner.committed.checkpoints;
            prop_assert!(left.is_empty(), "left over: {:?}", left);
            prop_assert_eq!(runner.committed.point.message_offset, runner.position.message_offset);
        }
    }
}
