//! Signals: whom each is for.

use livecheck_core::wire::SignalEvent;
use livecheck_core::{Case, CaseName, PartitionKey, TestId, Timestamp};
use smallvec::SmallVec;

use super::Shard;
use crate::engine::checkpoint::SavedEarlySignal;
use crate::engine::early::{HeldSignal, Saved};
use crate::engine::effect::Effect;
use crate::engine::execution::{Event, Handle};
use crate::engine::holds::HandedOn;
use crate::engine::message::Place;
use crate::engine::notice::Notice;
use crate::engine::record::{Logged, SentIn, SignalRecord};
use crate::engine::selection::UnknownCases;

/// A signal on its way to its test.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) test: (CaseName, TestId),
    /// The name of the signal.
    pub(super) name: String,
    /// When its test was triggered, where its headers say.
    pub(super) triggered: Option<Timestamp>,
    pub(super) event: Event,
    pub(super) came: Came,
}

/// The way by which a signal came.
#[derive(Debug)]
pub(super) enum Came {
    /// It lies in the own partition of the bus.
    ByBus(SentIn),
    /// It lies in another one, and the shard of that has handed it on; its test may come until that log time.
    HandedOn { handed_on: HandedOn, until: Timestamp },
}

impl Came {
    /// Until when, in log time, the test may come of a signal of that time.
    fn until(&self, time: Timestamp, case: &Case) -> Timestamp {
        match self {
            Self::HandedOn { until, .. } => *until,
            Self::ByBus(sent_in) => {
                let lifetime = sent_in.times.map(|of_test| of_test.expires.since(of_test.triggered));
                time + lifetime.unwrap_or(case.settings.test_expires)
            }
        }
    }

    fn handed_on(&self) -> Option<HandedOn> {
        match self {
            Self::ByBus(_) => None,
            Self::HandedOn { handed_on, .. } => Some(*handed_on),
        }
    }
}

impl<R> Shard<R> {
    /// A signal was read.
    pub fn signal(&mut self, record: Logged<SignalRecord>, now: Timestamp) {
        let Logged { offset, time, value: record } = record;
        let has_come_further = self.read_from_bus(offset, time, now);
        let SignalRecord { event: SignalEvent { signal_name, case_name, key, value }, sent_in, origin } =
            record;
        let place = Place { partition: self.placement.partition(), offset };
        let incoming = Incoming {
            test: (case_name, key),
            name: signal_name,
            triggered: sent_in.times.map(|of_test| of_test.triggered),
            event: Event { place, key: None, time, value, origin },
            came: Came::ByBus(sent_in),
        };
        self.take(incoming, now);
        if has_come_further {
            self.judge(now);
        }
    }

    /// Gives a signal to all whom it is for.
    pub(super) fn take(&mut self, incoming: Incoming, now: Timestamp) {
        let Incoming { test, name, event, came, .. } = &incoming;
        let case = self.selection.cases.get(test.0.as_str());
        let Some((case, signal)) = case.and_then(|case| Some((case, case.signal(name)?))) else {
            return self.unknown_signal(incoming.test.0, incoming.name, incoming.event.place.offset);
        };
        let until = came.until(event.time, case);
        let asked_for = (!self.questions.is_empty()).then(|| (test.clone(), event.clone()));
        self.route(incoming, (case, signal), until, now);
        if let Some((test, event)) = asked_for {
            self.answer_waiting(&test, case.signals[signal].name, (&event, until), now);
        }
    }

    /// Gives a signal to its test, or holds it until that comes.
    fn route(
        &mut self,
        incoming: Incoming,
        (case, signal): (&'static Case, usize),
        until: Timestamp,
        now: Timestamp,
    ) {
        let Incoming { test, name: _, triggered, event, came } = incoming;
        let found = self.find(&test, triggered, event.time);
        if let Some(belongs_in) = self.belongs_elsewhere(found, &test.1, &came) {
            if !self.strays.was_handed_on(event.place.offset) {
                let (signal, (case_name, id)) = (event.saved(case.signals[signal].name), test);
                let saved = SavedEarlySignal { case: case_name, id, triggered, until, signal };
                self.hand_on(saved, belongs_in, case.name);
            }
            return;
        }
        if let Some(execution) = found {
            return self.receive(execution, signal, event, &came, now);
        }
        let ended = match triggered {
            Some(triggered) => self.recent.contains(&test.0, &test.1, triggered),
            None => self.recent.contains_id(&test.0, &test.1),
        };
        if ended {
            self.tally.late_signals += 1;
            return;
        }
        if self.early.holds(&test, event.place) {
            return; // by a checkpoint
        }
        let saved = self.save_at(now).map_or(Saved::Never, Saved::At);
        let (name, handed_on, is_given) = (case.signals[signal].name, came.handed_on(), false);
        self.early
            .hold(test, HeldSignal { signal, name, event, handed_on, triggered, until, saved, is_given });
        self.relieve_early();
    }

    /// The partition in which a signal is looked for, where that is not this one: that of its test, where the sender
    /// knows it, or else that of its key.
    fn belongs_elsewhere(&self, found: Option<Handle>, key: &TestId, came: &Came) -> Option<i32> {
        let Came::ByBus(sent_in) = came else { return None };
        if found.and_then(|found| self.in_flight.get(found)).is_some_and(|running| !running.is_misplaced) {
            return None; // nearly always: the key is the id of the test, which lies in the partition of its id
        }
        let of_test = sent_in.partition_key.as_ref().filter(|_| !self.placement.is_of_key(key.as_str()));
        let belongs_in = self.placement.of_key(of_test.map_or(key.as_str(), PartitionKey::as_str));
        (belongs_in != self.placement.partition()).then_some(belongs_in)
    }

    /// An execution in flight receives a signal.
    fn receive(&mut self, execution: Handle, signal: usize, event: Event, came: &Came, now: Timestamp) {
        let Some(running) = self.in_flight.get_mut(execution) else { return };
        if running.has(signal, event.place) {
            return; // from its checkpoint, or its signal's
        }
        match came {
            Came::ByBus(_) if running.unsaved_from.is_none() => {
                running.unsaved_from = Some(event.place.offset);
                self.holds.hold_bus(event.place.offset);
            }
            Came::ByBus(_) => {}
            Came::HandedOn { handed_on, .. } => self.holds.take(execution, *handed_on),
        }
        self.take_in(execution, signal, event, now);
        self.resolve(execution, signal, now);
    }

    /// Gives a signal to an execution, and sees to it that it will be saved.
    pub(super) fn take_in(&mut self, execution: Handle, signal: usize, event: Event, now: Timestamp) {
        let save_at = self.save_at(now);
        let Some(running) = self.in_flight.get_mut(execution) else { return };
        if running.save_at.is_none() {
            running.save_at = save_at;
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
        (case, id): &(CaseName, TestId),
        triggered: Option<Timestamp>,
        time: Timestamp,
    ) -> Option<Handle> {
        let mut of_case = self.in_flight.of_id(id).filter(|(_, running)| running.case_name() == case);
        let found = match triggered {
            Some(triggered) => of_case.find(|(_, running)| running.triggered() == triggered),
            None => {
                let mut live: SmallVec<[_; 2]> = of_case.collect();
                live.sort_by_key(|(_, running)| (running.start, running.offset));
                let begun = live.partition_point(|(_, running)| running.start <= time);
                // Before the first of them was logged it can only be early for that one.
                live.get(begun.saturating_sub(1)).copied()
            }
        };
        found.map(|(execution, _)| execution)
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
}
