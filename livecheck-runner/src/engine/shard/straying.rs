//! Signals in another partition than that of their key: handing them on, and knowing how far that has come.

use livecheck_core::Timestamp;

use super::Shard;
use super::routing::{Came, Incoming};
use crate::engine::checkpoint::SavedEarlySignal;
use crate::engine::effect::Effect;
use crate::engine::execution::Event;
use crate::engine::holds::HandedOn;
use crate::engine::message::{Message, ReadTo};
use crate::engine::notice::Notice;

impl<R> Shard<R> {
    /// Hands a signal on to the shard of its key, in the transaction that commits that it was read.
    pub(super) fn hand_on(&mut self, saved: SavedEarlySignal, belongs_in: i32, case: &'static str) {
        let (place, time) = (saved.signal.place(self.placement.partition()), saved.signal.time);
        self.effects.push(Effect::Notice(Notice::MisplacedSignal {
            case: case.into(),
            signal: saved.signal.name.clone(),
            partition: place.partition,
            belongs_in,
        }));
        self.strays.hand_on(place.offset);
        if self.strays.see(time) {
            for to in self.placement.others() {
                self.effects.push(Effect::Send { to, message: Box::new(Message::StraySeen(time)) });
            }
        }
        self.effects.push(Effect::Send { to: belongs_in, message: Box::new(Message::Stray(saved)) });
    }

    /// Another shard has handed on a signal, by the message at that offset.
    pub(super) fn stray(&mut self, saved: SavedEarlySignal, offset: Option<i64>, now: Timestamp) {
        let SavedEarlySignal { case, id, triggered, until, signal } = saved;
        self.strays.see(signal.time);
        let handed_on = offset.map_or(HandedOn::Nowhere, HandedOn::Message);
        let incoming = Incoming {
            test: (case, id),
            name: signal.name.clone(),
            triggered,
            event: Event::restored(signal, self.placement.partition()),
            came: Came::HandedOn { handed_on, until },
        };
        self.take(incoming, now);
    }

    /// Asks the others whether all that they hand on has come, where something waits for that to be judged.
    pub(super) fn ask_how_far(&mut self, now: Timestamp) {
        let read_to = self.bus.read_to();
        if self.come_to >= read_to {
            return self.strays.others_mut().stop_asking(); // as ever, but where there are strays
        }
        let waits = self.deadlines.first().map(|deadline| deadline.time);
        let questions = self.questions.first_deadline_from(Timestamp::MIN);
        if ![waits, questions].into_iter().flatten().any(|deadline| deadline <= read_to) {
            return self.strays.others_mut().stop_asking();
        }
        let wanted = ReadTo { partition: self.placement.partition(), time: read_to };
        for to in self.strays.others_mut().ask(read_to, now) {
            self.effects.push(Effect::Send { to, message: Box::new(Message::HowFar(wanted)) });
        }
    }

    /// Another shard wants to know once all up to that time has been handed on.
    pub(super) fn asked_how_far(&mut self, wanted: ReadTo, now: Timestamp) {
        self.strays.others_mut().inquire(wanted.time, wanted.partition);
        self.tell_how_far(now);
    }

    /// Tells those who want to know it how far the bus has been read. It is told behind all that was handed on.
    pub(super) fn tell_how_far(&mut self, now: Timestamp) {
        let read = ReadTo { partition: self.placement.partition(), time: self.bus.read_to() };
        while let Some(asker) = self.strays.others_mut().take_inquiry(read.time) {
            self.say(asker, Message::ReadTo(read), now);
        }
    }

    /// What lay in another partition up to that time has come.
    pub(super) fn others_read_to(&mut self, read: ReadTo, now: Timestamp) {
        self.strays.came(read.partition, read.time);
        self.judge(now);
    }
}
