//! What a partition remembers of each idempotent producer: enough to drop repeats, refuse gaps, fence old
//! epochs, and know where open transactions began.

use std::collections::{BTreeSet, HashMap, VecDeque};

use kafka_protocol::ResponseError;
use serde::{Deserialize, Serialize};

use super::batch::Batch;

/// A producer's identity; a later epoch of the same id fences the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Producer {
    pub(crate) id: i64,
    pub(crate) epoch: i16,
}

/// A repeat of one of the last few batches is recognised; clients keep at most this many in flight.
const REMEMBERED: usize = 5;

const NO_SEQUENCE: i32 = -1;

#[derive(Debug, Clone, Copy)]
struct Written {
    first_sequence: i32,
    last_sequence: i32,
    base_offset: i64,
    append_time: Option<i64>,
}

#[derive(Debug)]
struct Memory {
    epoch: i16,
    written: VecDeque<Written>,
    /// Where its open transaction began in this partition.
    open_since: Option<i64>,
    /// When it last wrote, for expiry.
    last_seen: i64,
    /// Only the end of a transaction tells of it: what it wrote before, if anything, has gone.
    by_marker_alone: bool,
}

/// What to do with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    Append,
    /// It is in the log already, there.
    Repeat {
        base_offset: i64,
        append_time: Option<i64>,
    },
}

#[derive(Debug, Default)]
pub(super) struct Producers {
    known: HashMap<i64, Memory>,
    /// First offsets of the open transactions.
    open: BTreeSet<i64>,
}

impl Producers {
    /// Whether this batch continues what its producer wrote before.
    pub(super) fn admit(&self, batch: &Batch) -> Result<Admission, ResponseError> {
        let Producer { id, epoch } = batch.producer();
        if id < 0 {
            return Ok(Admission::Append);
        }
        // A producer not known here may start anywhere: its earlier records may have been deleted.
        let Some(memory) = self.known.get(&id) else { return Ok(Admission::Append) };
        if epoch < memory.epoch {
            return Err(ResponseError::InvalidProducerEpoch);
        }
        if epoch > memory.epoch {
            return if batch.base_sequence() == 0 {
                Ok(Admission::Append)
            } else {
                Err(ResponseError::OutOfOrderSequenceNumber)
            };
        }
        let repeat = memory.written.iter().find(|written| {
            written.first_sequence == batch.base_sequence() && written.last_sequence == batch.last_sequence()
        });
        if let Some(written) = repeat {
            return Ok(Admission::Repeat {
                base_offset: written.base_offset,
                append_time: written.append_time,
            });
        }
        if !batch.is_transactional() && memory.open_since.is_some() {
            return Err(ResponseError::InvalidTxnState);
        }
        if memory.by_marker_alone {
            return Ok(Admission::Append);
        }
        let last = memory.written.back().map_or(NO_SEQUENCE, |written| written.last_sequence);
        if batch.base_sequence() == last.checked_add(1).unwrap_or(0) {
            Ok(Admission::Append)
        } else {
            Err(ResponseError::OutOfOrderSequenceNumber)
        }
    }

    /// Remembers a batch that was admitted and appended.
    pub(super) fn appended(&mut self, batch: &Batch, base_offset: i64, append_time: Option<i64>, now: i64) {
        let Producer { id, epoch } = batch.producer();
        if id < 0 {
            return;
        }
        let memory = self.known.entry(id).or_insert_with(|| Memory::new(epoch, now));
        memory.move_to(epoch);
        memory.last_seen = now;
        memory.by_marker_alone = false;
        if memory.written.len() == REMEMBERED {
            memory.written.pop_front();
        }
        memory.written.push_back(Written {
            first_sequence: batch.base_sequence(),
            last_sequence: batch.last_sequence(),
            base_offset,
            append_time,
        });
        if batch.is_transactional() && memory.open_since.is_none() {
            memory.open_since = Some(base_offset);
            self.open.insert(base_offset);
        }
    }

    /// Ends the producer's transaction here, fencing its earlier epochs; returns where it began.
    pub(super) fn end_transaction(
        &mut self,
        producer: Producer,
        now: i64,
    ) -> Result<Option<i64>, ResponseError> {
        let memory = self
            .known
            .entry(producer.id)
            .or_insert_with(|| Memory { by_marker_alone: true, ..Memory::new(producer.epoch, now) });
        if producer.epoch < memory.epoch {
            return Err(ResponseError::InvalidProducerEpoch);
        }
        memory.move_to(producer.epoch);
        memory.last_seen = now;
        let began = memory.open_since.take();
        if let Some(began) = began {
            self.open.remove(&began);
        }
        Ok(began)
    }

    /// Forgets who has not written for so long, but for those with a transaction open.
    pub(super) fn expire(&mut self, now: i64, after: i64) {
        self.known
            .retain(|_, memory| memory.open_since.is_some() || now.saturating_sub(memory.last_seen) < after);
    }

    /// Whether what this producer wrote last is there.
    pub(super) fn last_wrote(&self, producer: Producer, base_offset: i64) -> bool {
        let last = self.known.get(&producer.id).and_then(|memory| memory.written.back());
        last.is_some_and(|last| last.base_offset == base_offset)
    }

    /// Those with a transaction open.
    pub(super) fn open(&self) -> Vec<Producer> {
        let open = self.known.iter().filter(|(_, memory)| memory.open_since.is_some());
        open.map(|(id, memory)| Producer { id: *id, epoch: memory.epoch }).collect()
    }

    /// Where the oldest open transaction began.
    pub(super) fn oldest_open(&self) -> Option<i64> {
        self.open.first().copied()
    }
}

impl Memory {
    fn new(epoch: i16, now: i64) -> Self {
        Self { epoch, written: VecDeque::new(), open_since: None, last_seen: now, by_marker_alone: false }
    }

    /// A new epoch starts its sequence numbers again.
    fn move_to(&mut self, epoch: i16) {
        if epoch != self.epoch {
            self.epoch = epoch;
            self.written.clear();
        }
    }
}
