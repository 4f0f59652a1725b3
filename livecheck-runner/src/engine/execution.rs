//! One execution in flight: what it has received, and what it waits for.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use livecheck_core::signal::{ReceivedSignal, WaitRequest};
use livecheck_core::wire::TestExecution;
use livecheck_core::{Case, Timeout, Timestamp};
use serde_json::value::RawValue;

use super::checkpoint::{SavedExecution, SavedSignal};

/// What an execution takes beside its arguments, roughly: its places in the shard's maps, and its task.
const OVERHEAD_BYTES: usize = 1500;
/// What a received event takes beside its payload.
const EVENT_BYTES: usize = 64;

/// Names an execution of a shard; a handle that has outlived its execution names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle {
    pub(super) slot: usize,
    pub(super) generation: u64,
}

/// A signal for one execution.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) offset: i64,
    pub(super) time: Timestamp,
    pub(super) value: Option<Arc<RawValue>>,
}

impl Event {
    pub(super) fn payload_bytes(&self) -> usize {
        self.value.as_ref().map_or(0, |value| value.get().len())
    }

    pub(super) fn saved(&self, name: &str) -> SavedSignal {
        SavedSignal { name: name.to_owned(), offset: self.offset, time: self.time, value: self.value.clone() }
    }
}

impl From<SavedSignal> for Event {
    fn from(SavedSignal { offset, time, value, .. }: SavedSignal) -> Self {
        Self { offset, time, value }
    }
}

/// A wait that is not over.
#[derive(Debug)]
pub(super) struct Waiting<R> {
    pub(super) number: u32,
    pub(super) signal: usize,
    pub(super) deadline: Timestamp,
    /// The wait's own time; none where it lasts until the test expires.
    timeout: Option<Duration>,
    reply: R,
}

#[derive(Debug)]
pub(super) struct Running<R> {
    pub(super) generation: u64,
    pub(super) case: &'static Case,
    pub(super) test: TestExecution,
    /// The offset of the trigger.
    pub(super) offset: i64,
    /// In log time.
    pub(super) start: Timestamp,
    /// In log time.
    pub(super) expires: Timestamp,
    /// When it is aborted if it does not end, in local time.
    pub(super) local_limit: Timestamp,
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
    /// By signal: events that no wait has received yet.
    inboxes: Box<[VecDeque<Event>]>,
    /// Events that waits have received, each with its signal.
    received: Vec<(usize, Event)>,
    waits: Vec<Waiting<R>>,
    next_wait: u32,
    latencies: BTreeMap<&'static str, f64>,
    bytes: usize,
}

