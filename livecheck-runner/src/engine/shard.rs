//! The state machine of one partition: tests, signals and waits in; reports and commits out.

mod asking;
mod forgetting;
mod judging;
mod routing;
mod saving;
mod straying;
mod triggers;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use livecheck_core::{ExecutionKey, Timestamp, Topics};

use super::checkpoint::CheckpointKey;
use super::commit_point::{CommitPoint, Reported};
use super::early::EarlySignals;
use super::effect::Effect;
use super::execution::{Handle, Waiting};
use super::holds::Holds;
use super::in_flight::InFlight;
use super::limits::{Limits, Pressure};
use super::log_clock::LogClock;
use super::others::Others;
use super::placement::Placement;
use super::questions::Questions;
use super::recent::RecentExecutions;
use super::selection::Selection;
use super::senders::Senders;
use super::strays::Strays;
use super::tally::Tally;
use super::topic_progress::TopicProgress;

/// When a wait of an execution in flight is over. There may be a million of them, so it has the execution's slot in
/// place of its handle: no deadline outlives its execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Deadline {
    /// In log time.
    time: Timestamp,
    slot: u32,
    wait: u32,
}

impl Deadline {
    /// Before all others of that time.
    const fn first_at(time: Timestamp) -> Self {
        Self { time, slot: 0, wait: 0 }
    }

    fn of<R>(wait: &Waiting<R>, execution: Handle) -> Self {
        Self { time: wait.deadline, slot: execution.slot, wait: wait.number }
    }
}

/// Of which topic the next record is read as it comes.
#[derive(Debug, Default)]
struct Fresh {
    tests: bool,
    signals: bool,
}

/// The state machine of one partition.
///
/// It has no clock: `now` is the local time, given by the caller; log time comes with the records.
#[derive(Debug)]
pub struct Shard<R> {
    placement: Placement,
    selection: Arc<Selection>,
    limits: Limits,
    in_flight: InFlight<R>,
    early: EarlySignals,
    /// What other shards want to know.
    questions: Questions,
    next_message: i64,
    /// What lies in other partitions than it should.
    strays: Strays,
    recent: RecentExecutions,
    reported: Reported,
    clock: LogClock,
    bus: TopicProgress,
    tests: TopicProgress,
    /// Before which log time all tests have ended, in the other partitions.
    others_done: Others,
    /// Up to which log time every signal that is for this partition has come.
    come_to: Timestamp,
    /// Whether the next record of either topic is read as it comes, since all before it has been read.
    fresh: Fresh,
    /// Where the next report stands on the report topic, at the least.
    report_offset: i64,
    /// Tests before this offset are read again; what predecessors reported of them, and of those behind them,
    /// stands on the report topic from [`reread_reports_from`](Self::reread_reports_from) on.
    reread_until: i64,
    reread_reports_from: i64,
    /// What of the log a successor has to read again, on behalf of executions in flight.
    holds: Holds,
    /// When executions are to be saved, in local time.
    to_save: BTreeSet<(Timestamp, Handle)>,
    /// What was saved, and has ended.
    removed: Vec<CheckpointKey>,
    /// The deadlines of all waits, in log time.
    deadlines: BTreeSet<Deadline>,
    bytes: usize,
    tally: Tally,
    /// Where records stand, as reports name it.
    topics: Arc<Topics>,
    senders: Senders,
    effects: Vec<Effect<R>>,
}

impl<R> Shard<R> {
    /// A shard that reads its partition of the test topic and of the bus from there.
    #[must_use]
    pub fn new(placement: Placement, selection: Arc<Selection>, limits: Limits, from: CommitPoint) -> Self {
        Self {
            placement,
            selection,
            in_flight: InFlight::default(),
            early: EarlySignals::default(),
            questions: Questions::default(),
            next_message: from.message_offset,
            strays: Strays::new(placement, from.strays),
            recent: RecentExecutions::new(limits.recent_executions),
            reported: Reported::default(),
            report_offset: from.report_offset,
            reread_until: from.test_offset,
            reread_reports_from: from.report_offset,
            clock: LogClock::default(),
            bus: TopicProgress::new(from.bus_offset, limits.bus_disorder),
            tests: TopicProgress::new(from.test_offset, limits.test_disorder),
            others_done: Others::new(placement, limits.forget_every),
            come_to: Timestamp::MIN,
            limits,
            fresh: Fresh::default(),
            holds: Holds::default(),
            to_save: BTreeSet::new(),
            removed: Vec::new(),
            deadlines: BTreeSet::new(),
            bytes: 0,
            tally: Tally::default(),
            topics: Arc::default(),
            senders: Senders::default(),
            effects: Vec::new(),
        }
    }

    /// The same, where the topics have other names than the default ones.
    #[must_use]
    pub fn with_topics(mut self, topics: Arc<Topics>) -> Self {
        self.topics = topics;
        self
    }

    /// What is to be done, in order. Call it after every input.
    pub fn take_effects(&mut self) -> Vec<Effect<R>> {
        std::mem::take(&mut self.effects)
    }

    /// Tests that will be read again have been reported before, by a predecessor: they are not executed again.
    pub fn already_reported(&mut self, reported: Reported) {
        self.reread_until = reported.tests_end;
        if self.tests.next_offset() < reported.tests_end {
            self.reported = reported;
        }
    }

