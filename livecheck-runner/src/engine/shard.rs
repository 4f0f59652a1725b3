//! The state machine of one partition: tests, signals and waits in; reports and commits out.

mod asking;
mod saving;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use livecheck_core::signal::WaitRequest;
use livecheck_core::wire::{Explanation, SignalEvent, State, TestExecution, TestReport};
use livecheck_core::{Case, CaseName, Context, ExecutionKey, TestId, Timestamp, Topics};
use slab::Slab;
use smallvec::SmallVec;

use super::bus_progress::BusProgress;
use super::checkpoint::CheckpointKey;
use super::commit_point::{CommitPoint, Reported};
use super::early::{EarlySignals, HeldSignal, Saved};
use super::effect::Effect;
use super::execution::{Event, Handle, Running, Surroundings};
use super::holds::Holds;
use super::limits::{Limits, Pressure};
use super::message::Place;
use super::notice::Notice;
use super::placement::Placement;
use super::questions::Questions;
use super::recent::RecentExecutions;
use super::record::{Logged, SignalRecord, TestRecord};
use super::schedule::{AlreadyExpired, schedule};
use super::selection::{Selection, UnknownCases};
use super::senders::Senders;
use super::tally::Tally;
use super::verdict::{Ending, Verdict};
use crate::difference;