impl<R> Running<R> {
    pub(super) fn new(
        generation: u64,
        case: &'static Case,
        test: TestExecution,
        offset: i64,
        (start, expires): (Timestamp, Timestamp),
        local_start: Timestamp,
    ) -> Self {
        let bytes = OVERHEAD_BYTES + test.arguments.json_bytes();
        Self {
            generation,
            case,
            test,
            offset,
            start,
            expires,
            local_limit: local_start + expires.since(start),
            local_start,
            unsaved_from: None,
            is_saved: false,
            save_at: None,
            clock: start,
            inboxes: case.signals.iter().map(|_| VecDeque::new()).collect(),
            received: Vec::new(),
            waits: Vec::new(),
            next_wait: 0,
            latencies: BTreeMap::new(),
            bytes,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn waits(&self) -> &[Waiting<R>] {
        &self.waits
    }

    pub(super) fn into_latencies(self) -> (TestExecution, BTreeMap<String, f64>) {
        (self.test, self.latencies.into_iter().map(|(name, latency)| (name.to_owned(), latency)).collect())
    }

    /// From the trigger to now: by the execution's own clock, or the time really spent if that is longer.
    pub(super) fn runtime(&self, now: Timestamp) -> Duration {
        self.clock.since(self.start).max(now.since(self.local_start))
    }

    /// Lets the execution's clock come to that log time.
    pub(super) fn advance_clock(&mut self, time: Timestamp) {
        self.clock = self.clock.max(time);
    }

    /// Whether it has the event of that offset: one that a checkpoint had may be read again.
    pub(super) fn has(&self, signal: usize, offset: i64) -> bool {
        let received = self.received.iter().map(|(_, event)| event);
        received.chain(&self.inboxes[signal]).any(|event| event.offset == offset)
    }

    /// An event has come: puts it into its inbox, in the order of time, which is that of the log where the log
    /// stamps its records itself.
    pub(super) fn receive(&mut self, signal: usize, event: Event) {
        self.bytes += event.payload_bytes() + EVENT_BYTES;
        let inbox = &mut self.inboxes[signal];
        let place = inbox.partition_point(|other| (other.time, other.offset) < (event.time, event.offset));
        inbox.insert(place, event);
    }

    /// All that a successor needs.
    pub(super) fn saved(&self) -> SavedExecution {
        let waiting = self.inboxes.iter().enumerate();
        let waiting = waiting.flat_map(|(signal, inbox)| inbox.iter().map(move |event| (signal, event)));
        let received = self.received.iter().map(|(signal, event)| (*signal, event));
        SavedExecution {
            test: self.test.clone(),
            offset: self.offset,
            start: self.start,
            expires: self.expires,
            signals: received
                .chain(waiting)
                .map(|(signal, event)| event.saved(self.case.signals[signal].name))
                .collect(),
        }
    }

    /// How long an execution whose wait cannot be judged yet is left alone.
    pub(super) fn look_again_after(&self) -> Duration {
        (self.expires.since(self.start) / 10).max(Duration::from_secs(1))
    }

    /// The case begins a wait. The clock of the wait starts at `since`.
    pub(super) fn begin_wait(
        &mut self,
        request: WaitRequest,
        since: Timestamp,
        reply: R,
    ) -> (u32, Timestamp) {
        let WaitRequest { signal, timeout } = request;
        let own = timeout.map_or(Timestamp::MAX, |timeout| since.max(self.start) + timeout);
        let timeout = timeout.filter(|_| own <= self.expires);
        let deadline = own.min(self.expires);
        let number = self.next_wait;
        self.next_wait += 1;
        self.waits.push(Waiting { number, signal, deadline, timeout, reply });
        (number, deadline)
    }

    /// Ends the first wait for that signal that can be ended: with an event in time, or, if the bus has been
    /// read past its deadline, with a timeout.
    pub(super) fn resolve_next(
        &mut self,
        partition: i32,
        bus_read_to: Timestamp,
        signal: usize,
    ) -> Option<(Waiting<R>, Result<ReceivedSignal, Timeout>)> {
        let first = self.inboxes[signal].front().map(|event| event.time);
        let position = self.waits.iter().position(|wait| {
            wait.signal == signal
                && (first.is_some_and(|time| time <= wait.deadline) || wait.deadline <= bus_read_to)
        })?;
        let in_time = first.is_some_and(|time| time <= self.waits[position].deadline);
        let event = if in_time { self.inboxes[signal].pop_front() } else { None };
        let wait = self.waits.remove(position);
        let result = match event {
            Some(event) => Ok(self.accept(partition, &wait, event)),
            None => Err(self.time_out(&wait)),
        };
        Some((wait, result))
    }

    fn accept(&mut self, partition: i32, wait: &Waiting<R>, event: Event) -> ReceivedSignal {
        self.advance_clock(event.time);
        let name = self.case.signals[wait.signal].name;
        self.latencies.entry(name).or_insert_with(|| event.time.since(self.start).as_secs_f64());
        let Event { offset, time, value } = event.clone();
        // For its checkpoint: a successor executes the case from its start.
        self.received.push((wait.signal, event));
        ReceivedSignal { value, partition, offset, time }
    }

    fn time_out(&mut self, wait: &Waiting<R>) -> Timeout {
        self.advance_clock(wait.deadline);
        let signal = self.case.signals[wait.signal].name;
        match wait.timeout {
            Some(timeout) => Timeout::Signal { signal, timeout },
            None => Timeout::Expired { signal, expired: self.expires },
        }
    }
}

impl<R> Waiting<R> {
    pub(super) fn into_reply(self) -> R {
        self.reply
    }
}
