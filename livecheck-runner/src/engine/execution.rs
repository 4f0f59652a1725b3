//! One execution in flight: what it has received, and what it waits for.

mod explain;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use livecheck_core::signal::{ReceivedSignal, WaitRequest};
use livecheck_core::wire::{Arguments, TestExecution, WaitSpan};
use livecheck_core::{Case, CaseName, Context, ExecutionKey, Origin, TestId, Timeout, Timestamp};
use serde_json::value::RawValue;
use smallvec::SmallVec;
use thin_vec::ThinVec;

use super::checkpoint::{SavedExecution, SavedSignal};
use super::in_flight::NOT_BUSY;
use super::message::{Asker, Place, Question};
use super::record::TestRecord;
pub(super) use explain::Surroundings;
use explain::TimedOut;

/// What an execution takes beside its arguments, roughly: its places in the shard's maps, and its task.
const OVERHEAD_BYTES: usize = 1500;
/// What a received event takes beside its payload.
const EVENT_BYTES: usize = 64;

/// Names an execution of a shard; a handle that has outlived its execution names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle {
    pub(super) slot: u32,
    pub(super) generation: u32,
}

impl Handle {
    /// Its slot: no other execution of its shard has it as long as this one is in flight, and slots are dense.
    pub(crate) const fn slot(self) -> usize {
        self.slot as usize
    }
}

#[cfg(test)]
impl Handle {
    /// Of some execution, where it does not matter which.
    pub(crate) fn for_test() -> Self {
        Self { slot: 0, generation: 1 }
    }
}

/// A signal for one execution.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) place: Place,
    /// The key that it was sent with, where that is not the id of the test.
    pub(super) key: Option<TestId>,
    pub(super) time: Timestamp,
    pub(super) value: Option<Arc<RawValue>>,
    /// Who sent it, where it says.
    pub(super) origin: Option<Arc<Origin>>,
}

impl Event {
    pub(super) fn payload_bytes(&self) -> usize {
        self.value.as_ref().map_or(0, |value| value.get().len())
    }

    pub(super) fn saved(&self, name: &str) -> SavedSignal {
        SavedSignal {
            name: name.to_owned(),
            partition: Some(self.place.partition),
            offset: self.place.offset,
            key: self.key.clone(),
            time: self.time,
            value: self.value.clone(),
            origin: self.origin.clone(),
        }
    }

    /// What was saved of it, by a shard of that partition.
    pub(super) fn restored(saved: SavedSignal, own_partition: i32) -> Self {
        let place = saved.place(own_partition);
        let SavedSignal { time, value, key, origin, .. } = saved;
        Self { place, key, time, value, origin }
    }
}

/// A wait that is not over.
#[derive(Debug)]
pub(super) struct Waiting<R> {
    pub(super) number: u32,
    pub(super) signal: usize,
    /// The key that the signal is sent with, where that is not the id of the test.
    key: Option<TestId>,
    elsewhere: Elsewhere,
    /// When its clock began.
    began: Timestamp,
    pub(super) deadline: Timestamp,
    /// Whether that is the end of its own time, and not that of the test.
    has_own_time: bool,
    /// Whether its deadline is among those of its shard.
    pub(super) is_listed: bool,
    reply: R,
}

/// What the partition of its key says to a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Elsewhere {
    /// It need not be asked: what the wait is for comes to this one.
    NotNeeded,
    /// It is to be asked.
    ToAsk,
    /// It was asked for an event beside those that the execution had then.
    Asked,
    /// There is none by the deadline.
    Nothing,
}

impl<R> Waiting<R> {
    /// Whether an event is what it waits for, and in time.
    fn takes(&self, event: &Event) -> bool {
        self.key == event.key && event.time <= self.deadline
    }

    /// Whether no event can come any more.
    fn is_over(&self, come_to: Timestamp) -> bool {
        let here = self.key.is_some() || self.deadline <= come_to;
        here && matches!(self.elsewhere, Elsewhere::NotNeeded | Elsewhere::Nothing)
    }

    /// Whether signals for it may lie in the partition of the execution.
    fn is_judged_here(&self) -> bool {
        self.key.is_none()
    }
}

/// An event, and the wait that received it.
#[derive(Debug)]
struct Received {
    signal: usize,
    event: Event,
    span: WaitSpan,
}