    /// Predecessors have ended that execution lately: should its trigger be repeated, that is known.
    pub fn ended_lately(&mut self, ExecutionKey { case, id, timestamp }: &ExecutionKey) {
        self.recent.remember(case, id, *timestamp);
    }

    /// Reports of this partition have been written up to that offset of the report topic.
    pub fn reports_written_to(&mut self, offset: i64) {
        self.report_offset = self.report_offset.max(offset);
    }

    /// A record of the test partition was read that is no trigger.
    pub fn unreadable_test(&mut self, offset: i64) {
        self.tests.read(offset);
    }

    /// A record of the bus was read that is no signal.
    pub fn unreadable_signal(&mut self, offset: i64, time: Timestamp, now: Timestamp) {
        if self.read_from_bus(offset, time, now) {
            self.judge(now);
        }
    }

    /// The end of the bus partition was asked for at `asked`, in local time, and is `end_offset`.
    pub fn bus_end(&mut self, end_offset: i64, asked: Timestamp) {
        self.bus.ends_at(end_offset, self.clock.at(asked));
        self.judge(asked);
    }

    /// The end of the test partition was asked for at `asked`, in local time, and is `end_offset`.
    pub fn tests_end(&mut self, end_offset: i64, asked: Timestamp) {
        self.tests.ends_at(end_offset, self.clock.at(asked));
        self.tests_have_ended(asked);
    }

    /// No trigger stands on the test partition before that offset but those read.
    pub fn tests_skip_to(&mut self, offset: i64) {
        self.tests.skip_to(offset);
    }

    /// No signal stands on the bus before that offset but those read: what is between is control records, or
    /// was aborted.
    pub fn bus_skip_to(&mut self, offset: i64) {
        self.bus.skip_to(offset);
    }

    /// All triggers have been read.
    pub fn all_tests_read(&mut self) {
        self.fresh.tests = true;
    }

    /// All signals have been read.
    pub fn all_signals_read(&mut self) {
        self.fresh.signals = true;
    }

    /// When, in local time, something is due that no record brings about: a [`tick`](Self::tick).
    #[must_use]
    pub fn next_tick(&self) -> Option<Timestamp> {
        let ask_again = self.strays.others().ask_again_at();
        [self.in_flight.may_be_overdue_at(), ask_again, self.next_forgetting()].into_iter().flatten().min()
    }

    /// When, in local time, it is worth asking for the end of the bus, so that a wait can be judged though no
    /// record comes: then call [`bus_end`](Self::bus_end).
    #[must_use]
    pub fn next_bus_question(&self) -> Option<Timestamp> {
        let unread = self.bus.read_to() + Duration::from_micros(1);
        let waits = self.deadlines.range(Deadline::first_at(unread)..).next().map(|deadline| deadline.time);
        let elsewhere = [self.questions.first_deadline_from(unread), self.strays.others().first_inquiry()];
        let first = elsewhere.into_iter().chain([waits]).flatten().min();
        first.map(|deadline| self.clock.is_past(self.bus.settled_at(deadline)))
    }

    /// From where a successor has to read.
    #[must_use]
    pub fn commit_point(&self) -> CommitPoint {
        let held = [self.holds.first_of_bus(), self.early.first_unsaved()];
        let bus = held.into_iter().flatten().min().unwrap_or(self.bus.next_offset());
        let (test_offset, report_offset) = self
            .holds
            .first_test()
            .unwrap_or_else(|| (self.tests.next_offset(), self.reports_from(self.tests.next_offset())));
        let messages =
            [self.questions.first_unsaved(), self.early.first_unsaved_message(), self.holds.first_message()];
        CommitPoint {
            test_offset,
            bus_offset: bus.min(self.bus.next_offset()),
            report_offset,
            message_offset: messages.into_iter().flatten().min().unwrap_or(self.next_message),
            strays: self.strays.point(),
        }
    }

    /// The counts, as they are between two inputs.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally.with_in_flight(self.in_flight.by_case())
    }

    /// How many executions are in flight.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// What this shard can take at present.
    #[must_use]
    pub fn pressure(&self) -> Pressure {
        let pause_tests = self.bytes > self.limits.execution_bytes;
        // Else no test that is yet to be read takes any of the signals that wait.
        let tests_are_behind = self.tests.read_to() < self.bus.read_to();
        Pressure {
            pause_tests,
            pause_bus: !pause_tests
                && tests_are_behind
                && self.early.bytes() > self.limits.early_signal_bytes,
            pause_messages: self.questions.bytes() > self.limits.question_bytes,
        }
    }

    #[cfg(test)]
    pub(super) fn holds_nothing(&self) -> bool {
        self.in_flight.is_empty()
            && self.early.is_empty()
            && self.questions.holds_nothing()
            && self.strays.is_idle()
            && self.others_done.first_inquiry().is_none()
            && self.reported.executions.is_empty()
            && self.holds.is_empty()
            && self.to_save.is_empty()
            && self.deadlines.is_empty()
            && self.bytes == 0
    }

    /// A record of the bus was read. Says whether that has come further, so that there may be something to
    /// [judge](Self::judge): of one millisecond there may be hundreds.
    fn read_from_bus(&mut self, offset: i64, time: Timestamp, now: Timestamp) -> bool {
        self.clock.see(time, now, std::mem::take(&mut self.fresh.signals));
        let before = self.bus.read_to();
        self.bus.record(offset, time);
        self.bus.read_to() > before
    }
}
