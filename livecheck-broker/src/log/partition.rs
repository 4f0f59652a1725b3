//! The log itself: append, read, find.

use std::collections::VecDeque;

use bytes::Bytes;
use kafka_protocol::ResponseError;

use super::aborted::{AbortedIndex, AbortedTransaction};
use super::batch::{Batch, TimestampType};
use super::control::{self, Verdict};
use super::producers::{Admission, Producer, Producers};
use super::records;
use super::rules::LogRules;

/// What a reader may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isolation {
    /// Everything.
    Uncommitted,
    /// Up to the first record of the oldest open transaction.
    Committed,
}

/// Which position is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    Earliest,
    Latest,
    /// The first record with this time or a later one.
    Since(i64),
    /// The record with the latest time.
    MaxTimestamp,
}

/// A position, and the time of the record there if it was sought by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) offset: i64,
    pub(crate) timestamp: Option<i64>,
}

/// What an append did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Appended {
    pub(crate) base_offset: i64,
    /// The broker's time, where the topic's timestamps are the broker's.
    pub(crate) append_time: Option<i64>,
    pub(crate) log_start: i64,
}

/// What a read found, and the log's positions at that moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slice {
    /// Whole batches; the first may begin before the offset asked for.
    pub(crate) batches: Vec<Bytes>,
    pub(crate) size: usize,
    pub(crate) high_watermark: i64,
    pub(crate) last_stable: i64,
    pub(crate) log_start: i64,
    /// For a reader of committed records: what to leave out.
    pub(crate) aborted: Vec<AbortedTransaction>,
}

/// A batch in the log.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) base_offset: i64,
    pub(super) last_offset: i64,
    /// The latest time in this batch and all before it: monotonic, so that it can be searched.
    pub(super) latest_so_far: i64,
    /// The part of the log that it is in, by that part's first offset.
    pub(super) segment: i64,
    pub(super) batch: Batch,
    pub(super) bytes: Bytes,
}

/// The part of the log that is written to.
#[derive(Debug, Default)]
pub(super) struct Active {
    pub(super) base: i64,
    pub(super) bytes: usize,
    /// The time of its first batch.
    pub(super) since: i64,
}

/// What has become of a log, for whoever keeps a copy of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// A batch was added to this segment, which it may begin.
    Appended { segment: i64, batch: Bytes },
    /// The log starts here now.
    Started { at: i64 },
    /// What was written is to outlast the machine.
    Flushed,
    /// These segments have become one, with these batches; the last segment is never among them.
    Rewritten { segment: i64, replaces: Vec<i64>, batches: Vec<Bytes> },
}

/// The records of one partition, in memory.
#[derive(Debug, Default)]
pub(crate) struct PartitionLog {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) size: usize,
    pub(super) batches: VecDeque<Stored>,
    pub(super) active: Active,
    pub(super) producers: Producers,
    pub(super) aborted: AbortedIndex,
    /// What lies before was compacted.
    pub(super) cleaned_to: i64,
    /// What has changed since it was last asked, where that is wanted.
    pub(super) changes: Option<Vec<Change>>,
    /// How many records were written since the last flush, and since when.
    unflushed: i64,
    unflushed_since: i64,
}

impl PartitionLog {
    /// Appends a producer's batch, once.
    pub(crate) fn append(
        &mut self,
        batch: &Batch,
        rules: &LogRules,
        now: i64,
    ) -> Result<Appended, ResponseError> {
        if let Admission::Repeat { base_offset, append_time } = self.producers.admit(batch)? {
            return Ok(Appended { base_offset, append_time, log_start: self.start });
        }
        let append_time = match rules.timestamps {
            TimestampType::CreateTime => None,
            TimestampType::LogAppendTime => Some(now),
        };
        let base_offset = self.end;
        let bytes = batch.stamped(base_offset, append_time);
        self.roll_if_due(bytes.len(), append_time.unwrap_or(batch.max_timestamp()), rules);
        self.store(bytes);
        self.producers.appended(batch, base_offset, append_time, now);
        if self.is_over(rules) {
            self.retain(rules, now);
        }
        if self.unflushed == 0 {
            self.unflushed_since = now;
        }
        self.unflushed += i64::from(batch.last_delta()) + 1;
        self.flush_if_due(rules, now);
        Ok(Appended { base_offset, append_time, log_start: self.start })
    }

    /// Ends a producer's transaction here. The marker is written whether or not it wrote data here.
    pub(crate) fn end_transaction(
        &mut self,
        producer: Producer,
        verdict: Verdict,
        now: i64,
    ) -> Result<(), ResponseError> {
        let began = self.producers.end_transaction(producer, now)?;
        let marker = self.end;
        self.store(control::marker(marker, producer, verdict, now));
        if let (Verdict::Abort, Some(first_offset)) = (verdict, began) {
            self.aborted.add(AbortedTransaction {
                producer_id: producer.id,
                first_offset,
                last_offset: marker,
            });
        }
        Ok(())
    }

    /// Begins a new segment where the present one would grow too large, or spans too long.
    fn roll_if_due(&mut self, bytes: usize, time: i64, rules: &LogRules) {
        let longest = rules.compact.map_or(i64::MAX, |compaction| compaction.max_lag_ms);
        let spans = time.saturating_sub(self.active.since);
        let is_full =
            self.active.bytes + bytes > rules.segment_bytes || spans > rules.segment_ms.min(longest);
        if self.active.bytes > 0 && is_full {
            self.active = Active { base: self.end, ..Active::default() };
        }
    }

