//! Signals: whom each is for.

use livecheck_core::wire::SignalEvent;
use livecheck_core::{Case, CaseName, Context, TestId, Timestamp};
use smallvec::SmallVec;

use super::Shard;
use crate::engine::early::{HeldSignal, Saved};
use crate::engine::effect::Effect;
use crate::engine::execution::{Event, Handle};
use crate::engine::message::Place;
use crate::engine::notice::Notice;
use crate::engine::record::{Logged, SignalRecord};
use crate::engine::selection::UnknownCases;

impl<R> Shard<R> {
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
        if let Some(execution) = self.find(&event.case_name, &event.key, triggered, time) {
            return self.receive(execution, signal, received, now);
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
    fn receive(&mut self, execution: Handle, signal: usize, event: Event, now: Timestamp) {
        let Some(running) = self.in_flight.get_mut(execution) else { return };
        if running.has(signal, event.place) {
            return; // from its checkpoint, or its signal's
        }
        if running.unsaved_from.is_none() {
            running.unsaved_from = Some(event.place.offset);
            self.holds.hold_bus(event.place.offset);
        }
        self.take_in(execution, signal, event, now);
        self.resolve(execution, signal);
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
        case: &CaseName,
        id: &TestId,
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
