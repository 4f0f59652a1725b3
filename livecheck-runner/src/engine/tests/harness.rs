//! A shard, the cases that it executes as scripts, and the time that passes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use livecheck_core::case::{Location, SignalDefinition};
use livecheck_core::signal::{ReceivedSignal, WaitRequest};
use livecheck_core::wire::{Arguments, SignalEvent, State, TestExecution, TestReport};
use livecheck_core::{Case, Cases, Settings, Timeout, Timestamp, WaitError};

use crate::engine::{
    CaseTally, CommitPoint, Effect, Ending, Handle, Limits, Logged, Message, Notice, PanicReport, Placement,
    Selection, SentIn, Shard, SignalRecord, TestRecord, Times, UnknownCases,
};

pub(super) const CASE: &str = "orders::order_flow";
pub(super) const SIGNALS: [&str; 3] = ["stored", "cached", "executed"];

/// What a scripted case does, one step after the other.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Waits for the signal of that position, at most that long.
    Wait(usize, Option<Duration>),
    /// Waits for it with a key of its own.
    WaitFor(usize, &'static str, Option<Duration>),
    /// Panics.
    Panic,
    /// Returns an error.
    Fail,
    /// Does something else, for ever.
    Hang,
}

/// An instant so many milliseconds after a fixed one.
pub(super) fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000) + Duration::from_millis(millis)
}

pub(super) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(super) fn case(settings: Settings) -> &'static Case {
    let signals = SIGNALS.map(|name| SignalDefinition::new(name, "Signal"));
    Box::leak(Box::new(Case {
        name: CASE,
        docs: "",
        location: Location { package: "orders", file: "src/cases.rs", line: 1 },
        settings,
        arguments: &[],
        signals: Box::leak(Box::new(signals)),
        tables: &[],
        run: |_| Box::pin(async { unreachable!("the harness plays the case") }),
    }))
}

pub(super) fn test(id: &str, triggered: Timestamp, lifetime: Duration) -> TestExecution {
    TestExecution {
        id: id.into(),
        case_name: CASE.into(),
        timestamp: triggered,
        expires: triggered + lifetime,
        arguments: Arguments::new(),
    }
}

/// A signal for a test; with headers if its trigger is given.
pub(super) fn signal(id: &str, signal: &str, triggered: Option<(Timestamp, Duration)>) -> SignalRecord {
    SignalRecord {
        event: SignalEvent {
            signal_name: signal.to_owned(),
            case_name: CASE.into(),
            key: id.into(),
            value: None,
        },
        sent_in: SentIn {
            times: triggered.map(|(triggered, lifetime)| Times { triggered, expires: triggered + lifetime }),
            partition_key: None,
        },
        origin: None,
    }
}

/// One execution being played.
struct Play {
    steps: Vec<Step>,
    next: usize,
    clock: Timestamp,
    /// Whether the play waits for the harness to go on, and not for the shard.
    ready: bool,
}

pub(super) struct Harness {
    pub(super) shard: Shard<Handle>,
    pub(super) partition: i32,
    pub(super) now: Timestamp,
    scripts: HashMap<String, Vec<Step>>,
    panic: PanicReport,
    plays: BTreeMap<Handle, Play>,
    pub(super) reports: Vec<TestReport>,
    pub(super) notices: Vec<Notice>,
    /// For other shards, and which.
    pub(super) messages: Vec<(i32, Message)>,
    /// Where the test partition ends.
    pub(super) tests_end: i64,
    /// Whether cases go on as soon as they can; else when [`go_on`](Self::go_on) says.
    pub(super) eager: bool,
}

impl Harness {
    pub(super) fn new() -> Self {
        Self::with(Settings::new(), Limits::default(), CommitPoint::START)
    }

    pub(super) fn with(settings: Settings, limits: Limits, from: CommitPoint) -> Self {
        Self::of(Placement::new(0, 1), settings, limits, from)
    }

    /// The shard of one partition among several.
    pub(super) fn of(placement: Placement, settings: Settings, limits: Limits, from: CommitPoint) -> Self {
        let cases = Cases::new([case(settings)]).expect("one case has one name");
        let selection =
            Selection { cases, is_active: |case| case.settings.active, unknown: UnknownCases::Skip };
        Self {
            shard: Shard::new(placement, Arc::new(selection), limits, from),
            partition: placement.partition(),
            now: at(0),
            scripts: HashMap::new(),
            panic: PanicReport::default(),
            plays: BTreeMap::new(),
            reports: Vec::new(),
            notices: Vec::new(),
            messages: Vec::new(),
            tests_end: 0,
            eager: true,
        }
    }

    /// What the executions of that id do.
    pub(super) fn script(&mut self, id: &str, steps: &[Step]) {
        self.scripts.insert(id.to_owned(), steps.to_vec());
    }

    /// What cases that panic say.
    pub(super) fn panics_with(&mut self, panic: PanicReport) {
        self.panic = panic;
    }

    /// Lets the one execution in flight end with an error, whatever it waits for.
    pub(super) fn end_now(&mut self) {
        let (execution, _) = self.plays.pop_first().expect("an execution in flight");
        let error = std::io::Error::other("enough").into();
        self.shard.ended(execution, Ending::Returned(error), self.now);
        self.settle();
    }

