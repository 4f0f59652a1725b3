//! Questions of other shards, and of the own one, that cannot be answered yet.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use livecheck_core::{CaseName, TestId, Timestamp};

use super::checkpoint::{Checkpoint, CheckpointKey, SavedQuestion};
use super::message::{Place, Question};

/// What a question takes beside its texts, roughly: its places in the maps.
const OVERHEAD_BYTES: usize = 400;

/// Holds questions until the bus has their answer.
#[derive(Debug, Default)]
pub(super) struct Questions {
    by_key: HashMap<(CaseName, TestId), HashMap<Arc<Question>, Pending>>,
    /// All of them by deadline, in log time.
    deadlines: BTreeMap<(Timestamp, u64), Arc<Question>>,
    /// Where those were read that no checkpoint holds.
    unsaved: BTreeSet<i64>,
    /// When, in local time, those are to be saved.
    save_at: BTreeMap<(Timestamp, u64), Arc<Question>>,
    /// Those that have been answered, and have a checkpoint.
    removed: Vec<CheckpointKey>,
    next_number: u64,
    bytes: usize,
}

/// A question that waits for its answer.
#[derive(Debug)]
struct Pending {
    number: u64,
    /// Where it was read; none, if the shard asks itself, and would ask again.
    offset: Option<i64>,
    is_saved: bool,
    save_at: Option<Timestamp>,
}

impl Questions {
    pub(super) fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// A question that was read at `offset`, and is to be saved at `save_at`. One that is held already is held once.
    pub(super) fn hold(&mut self, question: Question, offset: Option<i64>, save_at: Option<Timestamp>) {
        let save_at = save_at.filter(|_| offset.is_some());
        if let Some((question, number)) = self.insert(question, offset, false, save_at) {
            self.unsaved.extend(offset);
            self.save_at.extend(save_at.map(|save_at| ((save_at, number), question)));
        }
    }

    /// A question that a predecessor has saved.
    pub(super) fn restore(&mut self, saved: SavedQuestion) {
        if self.insert(saved.question, Some(saved.offset), true, None).is_none() {
            self.removed.push(CheckpointKey::Question(saved.offset));
        }
    }

    fn insert(
        &mut self,
        question: Question,
        offset: Option<i64>,
        is_saved: bool,
        save_at: Option<Timestamp>,
    ) -> Option<(Arc<Question>, u64)> {
        let of_key = self.by_key.entry((question.case.clone(), question.key.clone())).or_default();
        if of_key.contains_key(&question) {
            return None;
        }
        let number = self.next_number;
        self.next_number += 1;
        self.bytes += bytes(&question);
        let question = Arc::new(question);
        of_key.insert(Arc::clone(&question), Pending { number, offset, is_saved, save_at });
        self.deadlines.insert((question.deadline, number), Arc::clone(&question));
        Some((question, number))
    }

    /// Takes out the questions to which an event is the answer, whose tests may come until that log time.
    pub(super) fn take_answered_by(
        &mut self,
        key: &(CaseName, TestId),
        signal: &str,
        (place, time): (Place, Timestamp),
        until: Timestamp,
    ) -> Vec<Question> {
        let Some(of_key) = self.by_key.get(key) else { return Vec::new() };
        let is_answered = |question: &&Arc<Question>| {
            let in_time = time <= question.deadline && question.start <= until;
            question.signal == signal && in_time && !question.seen.contains(&place)
        };
        let mut answered: Vec<_> = of_key.iter().filter(|(question, _)| is_answered(question)).collect();
        answered.sort_unstable_by_key(|(_, pending)| pending.number);
        let answered: Vec<_> = answered.into_iter().map(|(question, _)| Arc::clone(question)).collect();
        answered.into_iter().map(|question| self.take(question)).collect()
    }

    /// Takes out the next question whose deadline is not behind that log time.
    pub(super) fn take_overdue(&mut self, read_to: Timestamp) -> Option<Question> {
        let first = self.deadlines.first_entry().filter(|entry| entry.key().0 <= read_to)?;
        let question = Arc::clone(first.get());
        Some(self.take(question))
    }

    /// The first deadline from that log time on.
    pub(super) fn first_deadline_from(&self, time: Timestamp) -> Option<Timestamp> {
        self.deadlines.range((time, 0)..).next().map(|((deadline, _), _)| *deadline)
    }

    fn take(&mut self, question: Arc<Question>) -> Question {
        let key = (question.case.clone(), question.key.clone());
        if let Some(of_key) = self.by_key.get_mut(&key) {
            let pending = of_key.remove(&question);
            if of_key.is_empty() {
                self.by_key.remove(&key);
            }
            if let Some(pending) = pending {
                self.bytes -= bytes(&question);
                self.forget(question.deadline, &pending);
            }
        }
        Arc::unwrap_or_clone(question)
    }

    fn forget(&mut self, deadline: Timestamp, pending: &Pending) {
        self.deadlines.remove(&(deadline, pending.number));
        if let Some(save_at) = pending.save_at {
            self.save_at.remove(&(save_at, pending.number));
        }
        if let Some(offset) = pending.offset {
            if pending.is_saved {
                self.removed.push(CheckpointKey::Question(offset));
            } else {
                self.unsaved.remove(&offset);
            }
        }
    }

    /// When, in local time, the next one is to be saved.
    pub(super) fn next_save(&self) -> Option<Timestamp> {
        self.save_at.first_key_value().map(|((save_at, _), _)| *save_at)
    }

    /// Saves the next one that is to be saved at `now`, if there is one.
    pub(super) fn save_next(&mut self, now: Timestamp) -> Option<Checkpoint> {
        let question = self.save_at.first_entry().filter(|entry| entry.key().0 <= now)?.remove();
        let of_key = self.by_key.get_mut(&(question.case.clone(), question.key.clone()))?;
        let pending = of_key.get_mut(&question)?;
        pending.save_at = None;
        pending.is_saved = true;
        let offset = pending.offset?;
        self.unsaved.remove(&offset);
        let question = Question::clone(&question);
        Some(Checkpoint::Question(Box::new(SavedQuestion { question, offset })))
    }

    /// What was saved, and has ended since this was asked last.
    pub(super) fn take_removed(&mut self) -> Vec<CheckpointKey> {
        std::mem::take(&mut self.removed)
    }

    /// Where the first one was read that no checkpoint holds.
    pub(super) fn first_unsaved(&self) -> Option<i64> {
        self.unsaved.first().copied()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    #[cfg(test)]
    pub(super) fn holds_nothing(&self) -> bool {
        self.by_key.is_empty()
            && self.bytes == 0
            && self.deadlines.is_empty()
            && self.unsaved.is_empty()
            && self.save_at.is_empty()
    }
}

/// What a question takes, roughly.
fn bytes(question: &Question) -> usize {
    let Question { asker, case, signal, key, seen, start: _, deadline: _ } = question;
    let texts = [asker.test.as_str(), case.as_str(), signal, key.as_str()];
    OVERHEAD_BYTES + texts.iter().map(|text| text.len()).sum::<usize>() + size_of_val(seen.as_slice())
}