/// There may be a million of them: what most have nothing in takes a word.
#[derive(Debug)]
pub(super) struct Running<R> {
    /// Tells it from others that had its slot before.
    pub(super) generation: u32,
    pub(super) case: &'static Case,
    /// The test, within its case, with what decided its partition where that was not its id.
    pub(super) context: Context,
    /// The offset of the trigger.
    pub(super) offset: i64,
    /// In log time.
    pub(super) start: Timestamp,
    /// In log time.
    pub(super) expires: Timestamp,
    /// Who sent the trigger, where that says.
    pub(super) origin: Option<Arc<Origin>>,
    /// Whether its partition is not that of its id: signals may lie there, too.
    pub(super) is_misplaced: bool,
    /// When it is aborted if it neither ends nor waits, in local time.
    pub(super) local_limit: Timestamp,
    /// Its place among those that wait for nothing.
    pub(super) busy_place: u32,
    /// When it was started, in local time.
    pub(super) local_start: Timestamp,
    /// Where on the bus the first of its signals may be that no checkpoint holds. None, if one holds them all.
    pub(super) unsaved_from: Option<i64>,
    /// Whether it has a checkpoint.
    pub(super) is_saved: bool,
    /// When it is to be saved, in local time.
    pub(super) save_at: Option<Timestamp>,
    /// How far its own clock has come: the latest signal received or wait ended, in log time.
    clock: Timestamp,
    /// Events that no wait has received yet, each with its signal, in the order of time.
    unheard: ThinVec<(usize, Event)>,
    /// Events that waits have received, in the order of the waits.
    received: ThinVec<Received>,
    /// Mostly one: a case waits for one thing after the other.
    waits: SmallVec<[Waiting<R>; 1]>,
    /// Waits whose time has passed.
    timed_out: ThinVec<TimedOut>,
    next_wait: u32,
    bytes: usize,
}

impl<R> Running<R> {
    pub(super) fn new(
        case: &'static Case,
        TestRecord { test, partition_key, origin }: TestRecord,
        offset: i64,
        (start, expires): (Timestamp, Timestamp),
        local_start: Timestamp,
    ) -> Self {
        let bytes = OVERHEAD_BYTES + test.arguments.json_bytes();
        let TestExecution { id, case_name, timestamp, expires: said, arguments } = test;
        let key = ExecutionKey { case: case_name, id, timestamp };
        let context = Context::new(key, said).with_partition_key(partition_key);
        Self {
            generation: 0,
            case,
            context: context.within_case(case, start, &arguments),
            offset,
            start,
            expires,
            origin,
            is_misplaced: false,
            local_limit: local_start + expires.since(start),
            busy_place: NOT_BUSY,
            local_start,
            unsaved_from: None,
            is_saved: false,
            save_at: None,
            clock: start,
            unheard: ThinVec::new(),
            received: ThinVec::new(),
            waits: SmallVec::new(),
            timed_out: ThinVec::new(),
            next_wait: 0,
            bytes,
        }
    }

    /// Whether it is the execution of that handle, and not another in the same slot.
    pub(super) fn is(&self, execution: Handle) -> bool {
        self.generation == execution.generation
    }

    /// The id of the test.
    pub(super) fn id(&self) -> &TestId {
        self.context.id()
    }

    /// The name of the case, as the trigger has it.
    pub(super) fn case_name(&self) -> &CaseName {
        self.context.case_name()
    }

    /// When it was triggered, by the sender's clock: a part of its identity.
    pub(super) fn triggered(&self) -> Timestamp {
        self.context.timestamp()
    }

    /// The arguments of the test.
    pub(super) fn arguments(&self) -> Arguments {
        self.context.arguments().cloned().unwrap_or_default()
    }

