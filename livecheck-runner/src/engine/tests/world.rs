//! What stands on the topics, what the cases do, and the verdicts that this determines.

use std::time::Duration;

use livecheck_core::Settings;
use livecheck_core::wire::State;
use proptest::prelude::*;

use super::harness::{Harness, SIGNALS, Step, at, ms, signal, test};
use crate::engine::{CommitPoint, Limits};

/// How long every test lives.
const LIFETIME: Duration = Duration::from_millis(400);

/// What one execution does, and what is sent for it.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    triggered: u64,
    /// How long after the trigger it is repeated, word for word.
    repeated: Option<u64>,
    /// Whether the shard has its case.
    is_known: bool,
    waits: Vec<(usize, Option<u64>)>,
    sent: Vec<(usize, u64, bool)>,
}

/// How many examples of a property are tried: so many, or more where the variable `PROPTEST_CASES` says.
pub(super) fn examples(at_least: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases.max(at_least), ..config }
}

/// Some executions; some triggers and signals are repeated, as an at-least-once sender has it.
pub(super) fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let repeated = proptest::option::weighted(0.2, 0..300_u64);
    let is_known = proptest::bool::weighted(0.9);
    let wait = (0..SIGNALS.len(), proptest::option::of(1..200_u64));
    let waits = proptest::collection::vec(wait, 0..4);
    let sent = (0..SIGNALS.len(), 0..700_u64, any::<bool>());
    let sent = proptest::collection::vec((sent, proptest::option::weighted(0.2, 0..200_u64)), 0..6);
    let plan = (0..300_u64, repeated, is_known, waits, sent).prop_map(
        |(triggered, repeated, is_known, waits, sent)| Plan {
            triggered,
            repeated,
            is_known,
            waits,
            sent: if is_known { sent.into_iter().flat_map(twice).collect() } else { Vec::new() },
        },
    );
    proptest::collection::vec(plan, 1..8)
}

/// A signal, and its repetition that long after it, if there is one.
fn twice(((signal, time, headers), again): ((usize, u64, bool), Option<u64>)) -> Vec<(usize, u64, bool)> {
    let again = again.map(|after| (signal, time + after, headers));
    [Some((signal, time, headers)), again].into_iter().flatten().collect()
}

/// Everything that stands on the topics, in the order of the log.
pub(super) struct World {
    plans: Vec<Plan>,
    /// The time, and which execution.
    tests: Vec<(u64, usize)>,
    /// The time, the execution, the signal, and whether it has headers.
    signals: Vec<(u64, usize, usize, bool)>,
}

/// How far the two topics have been read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    tests: i64,
    signals: i64,
}

impl From<CommitPoint> for Position {
    fn from(point: CommitPoint) -> Self {
        Self { tests: point.test_offset, signals: point.bus_offset }
    }
}

pub(super) fn id(execution: usize) -> String {
    format!("t-{execution}")
}

fn index(offset: i64) -> usize {
    usize::try_from(offset).expect("an offset")
}

fn offset(count: usize) -> i64 {
    i64::try_from(count).expect("a short log")
}

impl World {
    pub(super) fn new(plans: Vec<Plan>) -> Self {
        let mut tests: Vec<_> = plans.iter().enumerate().map(|(i, plan)| (plan.triggered, i)).collect();
        let repeated = |(i, plan): (usize, &Plan)| Some((plan.triggered + plan.repeated?, i));
        tests.extend(plans.iter().enumerate().filter_map(repeated));
        tests.sort_unstable();
        let sent = plans.iter().enumerate().flat_map(|(i, plan)| {
            plan.sent.iter().map(move |&(signal, time, headers)| (time, i, signal, headers))
        });
        let mut signals: Vec<_> = sent.collect();
        signals.sort_unstable();
        Self { plans, tests, signals }
    }

    /// Where the topics end.
    pub(super) fn end(&self) -> CommitPoint {
        let (test_offset, bus_offset) = (offset(self.tests.len()), offset(self.signals.len()));
        CommitPoint { test_offset, bus_offset, ..CommitPoint::START }
    }

    /// Every execution, and the verdict that the log determines: each wait takes the first event of its signal
    /// that no wait before it took, if that event came by the wait's deadline.
    pub(super) fn verdicts(&self) -> impl Iterator<Item = (String, State)> {
        (0..self.plans.len()).map(|execution| (id(execution), self.verdict(execution)))
    }

    fn verdict(&self, execution: usize) -> State {
        let plan = &self.plans[execution];
        if !plan.is_known {
            return State::Skip;
        }
        let (start, mut clock) = (plan.triggered, plan.triggered);
        let expires = start + u64::try_from(LIFETIME.as_millis()).expect("a short time");
        let mut taken = [0; SIGNALS.len()];
        for &(wanted, timeout) in &plan.waits {
            let deadline = timeout.map_or(expires, |timeout| (clock + timeout).min(expires));
            let mut events =
                self.signals.iter().filter(|(_, of, signal, _)| (*of, *signal) == (execution, wanted));
            match events.nth(taken[wanted]) {
                Some(&(time, ..)) if time <= deadline => clock = clock.max(time),
                _ => return State::Timeout,
            }
            taken[wanted] += 1;
        }
        State::Pass
    }

    /// A shard that knows the cases, and reads from there. Cases go on when they are told to.
    pub(super) fn harness(&self, limits: Limits, from: CommitPoint) -> Harness {
        let mut harness = Harness::with(Settings::new(), limits, from);
        harness.eager = false;
        for (i, plan) in self.plans.iter().enumerate() {
            let steps: Vec<_> =
                plan.waits.iter().map(|&(s, timeout)| Step::Wait(s, timeout.map(ms))).collect();
            harness.script(&id(i), &steps);
        }
        harness
    }

    pub(super) fn read_test(&self, harness: &mut Harness, position: &mut Position) {
        let Some(&(time, i)) = self.tests.get(index(position.tests)) else { return };
        let mut trigger = test(&id(i), at(self.plans[i].triggered), LIFETIME);
        if !self.plans[i].is_known {
            trigger.case_name = "elsewhere::case".into();
        }
        harness.test(position.tests, at(time), trigger);
        position.tests += 1;
    }

    pub(super) fn read_signal(&self, harness: &mut Harness, position: &mut Position) {
        let Some(&(time, i, s, headers)) = self.signals.get(index(position.signals)) else { return };
        let context = headers.then(|| (at(self.plans[i].triggered), LIFETIME));
        harness.signal(position.signals, at(time), signal(&id(i), SIGNALS[s], context));
        position.signals += 1;
    }

    pub(super) fn read_to_the_end(&self, harness: &mut Harness, position: &mut Position) {
        while index(position.tests) < self.tests.len() {
            self.read_test(harness, position);
        }
        while index(position.signals) < self.signals.len() {
            self.read_signal(harness, position);
        }
        harness.eager = true;
        harness.settle();
        harness.silence(at(10_000), offset(self.signals.len()));
    }
}