    fn store(&mut self, bytes: Bytes) {
        let segment = self.active.base;
        self.note(|| Change::Appended { segment, batch: bytes.clone() });
        let batch = Batch::read(bytes.clone());
        let base_offset = self.end;
        let last_offset = base_offset + i64::from(batch.last_delta());
        if self.active.bytes == 0 {
            self.active.since = batch.max_timestamp();
        }
        self.active.bytes += bytes.len();
        self.size += bytes.len();
        let before = self.batches.back().map_or(i64::MIN, |stored| stored.latest_so_far);
        let latest_so_far = before.max(batch.max_timestamp());
        self.batches.push_back(Stored { base_offset, last_offset, latest_so_far, segment, batch, bytes });
        self.end = last_offset + 1;
    }

    pub(super) fn recount_times(&mut self) {
        let mut latest_so_far = i64::MIN;
        for stored in &mut self.batches {
            latest_so_far = latest_so_far.max(stored.batch.max_timestamp());
            stored.latest_so_far = latest_so_far;
        }
    }

    /// Has what was written flushed, once that is due.
    pub(crate) fn flush_if_due(&mut self, rules: &LogRules, now: i64) {
        let waits = now.saturating_sub(self.unflushed_since);
        if self.unflushed > 0 && (self.unflushed >= rules.flush_messages || waits >= rules.flush_ms) {
            self.unflushed = 0;
            self.note(|| Change::Flushed);
        }
    }

    /// What has changed since this was last asked.
    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        self.changes.as_mut().map(std::mem::take).unwrap_or_default()
    }

    pub(super) fn note(&mut self, change: impl FnOnce() -> Change) {
        if let Some(changes) = &mut self.changes {
            changes.push(change());
        }
    }

    /// Whole batches from `offset` on, about `max_bytes` of them; at least one if `at_least_one`.
    pub(crate) fn read(
        &self,
        offset: i64,
        max_bytes: usize,
        at_least_one: bool,
        isolation: Isolation,
    ) -> Result<Slice, ResponseError> {
        if offset < self.start || offset > self.end {
            return Err(ResponseError::OffsetOutOfRange);
        }
        let limit = self.visible_end(isolation);
        let first = self.batches.partition_point(|stored| stored.last_offset < offset);
        let mut slice = self.positions();
        let mut to = offset;
        for stored in self.batches.range(first..) {
            let fits = slice.size + stored.bytes.len() <= max_bytes;
            if stored.base_offset >= limit || !(fits || (at_least_one && slice.batches.is_empty())) {
                break;
            }
            slice.size += stored.bytes.len();
            slice.batches.push(stored.bytes.clone());
            to = stored.last_offset + 1;
        }
        if isolation == Isolation::Committed && to > offset {
            slice.aborted = self.aborted.overlapping(offset, to);
        }
        Ok(slice)
    }

    /// Where the log stands, without records.
    pub(crate) fn positions(&self) -> Slice {
        Slice {
            high_watermark: self.end,
            last_stable: self.visible_end(Isolation::Committed),
            log_start: self.start,
            ..Slice::default()
        }
    }

    /// Where a reader of this isolation finds the end.
    pub(crate) fn visible_end(&self, isolation: Isolation) -> i64 {
        match isolation {
            Isolation::Uncommitted => self.end,
            Isolation::Committed => self.producers.oldest_open().unwrap_or(self.end),
        }
    }

    /// Finds a position; `None` when no visible record is that late.
    pub(crate) fn find(&self, want: Want, isolation: Isolation) -> Result<Option<Found>, ResponseError> {
        let limit = self.visible_end(isolation);
        match want {
            Want::Earliest => Ok(Some(Found { offset: self.start, timestamp: None })),
            Want::Latest => Ok(Some(Found { offset: limit, timestamp: None })),
            Want::Since(time) => self.first_since(time, limit),
            Want::MaxTimestamp => {
                let latest = self
                    .batches
                    .iter()
                    .filter(|stored| stored.base_offset < limit)
                    .map(|stored| stored.batch.max_timestamp())
                    .max();
                latest.map_or(Ok(None), |latest| self.first_since(latest, limit))
            }
        }
    }

    fn first_since(&self, time: i64, limit: i64) -> Result<Option<Found>, ResponseError> {
        let first = self.batches.partition_point(|stored| stored.latest_so_far < time);
        // Batches before the start of the log count in `latest_so_far`, so the first may still be too early.
        let candidates = self.batches.range(first..).filter(|stored| stored.batch.max_timestamp() >= time);
        for stored in candidates {
            if stored.base_offset >= limit {
                break;
            }
            // The log may start within the batch.
            let from = i32::try_from(self.start - stored.base_offset).unwrap_or(0).max(0);
            // A producer may state a maximum that no record of its batch has.
            if let Some((delta, timestamp)) = records::first_since(&stored.bytes, from, time)? {
                let offset = stored.base_offset + i64::from(delta);
                return Ok(Some(Found { offset, timestamp: Some(timestamp) }));
            }
        }
        Ok(None)
    }

    /// Moves the start of the log up to `offset`, dropping the batches that end before it.
    pub(crate) fn delete_before(&mut self, offset: i64) -> Result<i64, ResponseError> {
        if offset > self.end {
            return Err(ResponseError::OffsetOutOfRange);
        }
        if offset > self.start {
            self.advance_start(offset);
        }
        Ok(self.start)
    }

    pub(super) fn advance_start(&mut self, to: i64) {
        self.start = to;
        while self.batches.front().is_some_and(|stored| stored.last_offset < to) {
            if let Some(gone) = self.batches.pop_front() {
                self.size -= gone.bytes.len();
            }
        }
        self.aborted.forget_before(to);
        self.note(|| Change::Started { at: to });
    }
}