    /// The test, as it was triggered.
    pub(super) fn test(&self) -> TestExecution {
        let ExecutionKey { case, id, timestamp } = self.context.key().clone();
        let (expires, arguments) = (self.context.expires(), self.arguments());
        TestExecution { id, case_name: case, timestamp, expires, arguments }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn waits(&self) -> &[Waiting<R>] {
        &self.waits
    }

    /// The signals that it has received from senders that say who they are.
    pub(super) fn senders(&self) -> impl Iterator<Item = (usize, &Arc<Origin>)> {
        self.received.iter().filter_map(|received| Some((received.signal, received.event.origin.as_ref()?)))
    }

    /// From the trigger to the first event of each signal that a wait has received, in seconds.
    pub(super) fn latencies(&self) -> BTreeMap<String, f64> {
        let mut latencies = BTreeMap::new();
        for Received { signal, event, .. } in &self.received {
            let latency = || event.time.since(self.start).as_secs_f64();
            latencies.entry(self.case.signals[*signal].name.to_owned()).or_insert_with(latency);
        }
        latencies
    }

    /// From the trigger to now: by the execution's own clock, or the time really spent if that is longer.
    pub(super) fn runtime(&self, now: Timestamp) -> Duration {
        self.clock.since(self.start).max(now.since(self.local_start))
    }

    /// Lets the execution's clock come to that log time.
    pub(super) fn advance_clock(&mut self, time: Timestamp) {
        self.clock = self.clock.max(time);
    }

    /// Whether it has the event of that place: one that a checkpoint had may be read again.
    pub(super) fn has(&self, signal: usize, place: Place) -> bool {
        self.events(signal).any(|event| event.place == place)
    }

    /// The events of a signal that were sent with the id of the test.
    pub(super) fn own_events(&self, signal: usize) -> impl Iterator<Item = &Event> {
        self.events(signal).filter(|event| event.key.is_none())
    }

    /// The events of a signal, whether a wait has received them or not.
    fn events(&self, signal: usize) -> impl Iterator<Item = &Event> {
        let received = self.received.iter().filter(move |received| received.signal == signal);
        let received = received.map(|received| &received.event);
        received.chain(self.unheard(signal))
    }

    /// The events of a signal that no wait has received yet, in the order of time.
    fn unheard(&self, signal: usize) -> impl Iterator<Item = &Event> {
        self.unheard.iter().filter(move |(of, _)| *of == signal).map(|(_, event)| event)
    }

    /// An event has come: puts it among the unheard ones, in the order of time, which is that of the log where the
    /// log stamps its records itself.
    pub(super) fn receive(&mut self, signal: usize, event: Event) {
        self.bytes += event.payload_bytes() + EVENT_BYTES;
        let is_before = |(_, other): &(usize, Event)| (other.time, other.place) < (event.time, event.place);
        let place = self.unheard.partition_point(is_before);
        self.unheard.reserve_exact(1);
        self.unheard.insert(place, (signal, event));
    }

    /// All that a successor needs.
    pub(super) fn saved(&self) -> SavedExecution {
        let unheard = self.unheard.iter().map(|(signal, event)| (*signal, event));
        let received = self.received.iter().map(|received| (received.signal, &received.event));
        SavedExecution {
            test: self.test(),
            offset: self.offset,
            start: self.start,
            expires: self.expires,
            partition_key: self.context.partition_key().cloned(),
            origin: self.origin.clone(),
            signals: received
                .chain(unheard)
                .map(|(signal, event)| event.saved(self.case.signals[signal].name))
                .collect(),
        }
    }

    /// Its last wait has ended. That goes by the log's time, which may be behind: it has some time left in any case.
    pub(super) fn goes_on(&mut self, now: Timestamp) {
        let time_left = (self.expires.since(self.start) / 10).max(Duration::from_secs(1));
        self.local_limit = self.local_limit.max(now + time_left);
    }

    /// The case begins a wait. The clock of the wait starts at `since`.
    pub(super) fn begin_wait(&mut self, request: WaitRequest, since: Timestamp, reply: R) {
        let WaitRequest { signal, key, timeout } = request;
        let key = key.filter(|key| key != self.context.id());
        let began = since.max(self.start);
        let own = timeout.map_or(Timestamp::MAX, |timeout| began + timeout);
        let has_own_time = own <= self.expires;
        let deadline = own.min(self.expires);
        let number = self.next_wait;
        self.next_wait += 1;
        let is_elsewhere = key.is_some() || self.is_misplaced;
        let elsewhere = if is_elsewhere { Elsewhere::ToAsk } else { Elsewhere::NotNeeded };
        self.waits.push(Waiting {
            number,
            signal,
            key,
            elsewhere,
            began,
            deadline,
            has_own_time,
            is_listed: false,
            reply,
        });
    }

    /// The waits that are judged here, and whose deadlines are not among those of the shard: from now on they are.
    pub(super) fn unlisted(&mut self) -> impl Iterator<Item = &Waiting<R>> {
        let unlisted = |wait: &&mut Waiting<R>| wait.is_judged_here() && !wait.is_listed;
        self.waits.iter_mut().filter(unlisted).map(|wait| {
            wait.is_listed = true;
            &*wait
        })
    }

    /// The waits for that signal of which the partition of a key is to be asked.
    fn to_ask(&self, signal: usize) -> impl Iterator<Item = &Waiting<R>> {
        self.waits.iter().filter(move |wait| wait.signal == signal && wait.elsewhere == Elsewhere::ToAsk)
    }

    /// Whether the partition of a key is to be asked something, for the waits for that signal.
    pub(super) fn has_questions(&self, signal: usize) -> bool {
        self.to_ask(signal).next().is_some()
    }

    /// What is to be asked of it.
    pub(super) fn questions(&mut self, signal: usize, asker: &Asker) -> Vec<Question> {
        let questions = self.to_ask(signal).map(|wait| Question {
            asker: asker.clone(),
            case: self.case_name().clone(),
            signal: self.case.signals[signal].name.to_owned(),
            key: wait.key.clone().unwrap_or_else(|| self.id().clone()),
            seen: self
                .events(signal)
                .filter(|event| event.key == wait.key)
                .map(|event| event.place)
                .collect(),
            start: self.start,
            deadline: wait.deadline,
        });
        let questions = questions.collect();
        for wait in &mut self.waits {
            if wait.signal == signal && wait.elsewhere == Elsewhere::ToAsk {
                wait.elsewhere = Elsewhere::Asked;
            }
        }
        questions
    }

    /// An event has come that one of the waits for it receives: the others ask for another one.
    pub(super) fn ask_again(&mut self, signal: usize, event: &Event) {
        let asked = |wait: &&mut Waiting<R>| wait.elsewhere == Elsewhere::Asked && wait.signal == signal;
        for wait in self.waits.iter_mut().filter(asked).filter(|wait| wait.takes(event)) {
            wait.elsewhere = Elsewhere::ToAsk;
        }
    }

    /// The partition of a key has no event by that time.
    pub(super) fn nothing_elsewhere(&mut self, signal: usize, key: Option<&TestId>, until: Timestamp) {
        for wait in &mut self.waits {
            let is_meant = wait.signal == signal && wait.key.as_ref() == key && wait.deadline <= until;
            if is_meant && wait.elsewhere == Elsewhere::Asked {
                wait.elsewhere = Elsewhere::Nothing;
            }
        }
    }

    /// Ends the first wait for that signal that can be ended: with an event in time, or, if the bus has been
    /// read past its deadline, with a timeout.
    pub(super) fn resolve_next(
        &mut self,
        come_to: Timestamp,
        signal: usize,
    ) -> Option<(Waiting<R>, Result<ReceivedSignal, Timeout>)> {
        let of_signal = self.waits.iter().enumerate().filter(|(_, wait)| wait.signal == signal);
        let event_for = |wait: &Waiting<R>| {
            self.unheard.iter().position(|(of, event)| *of == signal && wait.takes(event))
        };
        let (position, event) = of_signal
            .map(|(position, wait)| (position, event_for(wait)))
            .find(|&(position, event)| event.is_some() || self.waits[position].is_over(come_to))?;
        let event = event.map(|event| self.unheard.remove(event).1);
        let wait = self.waits.remove(position);
        let result = match event {
            Some(event) => Ok(self.accept(&wait, event)),
            None => Err(self.time_out(&wait)),
        };
        Some((wait, result))
    }

    fn accept(&mut self, wait: &Waiting<R>, event: Event) -> ReceivedSignal {
        self.advance_clock(event.time);
        let Event { place: Place { partition, offset }, time, value, .. } = event.clone();
        let span = WaitSpan { began: wait.began, deadline: wait.deadline };
        // For its checkpoint: a successor executes the case from its start.
        self.received.reserve_exact(1);
        self.received.push(Received { signal: wait.signal, event, span });
        ReceivedSignal { value, partition, offset, time }
    }

    fn time_out(&mut self, wait: &Waiting<R>) -> Timeout {
        self.advance_clock(wait.deadline);
        self.timed_out.push(TimedOut::of(wait));
        let (signal, key) = (self.case.signals[wait.signal].name, wait.key.clone());
        if wait.has_own_time {
            Timeout::Signal { signal, key, timeout: wait.deadline.since(wait.began) }
        } else {
            Timeout::Expired { signal, key, expired: self.expires }
        }
    }
}

impl<R> Waiting<R> {
    pub(super) fn into_reply(self) -> R {
        self.reply
    }
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::*;

    /// As BENCHMARKS.md has it, where a wait is answered by two words.
    #[test]
    fn an_execution_in_flight_takes_224_bytes() {
        assert!(size_of::<Running<[usize; 2]>>() <= 224, "{}", size_of::<Running<[usize; 2]>>());
    }
}
