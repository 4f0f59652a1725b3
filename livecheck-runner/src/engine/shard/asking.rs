//! Signals in another partition than the test that waits for them: asking, and answering.

use livecheck_core::{CaseName, TestId, Timestamp};

use super::Shard;
use crate::engine::checkpoint::SavedSignal;
use crate::engine::effect::Effect;
use crate::engine::execution::{Event, Handle};
use crate::engine::message::{Answer, Asker, Message, Question};

impl<R> Shard<R> {
    /// Another shard has said something: at that offset of its topic, or, without one, within this process.
    pub fn message(&mut self, offset: Option<i64>, message: Message, now: Timestamp) {
        if let Some(offset) = offset {
            self.message_read(offset);
        }
        match message {
            Message::Question(question) => self.asked(question, offset, now),
            Message::Answer(answer) => self.answered(answer, now),
            Message::Stray(saved) => self.stray(saved, offset, now),
            Message::StraySeen(time) => drop(self.strays.see(time)),
            Message::HowFar(wanted) => self.asked_how_far(wanted, now),
            Message::ReadTo(read) => self.others_read_to(read, now),
            Message::TestsHowFar(wanted) => self.asked_for_tests(wanted, now),
            Message::TestsDone(done) => self.tests_done(done, now),
        }
    }

    /// A message of that offset was read, though not understood.
    pub fn message_read(&mut self, offset: i64) {
        self.next_message = self.next_message.max(offset + 1);
    }

    /// Asks for the signals that this execution waits for, and that lie elsewhere.
    pub(super) fn ask(&mut self, execution: Handle, signal: usize, now: Timestamp) {
        let Some(running) = self.in_flight.get_mut(execution) else { return };
        if !running.has_questions(signal) {
            return; // nearly always: see `belongs_elsewhere`
        }
        let asker = Asker {
            partition: self.placement.partition(),
            trigger: running.offset,
            test: running.id().clone(),
        };
        for question in running.questions(signal, &asker) {
            let owner = self.placement.of_key(question.key.as_str());
            self.say(owner, Message::Question(question), now);
        }
    }

    pub(super) fn say(&mut self, to: i32, message: Message, now: Timestamp) {
        if to == self.placement.partition() {
            self.message(None, message, now);
        } else {
            self.effects.push(Effect::Send { to, message: Box::new(message) });
        }
    }

    fn asked(&mut self, question: Question, offset: Option<i64>, now: Timestamp) {
        let event = self.first_event(&question);
        if event.is_some() || question.deadline <= self.come_to {
            self.answer(question, event, now);
        } else {
            self.questions.hold(question, offset, self.save_at(now));
            self.ask_how_far(now);
        }
    }

    fn answer(&mut self, question: Question, event: Option<SavedSignal>, now: Timestamp) {
        self.say(question.asker.partition, Message::Answer(Answer { question, event }), now);
    }

    /// The answer to a question in what has been read and is still known: signals that no test here has taken, and
    /// those of a test in flight whose id is that key.
    fn first_event(&mut self, question: &Question) -> Option<SavedSignal> {
        let case = self.selection.cases.get(question.case.as_str())?;
        let signal = case.signal(&question.signal)?;
        let fits = |event: &Event| event.time <= question.deadline && !question.seen.contains(&event.place);
        let of_tests = self
            .in_flight
            .of_id(&question.key)
            .filter(|(_, running)| *running.case_name() == question.case)
            .flat_map(|(_, running)| running.own_events(signal));
        let test = (question.case.clone(), question.key.clone());
        let found = of_tests
            .chain(self.early.of_test(&test, signal, question.start))
            .filter(|event| fits(event))
            .min_by_key(|event| (event.time, event.place))?
            .saved(case.signals[signal].name);
        self.early.given(&test, found.place(self.placement.partition()));
        Some(found)
    }

    /// An event was read, whose tests may come until that log time: it is the answer to questions that wait for it.
    pub(super) fn answer_waiting(
        &mut self,
        key: &(CaseName, TestId),
        signal: &str,
        (event, until): (&Event, Timestamp),
        now: Timestamp,
    ) {
        let answered = self.questions.take_answered_by(key, signal, (event.place, event.time), until);
        if !answered.is_empty() {
            self.early.given(key, event.place);
        }
        for question in answered {
            self.answer(question, Some(event.saved(signal)), now);
        }
    }

    /// More has come: no event can come any more for questions whose deadlines are behind.
    pub(super) fn answer_overdue(&mut self, now: Timestamp) {
        while let Some(question) = self.questions.take_overdue(self.come_to) {
            self.answer(question, None, now);
        }
    }

    /// What this shard has asked is answered. An execution that has ended does not want to know; one that is to be
    /// executed again will ask again.
    fn answered(&mut self, answer: Answer, now: Timestamp) {
        let Answer { question, event } = answer;
        let mut of_id = self.in_flight.of_id(&question.asker.test);
        let asker = of_id.find(|(_, running)| running.offset == question.asker.trigger);
        let Some(execution) = asker.map(|(execution, _)| execution) else { return };
        drop(of_id);
        let Some(running) = self.in_flight.get_mut(execution) else { return };
        let Some(signal) = running.case.signal(&question.signal) else { return };
        let key = (question.key != *running.id()).then_some(question.key);
        match event {
            Some(saved) => {
                let event = Event { key, ..Event::restored(saved, self.placement.partition()) };
                running.ask_again(signal, &event);
                if !running.has(signal, event.place) {
                    self.take_in(execution, signal, event, now);
                }
            }
            None => running.nothing_elsewhere(signal, key.as_ref(), question.deadline),
        }
        self.resolve(execution, signal, now);
        self.ask(execution, signal, now);
    }
}