    pub(super) fn test(&mut self, offset: i64, time: Timestamp, test: TestExecution) {
        self.now = self.now.max(time);
        let value = TestRecord { test, partition_key: None, origin: None };
        self.shard.test(Logged { offset, time, value }, self.now);
        self.settle();
    }

    pub(super) fn signal(&mut self, offset: i64, time: Timestamp, value: SignalRecord) {
        self.now = self.now.max(time);
        self.shard.signal(Logged { offset, time, value }, self.now);
        self.settle();
    }

    pub(super) fn message(&mut self, offset: i64, message: Message) {
        self.shard.message(Some(offset), message, self.now);
        self.settle();
    }

    /// Lets time pass up to `until`, on a bus that stays silent with that end, as the driver does: it asks for
    /// the ends when the shard wants them, though not more often than every 100 ms, and ticks when the shard
    /// wants that.
    pub(super) fn silence(&mut self, until: Timestamp, bus_end: i64) {
        let mut not_before = Timestamp::MIN;
        loop {
            let question = self.shard.next_bus_question().map(|question| question.max(not_before));
            let of_tests = self.shard.next_tests_question().map(|question| question.max(not_before));
            let next = [question, of_tests, self.shard.next_tick()].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= until) else { break };
            self.now = self.now.max(next);
            if question.is_some_and(|question| question <= self.now) {
                self.shard.bus_end(bus_end, self.now);
                not_before = self.now + ms(100);
            }
            if of_tests.is_some_and(|question| question <= self.now) {
                self.shard.tests_end(self.tests_end, self.now);
                not_before = self.now + ms(100);
            }
            self.shard.tick(self.now);
            self.settle();
        }
        self.now = self.now.max(until);
    }

    /// Lets the next case that can go on do so; says whether there was one.
    pub(super) fn go_on(&mut self) -> bool {
        let next = self.plays.iter().find(|(_, play)| play.ready).map(|(handle, _)| *handle);
        if let Some(handle) = next {
            self.play(handle);
            self.settle();
        }
        next.is_some()
    }

    pub(super) fn settle(&mut self) {
        loop {
            let effects = self.shard.take_effects();
            if effects.is_empty() && !(self.eager && self.play_one()) {
                break;
            }
            for effect in effects {
                self.apply(effect);
            }
            assert!(self.shard.tally().cases.values().all(CaseTally::balances));
        }
    }

    fn play_one(&mut self) -> bool {
        let next = self.plays.iter().find(|(_, play)| play.ready).map(|(handle, _)| *handle);
        next.inspect(|&handle| self.play(handle)).is_some()
    }

    fn apply(&mut self, effect: Effect<Handle>) {
        match effect {
            Effect::Start { execution, context, start, .. } => {
                let steps = self.scripts.get(context.id().as_str()).cloned().unwrap_or_default();
                self.plays.insert(execution, Play { steps, next: 0, clock: start, ready: true });
            }
            Effect::Resolve { reply, result } => self.resolved(reply, result),
            Effect::Abort { execution } => drop(self.plays.remove(&execution)),
            Effect::Report { report, .. } => self.reports.push(*report),
            Effect::Notice(notice) => self.notices.push(notice),
            Effect::Send { to, message } => self.messages.push((to, *message)),
        }
    }

    fn resolved(&mut self, execution: Handle, result: Result<ReceivedSignal, Timeout>) {
        let Some(play) = self.plays.get_mut(&execution) else { return };
        match result {
            Ok(received) => {
                play.clock = play.clock.max(received.time);
                play.ready = true;
            }
            Err(timeout) => {
                self.plays.remove(&execution);
                let error = WaitError::Timeout(timeout).into();
                self.shard.ended(execution, Ending::Returned(error), self.now);
            }
        }
    }

    fn play(&mut self, execution: Handle) {
        let Some(play) = self.plays.get_mut(&execution) else { return };
        let step = play.steps.get(play.next).cloned();
        play.next += 1;
        play.ready = false;
        let ending = match step {
            Some(Step::Wait(signal, timeout)) => {
                let request = WaitRequest { signal, key: None, timeout };
                return self.shard.wait(execution, request, play.clock, execution, self.now);
            }
            Some(Step::WaitFor(signal, key, timeout)) => {
                let request = WaitRequest { signal, key: Some(key.into()), timeout };
                return self.shard.wait(execution, request, play.clock, execution, self.now);
            }
            Some(Step::Hang) => return,
            Some(Step::Panic) => Ending::Panicked(self.panic.clone()),
            Some(Step::Fail) => Ending::Returned(std::io::Error::other("no route").into()),
            None => Ending::Passed,
        };
        self.plays.remove(&execution);
        self.shard.ended(execution, ending, self.now);
    }

    /// The states of the reports, by test id, in the order in which they came.
    pub(super) fn states(&self, id: &str) -> Vec<State> {
        let of_id = self
            .reports
            .iter()
            .filter(|report| report.test.as_ref().is_some_and(|test| test.id.as_str() == id));
        of_id.map(|report| report.state).collect()
    }
}