/// How long it may take to find out why an execution has ended as it did.
const EXPLAINED_WITHIN: Duration = Duration::from_secs(30);

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
    running: Slab<Running<R>>,
    /// The executions in flight of each id: one, but for an id used again or by several cases.
    by_id: HashMap<TestId, SmallVec<[usize; 1]>>,
    early: EarlySignals,
    /// What other shards want to know.
    questions: Questions,
    next_message: i64,
    recent: RecentExecutions,
    reported: Reported,
    bus: BusProgress,
    /// Whether the next record of either topic is read as it comes, since all before it has been read.
    fresh: Fresh,
    next_test_offset: i64,
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
    deadlines: BTreeSet<(Timestamp, Handle, u32)>,
    /// When executions are aborted, in local time.
    local_limits: BTreeSet<(Timestamp, Handle)>,
    bytes: usize,
    next_generation: u64,
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
            running: Slab::new(),
            by_id: HashMap::new(),
            early: EarlySignals::default(),
            questions: Questions::default(),
            next_message: from.message_offset,
            recent: RecentExecutions::new(limits.recent_executions),
            reported: Reported::default(),
            report_offset: from.report_offset,
            reread_until: from.test_offset,
            reread_reports_from: from.report_offset,
            bus: BusProgress::new(from.bus_offset, limits.bus_disorder),
            limits,
            fresh: Fresh::default(),
            next_test_offset: from.test_offset,
            holds: Holds::default(),
            to_save: BTreeSet::new(),
            removed: Vec::new(),
            deadlines: BTreeSet::new(),
            local_limits: BTreeSet::new(),
            bytes: 0,
            next_generation: 0,
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
        if self.next_test_offset < reported.tests_end {
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

    /// A trigger was read.
    pub fn test(&mut self, record: Logged<TestRecord>, now: Timestamp) {
        let Logged { offset, time, value: TestRecord { test, partition_key, origin } } = record;
        self.next_test_offset = self.next_test_offset.max(offset + 1);
        self.bus.see_clock(time, now, std::mem::take(&mut self.fresh.tests));
        self.give_up_early(time);
        if self.was_reported(&test, offset) {
            self.recent.remember(&test.case_name, &test.id, test.timestamp);
            // The signals that it ended with are read again, too.
            self.early.take(&(test.case_name, test.id), test.timestamp).for_each(drop);
            return;
        }
        if self.is_repeated(&test) {
            self.tally.repeated_triggers += u64::from(!self.was_restored(&test, offset));
            return;
        }
        let Some(case) = self.selection.cases.get(test.case_name.as_str()) else {
            return self.unknown_case(test);
        };
        self.tally.accepted(&test.case_name);
        let schedule = match schedule(&test, time) {
            Ok(schedule) => schedule,
            Err(AlreadyExpired { expired, logged }) => {
                let reason = format!("expired at {expired}, before it was logged at {logged}");
                return self.skip(test, reason);
            }
        };
        if !(self.selection.is_active)(case) {
            return self.skip(test, "the case is not active".to_owned());
        }
        if let Some(skew) = schedule.skew {
            self.effects.push(Effect::Notice(Notice::Skewed { case: test.case_name.clone(), skew }));
        }
        let record = TestRecord { test, partition_key, origin };
        self.start(case, record, offset, (schedule.start, schedule.expires), now);
    }

    /// A record of the test partition was read that is no trigger.
    pub fn unreadable_test(&mut self, offset: i64) {
        self.next_test_offset = self.next_test_offset.max(offset + 1);
    }

    /// A signal was read.
    pub fn signal(&mut self, record: Logged<SignalRecord>, now: Timestamp) {
        let Logged { offset, time, value: record } = record;
        self.read_from_bus(offset, time, now);
        let place = Place { partition: self.placement.partition(), offset };
        let asked_for = (!self.questions.is_empty()).then(|| (record.event.clone(), record.origin.clone()));
        self.route(place, time, record, now);
        if let Some((SignalEvent { case_name, signal_name, key, value }, origin)) = asked_for {
            let event = Event { place, key: None, time, value, origin };
            self.answer_waiting(&(case_name, key), &signal_name, &event, now);
        }
        self.judge(now);
    }

    /// A record of the bus was read that is no signal.
    pub fn unreadable_signal(&mut self, offset: i64, time: Timestamp, now: Timestamp) {
        self.read_from_bus(offset, time, now);
        self.judge(now);
    }

    /// The end of the bus partition was asked for at `asked`, in local time, and is `end_offset`.
    pub fn bus_end(&mut self, end_offset: i64, asked: Timestamp) {
        self.bus.at_end(end_offset, asked);
        self.judge(asked);
    }

    /// No signal stands on the bus before that offset but those read: what is between is control records, or
    /// was aborted.
    pub fn bus_skip_to(&mut self, offset: i64) {
        self.bus.skip_to(offset);
    }

    /// All triggers have been read, and none that is older than that will come: early signals for those are
    /// given up.
    pub fn all_tests_read(&mut self, none_older: Timestamp) {
        self.fresh.tests = true;
        self.give_up_early(none_older);
    }

    /// All signals have been read.
    pub fn all_signals_read(&mut self) {
        self.fresh.signals = true;
    }

    /// A case waits for a signal. The clock of the wait starts at `since`, in log time.
    pub fn wait(
        &mut self,
        execution: Handle,
        request: WaitRequest,
        since: Timestamp,
        reply: R,
        now: Timestamp,
    ) {
        let Some(running) = live(&mut self.running, execution) else { return };
        let signal = request.signal;
        let wait = running.begin_wait(request, since, reply);
        if wait.is_judged_here() {
            self.deadlines.insert((wait.deadline, execution, wait.number));
        }
        self.resolve(execution, signal);
        self.ask(execution, signal, now);
    }

    /// A case has ended.
    pub fn ended(&mut self, execution: Handle, ending: Ending, now: Timestamp) {
        if live(&mut self.running, execution).is_some() {
            self.finish(execution, ending.into(), now);
        }
    }

    /// The consumer group behind the signal for want of which a case has ended, if it has, and the group is known.
    /// Whoever asks about the group before it says that the case has [ended](Self::ended) has time for that.
    pub fn consumer_behind(&mut self, execution: Handle, ending: &Ending, now: Timestamp) -> Option<String> {
        let running = live(&mut self.running, execution).filter(|_| ending.is_timeout())?;
        let group = running.consumer_behind(self.senders.of(running.case))?;
        self.local_limits.remove(&(running.local_limit, execution));
        running.local_limit = running.local_limit.max(now + EXPLAINED_WITHIN);
        self.local_limits.insert((running.local_limit, execution));
        Some(group)
    }

    /// Time has passed: executions that did not end by themselves are ended.
    pub fn tick(&mut self, now: Timestamp) {
        while let Some(&(limit, execution)) = self.local_limits.first() {
            if limit > now {
                break;
            }
            self.local_limits.pop_first();
            let Some(running) = live(&mut self.running, execution) else { continue };
            if !running.waits().is_empty() {
                // Its wait is judged by the log's time, which may be behind: look again later.
                running.local_limit = now + running.look_again_after();
                self.local_limits.insert((running.local_limit, execution));
                continue;
            }
            let reason = "the test expired while the case was busy, and not waiting for a signal".to_owned();
            self.effects.push(Effect::Abort { execution });
            self.finish(execution, Verdict::timeout(reason), now);
        }
    }

    /// When, in local time, something is due that no record brings about: a [`tick`](Self::tick).
    #[must_use]
    pub fn next_tick(&self) -> Option<Timestamp> {
        self.local_limits.first().map(|(limit, _)| *limit)
    }

    /// When, in local time, it is worth asking for the end of the bus, so that a wait can be judged though no
    /// record comes: then call [`bus_end`](Self::bus_end).
    #[must_use]
    pub fn next_bus_question(&self) -> Option<Timestamp> {
        let waits = self.deadlines.first().map(|(deadline, _, _)| *deadline);
        let first = [waits, self.questions.first_deadline()].into_iter().flatten().min();
        first.map(|deadline| self.bus.ask_at(deadline))
    }

    /// From where a successor has to read.
    #[must_use]
    pub fn commit_point(&self) -> CommitPoint {
        let held = [self.holds.first_of_bus(), self.early.first_unsaved()];
        let bus = held.into_iter().flatten().min().unwrap_or(self.bus.next_offset());
        let (test_offset, report_offset) = self
            .holds
            .first_test()
            .unwrap_or_else(|| (self.next_test_offset, self.reports_from(self.next_test_offset)));
        CommitPoint {
            test_offset,
            bus_offset: bus.min(self.bus.next_offset()),
            report_offset,
            message_offset: self.questions.first_unsaved().unwrap_or(self.next_message),
        }
    }

    /// The counts, as they are between two inputs.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// How many executions are in flight.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.running.len()
    }

    /// What this shard can take at present.
    #[must_use]
    pub fn pressure(&self) -> Pressure {
        let pause_tests = self.bytes > self.limits.execution_bytes;
        Pressure {
            pause_tests,
            pause_bus: !pause_tests && self.early.bytes() > self.limits.early_signal_bytes,
        }
    }

    #[cfg(test)]
    pub(super) fn holds_nothing(&self) -> bool {
        self.running.is_empty()
            && self.by_id.is_empty()
            && self.early.is_empty()
            && self.questions.holds_nothing()
            && self.reported.executions.is_empty()
            && self.holds.is_empty()
            && self.to_save.is_empty()
            && self.deadlines.is_empty()
            && self.local_limits.is_empty()
            && self.bytes == 0
    }

    fn read_from_bus(&mut self, offset: i64, time: Timestamp, now: Timestamp) {
        self.bus.see_clock(time, now, std::mem::take(&mut self.fresh.signals));
        self.bus.record(offset, time);
    }

    fn give_up_early(&mut self, tests_read_to: Timestamp) {
        self.tally.abandoned_signals += self.early.give_up(tests_read_to);
    }

    fn unknown_case(&mut self, test: TestExecution) {
        if self.selection.unknown == UnknownCases::Skip {
            let reason = format!("no case of the name `{}` is linked into this runner", test.case_name);
            self.tally.accepted(&test.case_name);
            self.skip(test, reason);
        }
    }

    /// Where on the report topic the first report may be of a test behind that offset.
    fn reports_from(&self, test_offset: i64) -> i64 {
        // Of a test that is read again, those behind it may have been reported before it was.
        if test_offset < self.reread_until { self.reread_reports_from } else { self.report_offset }
    }

    /// Whether a predecessor has reported this test. What it reported is forgotten once all of that is read.
    fn was_reported(&mut self, test: &TestExecution, offset: i64) -> bool {
        let reported = !self.reported.executions.is_empty() && self.reported.executions.remove(&test.key());
        if offset + 1 >= self.reported.tests_end {
            self.reported = Reported::default();
        }
        reported
    }

    fn is_repeated(&self, test: &TestExecution) -> bool {
        self.in_flight_as(test).is_some() || self.recent.contains(&test.case_name, &test.id, test.timestamp)
    }

    /// Whether the test in flight came from that very record, by a checkpoint.
    fn was_restored(&self, test: &TestExecution, offset: i64) -> bool {
        self.in_flight_as(test).is_some_and(|running| running.offset == offset)
    }

    /// The execution in flight of the same identity.
    fn in_flight_as(&self, test: &TestExecution) -> Option<&Running<R>> {
        let of_id = self.by_id.get(&test.id)?.iter().map(|&slot| &self.running[slot]);
        of_id
            .into_iter()
            .find(|other| other.test.case_name == test.case_name && other.test.timestamp == test.timestamp)
    }

    /// Ends a test that was accepted, and is not executed.
    fn skip(&mut self, test: TestExecution, reason: String) {
        let Verdict { state, error, traceback, attempts } = Verdict::skip(reason);
        self.tally.ended(&test.case_name, state);
        self.recent.remember(&test.case_name, &test.id, test.timestamp);
        let report = Box::new(TestReport {
            case_name: test.case_name.clone(),
            state,
            test: Some(test),
            runtime: None,
            signal_latency: BTreeMap::new(),
            error,
            traceback,
            explanation: None,
            attempts,
        });
        self.effects.push(Effect::Report { execution: None, report });
    }

    fn start(
        &mut self,
        case: &'static Case,
        TestRecord { test, partition_key, origin }: TestRecord,
        offset: i64,
        (start, expires): (Timestamp, Timestamp),
        now: Timestamp,
    ) {
        let early: Vec<_> =
            self.early.take(&(test.case_name.clone(), test.id.clone()), test.timestamp).collect();
        let first_early = early.iter().map(|(_, event)| event.place.offset).min();
        let mut running = Running::new(self.next_generation(), case, test, offset, (start, expires), now);
        running.partition_key = partition_key;
        running.origin = origin;
        for (signal, event) in early {
            running.receive(signal, event);
        }
        let unsaved_from = first_early.unwrap_or(i64::MAX).min(self.bus.next_offset());
        running.unsaved_from = Some(unsaved_from);
        running.save_at = self.save_at(now);
        self.holds.hold_test(offset, self.reports_from(offset));
        self.holds.hold_bus(unsaved_from);
        self.execute(running);
    }

    fn next_generation(&mut self) -> u64 {
        self.next_generation += 1;
        self.next_generation
    }

    fn save_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.limits.save_after.map(|after| now + after)
    }

    /// Takes an execution into the maps, and has its case executed.
    fn execute(&mut self, mut running: Running<R>) {
        running.is_misplaced = !self.placement.is_of_key(running.test.id.as_str());
        let effect = |execution| Effect::Start {
            execution,
            case: running.case,
            context: Context::new(running.test.key(), running.test.expires)
                .with_partition_key(running.partition_key.clone()),
            arguments: running.test.arguments.clone(),
            start: running.start,
        };
        let (generation, id) = (running.generation, running.test.id.clone());
        let (local_limit, save_at, bytes) = (running.local_limit, running.save_at, running.bytes());
        let entry = self.running.vacant_entry();
        let (slot, execution) = (entry.key(), Handle { slot: entry.key(), generation });
        self.effects.push(effect(execution));
        entry.insert(running);

        self.bytes += bytes;
        self.by_id.entry(id).or_default().push(slot);
        self.local_limits.insert((local_limit, execution));
        self.to_save.extend(save_at.map(|save_at| (save_at, execution)));
    }

    /// Finds whom a signal is for.
    fn route(&mut self, place: Place, time: Timestamp, record: SignalRecord, now: Timestamp) {
        let triggered = record.triggered_at();
        let SignalRecord { event, context, origin } = record;
        let Some(case) = self.selection.cases.get(event.case_name.as_str()) else {
            return self.unknown_signal(event.case_name, event.signal_name, place.offset);
        };
        let Some(signal) = case.signal(&event.signal_name) else {
            return self.unknown_signal(event.case_name, event.signal_name, place.offset);
        };
        let received = Event { place, key: None, time, value: event.value, origin };
        if let Some(slot) = self.find(&event.case_name, &event.key, triggered, time) {
            return self.receive(slot, signal, received, now);
        }
        let ended = match triggered {
            Some(triggered) => self.recent.contains(&event.case_name, &event.key, triggered),
            None => self.recent.contains_id(&event.case_name, &event.key),
        };
        if ended {
            self.tally.late_signals += 1;
            return;
        }
        self.see_placement(case, signal, &event.key, context.as_ref());
        let lifetime = context
            .filter(|_| triggered.is_some())
            .map_or(case.settings.test_expires, |context| context.expires().since(context.timestamp()));
        let test = (event.case_name, event.key);
        if self.early.holds(&test, place.offset) {
            return; // by a checkpoint
        }
        let saved = self.save_at(now).map_or(Saved::Never, Saved::At);
        let (name, until) = (case.signals[signal].name, time + lifetime);
        let is_given = false;
        self.early
            .hold(test, HeldSignal { signal, name, event: received, triggered, until, saved, is_given });
        self.relieve_early();
    }

    /// Says so where a signal that found no test here should not lie here.
    fn see_placement(&mut self, case: &'static Case, signal: usize, key: &TestId, context: Option<&Context>) {
        let follows_its_test = context
            .and_then(Context::partition_key)
            .is_some_and(|partition_key| self.placement.is_of_key(partition_key.as_str()));
        if !follows_its_test && !self.placement.is_of_key(key.as_str()) {
            self.effects.push(Effect::Notice(Notice::MisplacedSignal {
                case: case.name.into(),
                signal: case.signals[signal].name,
                partition: self.placement.partition(),
                belongs_in: self.placement.of_key(key.as_str()),
            }));
        }
    }

    /// An execution in flight receives a signal.
    fn receive(&mut self, slot: usize, signal: usize, event: Event, now: Timestamp) {
        let running = &mut self.running[slot];
        if running.has(signal, event.place) {
            return; // from its checkpoint, or its signal's
        }
        let execution = Handle { slot, generation: running.generation };
        if running.unsaved_from.is_none() {
            running.unsaved_from = Some(event.place.offset);
            self.holds.hold_bus(event.place.offset);
        }
        self.take_in(slot, signal, event, now);
        self.resolve(execution, signal);
    }

    /// Puts a signal into an execution's inbox, and sees to it that it will be saved.
    fn take_in(&mut self, slot: usize, signal: usize, event: Event, now: Timestamp) {
        let save_at = self.save_at(now);
        let running = &mut self.running[slot];
        if running.save_at.is_none() {
            running.save_at = save_at;
            let execution = Handle { slot, generation: running.generation };
            self.to_save.extend(save_at.map(|save_at| (save_at, execution)));
        }
        let before = running.bytes();
        running.receive(signal, event);
        self.bytes += running.bytes() - before;
    }

    /// The execution in flight that a signal is for: the one its headers name, or else the one of that id that
    /// was live at its time.
    fn find(
        &self,
        case: &CaseName,
        id: &TestId,
        triggered: Option<Timestamp>,
        time: Timestamp,
    ) -> Option<usize> {
        let mut of_case = self.by_id.get(id)?.iter().copied().filter(|&slot| {
            let test = &self.running[slot].test;
            test.case_name == *case
        });
        match triggered {
            Some(triggered) => of_case.find(|&slot| self.running[slot].test.timestamp == triggered),
            None => {
                let mut live: SmallVec<[usize; 2]> = of_case.collect();
                live.sort_by_key(|&slot| self.running[slot].start);
                let begun = live.partition_point(|&slot| self.running[slot].start <= time);
                // Before the first of them was logged it can only be early for that one.
                live.get(begun.saturating_sub(1)).copied()
            }
        }
    }

    fn unknown_signal(&mut self, case: CaseName, signal: String, offset: i64) {
        if self.selection.unknown == UnknownCases::Ignore && self.selection.cases.get(case.as_str()).is_none()
        {
            return;
        }
        self.tally.unknown_signals += 1;
        self.effects.push(Effect::Notice(Notice::UnknownSignal { case, signal, offset }));
    }

    /// Gives up the oldest early signals where they take too much, unless reading more tests can help: then
    /// the bus is paused instead, up to twice the limit.
    fn relieve_early(&mut self) {
        let limit = self.limits.early_signal_bytes;
        while self.early.bytes() > 2 * limit {
            let Some((id, _)) = self.early.give_up_next() else { break };
            self.tally.abandoned_signals += 1;
            self.effects.push(Effect::Notice(Notice::EarlySignalsAbandoned { id, limit }));
        }
    }

    /// Ends the waits of an execution for a signal, as far as they can be ended.
    fn resolve(&mut self, execution: Handle, signal: usize) {
        let Some(running) = live(&mut self.running, execution) else { return };
        while let Some((wait, result)) = running.resolve_next(self.bus.read_to(), signal) {
            self.deadlines.remove(&(wait.deadline, execution, wait.number));
            self.effects.push(Effect::Resolve { reply: wait.into_reply(), result });
        }
    }

    /// The bus has been read further: ends the waits whose deadlines are behind, and answers who waits elsewhere.
    fn judge(&mut self, now: Timestamp) {
        self.answer_overdue(now);
        while let Some(&(deadline, execution, number)) = self.deadlines.first() {
            if deadline > self.bus.read_to() {
                break;
            }
            self.deadlines.pop_first();
            let signal = live(&mut self.running, execution)
                .and_then(|running| running.waits().iter().find(|wait| wait.number == number))
                .map(|wait| wait.signal);
            if let Some(signal) = signal {
                self.resolve(execution, signal);
            }
        }
    }

    fn explanation(&self, running: &Running<R>, verdict: &Verdict) -> Explanation {
        let around = Surroundings {
            topics: &self.topics,
            partition: self.placement.partition(),
            senders: self.senders.of(running.case),
        };
        let compared = verdict.error.as_deref().filter(|_| verdict.state == State::Fail);
        Explanation {
            difference: compared.and_then(difference::of_assertion),
            ..running.explanation(verdict.state, &around)
        }
    }

    fn finish(&mut self, execution: Handle, verdict: Verdict, now: Timestamp) {
        let running = self.running.remove(execution.slot);
        for wait in running.waits() {
            self.deadlines.remove(&(wait.deadline, execution, wait.number));
        }
        self.local_limits.remove(&(running.local_limit, execution));
        if running.is_saved {
            self.removed.push(CheckpointKey::Execution(running.test.key()));
        } else {
            self.holds.release_test(running.offset);
        }
        if let Some(from) = running.unsaved_from {
            self.holds.release_bus(from);
        }
        if let Some(save_at) = running.save_at {
            self.to_save.remove(&(save_at, execution));
        }
        if let Some(slots) = self.by_id.get_mut(&running.test.id) {
            slots.retain(|slot| *slot != execution.slot);
            if slots.is_empty() {
                self.by_id.remove(&running.test.id);
            }
        }
        self.bytes -= running.bytes();
        self.tally.ended(&running.test.case_name, verdict.state);
        self.recent.remember(&running.test.case_name, &running.test.id, running.test.timestamp);

        let runtime = running.runtime(now).as_secs_f64();
        let explanation = match verdict.state {
            State::Pass => {
                self.senders.learn(running.case, running.senders());
                None
            }
            State::Skip => None,
            _ => Some(Box::new(self.explanation(&running, &verdict))),
        };
        let (test, signal_latency) = running.into_latencies();
        let report = Box::new(TestReport {
            case_name: test.case_name.clone(),
            state: verdict.state,
            test: Some(test),
            runtime: Some(runtime),
            signal_latency,
            error: verdict.error,
            traceback: verdict.traceback,
            explanation,
            attempts: verdict.attempts,
        });
        self.effects.push(Effect::Report { execution: Some(execution), report });
    }
}

/// The execution of that handle, if it is still in flight.
fn live<R>(running: &mut Slab<Running<R>>, execution: Handle) -> Option<&mut Running<R>> {
    running.get_mut(execution.slot).filter(|running| running.generation == execution.generation)
}
