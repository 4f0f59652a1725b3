//! What an execution that did not pass tells of itself.

use std::sync::Arc;

use livecheck_core::wire::{
    Explanation, MissingStep, Place as Placed, SignalStep, State, Step, TriggerStep, WaitEnd, WaitSpan,
    WaitStep,
};
use livecheck_core::{Origin, TestId, Topics};

use super::{Event, Running, Waiting};

/// A wait whose time has passed.
#[derive(Clone, Debug)]
pub(super) struct TimedOut {
    signal: usize,
    key: Option<TestId>,
    span: WaitSpan,
}

impl TimedOut {
    pub(super) fn of<R>(wait: &Waiting<R>) -> Self {
        Self { signal: wait.signal, key: wait.key.clone(), span: wait.span() }
    }
}

/// What is known beside the execution.
pub(in crate::engine) struct Surroundings<'a> {
    /// What the topics are called.
    pub(in crate::engine) topics: &'a Topics,
    /// Where the execution is.
    pub(in crate::engine) partition: i32,
    /// Who sent each signal of the case for another test, where that was seen.
    pub(in crate::engine) senders: &'a [Option<Arc<Origin>>],
}

impl<R> Running<R> {
    /// How it went so far, and, if its verdict is a timeout, what is missing.
    pub(in crate::engine) fn explanation(&self, state: State, around: &Surroundings<'_>) -> Explanation {
        let trigger = Step::Trigger(TriggerStep {
            time: self.start,
            at: placed(&around.topics.test_topic, around.partition, self.offset),
            origin: known(self.origin.as_deref()),
        });
        let received = self.received.iter().map(|received| {
            self.signal_step(received.signal, &received.event, Some(received.span), around.topics)
        });
        let unheard = self.unheard.iter();
        let unheard = unheard.map(|(signal, event)| self.signal_step(*signal, event, None, around.topics));
        let timed_out = self
            .timed_out
            .iter()
            .map(|TimedOut { signal, key, span }| (*signal, key, *span, WaitEnd::TimedOut));
        let cancelled =
            self.waits.iter().map(|wait| (wait.signal, &wait.key, wait.span(), WaitEnd::Cancelled));
        let waits = timed_out.chain(cancelled).map(|(signal, key, WaitSpan { began, deadline }, end)| {
            let name = self.case.signals[signal].name.to_owned();
            Step::Wait(WaitStep { name, key: key.clone(), began, deadline, end })
        });
        let mut timeline: Vec<Step> = received.chain(unheard).chain(waits).collect();
        timeline.sort_by_key(Step::time);
        timeline.insert(0, trigger);
        let last_step = timeline.iter().rev().find_map(|step| match step {
            Step::Signal(signal) => Some(signal.name.clone()),
            _ => None,
        });
        let waiting_for = (state == State::Timeout).then(|| self.missing(around.senders)).flatten();
        Explanation { timeline, last_step, waiting_for, ..Explanation::default() }.bounded()
    }

    fn signal_step(&self, signal: usize, event: &Event, wait: Option<WaitSpan>, topics: &Topics) -> Step {
        let definition = &self.case.signals[signal];
        let missed = |ended: &TimedOut| {
            ended.signal == signal && ended.key == event.key && ended.span.deadline < event.time
        };
        Step::Signal(SignalStep {
            name: definition.name.to_owned(),
            time: event.time,
            latency: event.time.since(self.start).as_secs_f64(),
            at: placed(&topics.bus_topic, event.place.partition, event.place.offset),
            origin: known(event.origin.as_deref()),
            key: event.key.clone(),
            value: event
                .value
                .as_ref()
                .filter(|_| !definition.is_redacted)
                .map(|value| Explanation::value(value.get())),
            is_late: wait.is_none() && self.timed_out.iter().any(missed),
            wait,
        })
    }

    /// The consumer group of whoever sends the signal that was waited for last, in vain.
    pub(in crate::engine) fn consumer_behind(&self, senders: &[Option<Arc<Origin>>]) -> Option<String> {
        let signal = self.timed_out.last()?.signal;
        let named = self.case.signals[signal].consumer_group.map(str::to_owned);
        named.or_else(|| senders.get(signal)?.as_ref()?.consumer_group.clone())
    }

    /// The wait that ended last, in vain.
    fn missing(&self, senders: &[Option<Arc<Origin>>]) -> Option<MissingStep> {
        let TimedOut { signal, key, span } = self.timed_out.last()?;
        Some(MissingStep {
            name: self.case.signals[*signal].name.to_owned(),
            key: key.clone(),
            deadline: span.deadline,
            origin: senders.get(*signal).and_then(Option::as_deref).cloned(),
            consumer: None,
        })
    }
}

impl<R> Waiting<R> {
    fn span(&self) -> WaitSpan {
        WaitSpan { began: self.began, deadline: self.deadline }
    }
}

fn placed(topic: &str, partition: i32, offset: i64) -> Placed {
    Placed { topic: topic.to_owned(), partition, offset }
}

fn known(origin: Option<&Origin>) -> Origin {
    origin.cloned().unwrap_or_default()
}
