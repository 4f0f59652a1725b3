//! Compaction: of the records with one key, the latest stays. Offsets stay as they are; what is left has gaps.
//!
//! The log's last part, which is still written to, is left alone, and so is what an open transaction may yet
//! change. Records of aborted transactions go. The last batch of a producer stays, if with no records: what it sent
//! last must be known for as long as it may send it again. A tombstone goes, and a transaction's marker with none of its
//! records left, at a time that the first compaction to meet it writes into its batch.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use kafka_protocol::ResponseError;

use super::batch::Batch;
use super::partition::{Change, PartitionLog, Stored};
use super::records;
use super::rules::{Compaction, LogRules};

impl PartitionLog {
    /// Compacts, if that is due; says whether it did.
    pub(crate) fn compact(&mut self, rules: &LogRules, now: i64) -> Result<bool, ResponseError> {
        let Some(compaction) = rules.compact else { return Ok(false) };
        let count = self.cleanable(&compaction, now);
        if !self.is_due(count, &compaction, now) {
            return Ok(false);
        }
        let latest = self.latest_offsets(count)?;
        let mut kept = Vec::with_capacity(count);
        let mut unmarked = HashSet::new();
        let mut forgotten = Vec::new();
        for stored in self.batches.range(..count) {
            let next = if stored.batch.is_control() {
                self.marker(stored, &mut unmarked, now, compaction.tombstones_ms)?
            } else {
                self.sifted(stored, &latest, now, compaction.tombstones_ms)?
            };
            match next {
                Some(next) => {
                    if next.batch.is_transactional() && !next.batch.is_control() {
                        unmarked.insert(next.batch.producer().id);
                    }
                    kept.push(next);
                }
                None if stored.batch.is_control() => forgotten.push(stored.base_offset),
                None => {}
            }
        }
        for marker in forgotten {
            self.aborted.forget_marker(marker);
        }
        self.put_back(count, kept, rules.segment_bytes);
        Ok(true)
    }

    /// How many batches, from the first on, may be compacted.
    fn cleanable(&self, compaction: &Compaction, now: i64) -> usize {
        let stable = self.visible_end(super::Isolation::Committed);
        let young = |stored: &Stored| {
            stored.base_offset >= self.cleaned_to
                && compaction.min_lag_ms > 0
                && now.saturating_sub(stored.batch.max_timestamp()) < compaction.min_lag_ms
        };
        let left_alone = |stored: &Stored| {
            stored.segment == self.active.base || stored.last_offset >= stable || young(stored)
        };
        let Some(first) = self.batches.iter().find(|stored| left_alone(stored)) else {
            return self.batches.len();
        };
        // Whole segments: each is kept in a file of its own.
        self.batches.partition_point(|stored| stored.base_offset < first.segment)
    }

    fn is_due(&self, count: usize, compaction: &Compaction, now: i64) -> bool {
        let mut clean = 0_usize;
        let mut dirty = 0_usize;
        let mut oldest = None;
        for stored in self.batches.range(..count) {
            if stored.base_offset < self.cleaned_to {
                clean += stored.bytes.len();
            } else {
                dirty += stored.bytes.len();
                oldest = oldest.or(Some(stored.batch.max_timestamp()));
            }
        }
        let overdue = oldest.is_some_and(|time| now.saturating_sub(time) > compaction.max_lag_ms);
        dirty > 0 && (overdue || dirty as f64 / (clean + dirty) as f64 > compaction.dirty_ratio)
    }

    /// Where each key was last written, among what is new since the last compaction.
    fn latest_offsets(&self, count: usize) -> Result<HashMap<Bytes, i64>, ResponseError> {
        let mut latest = HashMap::new();
        for stored in self.batches.range(..count) {
            if stored.base_offset < self.cleaned_to || self.is_void(stored) {
                continue;
            }
            for record in records::take_apart(&stored.bytes)? {
                if let Some(key) = record.key {
                    // A copy: the key must not keep the batch it is from.
                    latest.insert(Bytes::copy_from_slice(&key), stored.base_offset + i64::from(record.delta));
                }
            }
        }
        Ok(latest)
    }

    /// Whether it holds nothing for a map of keys: a marker, or what was aborted.
    fn is_void(&self, stored: &Stored) -> bool {
        let batch = &stored.batch;
        batch.is_control()
            || (batch.is_transactional() && self.aborted.covers(batch.producer().id, stored.base_offset))
    }

    /// What is left of a batch of data.
    fn sifted(
        &self,
        stored: &Stored,
        latest: &HashMap<Bytes, i64>,
        now: i64,
        tombstones_ms: i64,
    ) -> Result<Option<Stored>, ResponseError> {
        let horizon = stored.batch.horizon();
        let all = if self.is_void(stored) { Vec::new() } else { records::take_apart(&stored.bytes)? };
        let count = all.len();
        let mut has_tombstones = false;
        let kept: Vec<_> = all
            .into_iter()
            .filter(|record| {
                // There is none in a topic that always was compacted; it stands for nothing.
                let Some(key) = &record.key else { return false };
                let offset = stored.base_offset + i64::from(record.delta);
                let is_latest = latest.get(key).is_none_or(|last| *last <= offset);
                let is_tombstone = record.value.is_none();
                let stays = is_latest && !(is_tombstone && horizon.is_some_and(|horizon| horizon <= now));
                has_tombstones |= stays && is_tombstone;
                stays
            })
            .collect();
        if kept.is_empty() && !self.producers.last_wrote(stored.batch.producer(), stored.base_offset) {
            return Ok(None);
        }
        let sets_horizon = has_tombstones && horizon.is_none();
        if kept.len() == count && count > 0 && !sets_horizon {
            return Ok(Some(stored.clone()));
        }
        let horizon = sets_horizon.then(|| now.saturating_add(tombstones_ms));
        Ok(Some(stored.replaced(stored.batch.with_records(&kept, horizon)?)))
    }

    /// What is left of a marker: it stays while records of its transaction do, and a while longer.
    fn marker(
        &self,
        stored: &Stored,
        unmarked: &mut HashSet<i64>,
        now: i64,
        tombstones_ms: i64,
    ) -> Result<Option<Stored>, ResponseError> {
        if unmarked.remove(&stored.batch.producer().id) {
            return Ok(Some(stored.clone()));
        }
        match stored.batch.horizon() {
            Some(horizon) if horizon <= now => Ok(None),
            Some(_) => Ok(Some(stored.clone())),
            None => {
                let records = records::take_apart(&stored.bytes)?;
                let horizon = Some(now.saturating_add(tombstones_ms));
                Ok(Some(stored.replaced(stored.batch.with_records(&records, horizon)?)))
            }
        }
    }

    /// Puts what is left in place of the first `count` batches, small parts joined to larger ones.
    fn put_back(&mut self, count: usize, kept: Vec<Stored>, segment_bytes: usize) {
        let old: Vec<Stored> = self.batches.drain(..count).collect();
        self.cleaned_to = old.last().map_or(self.cleaned_to, |last| last.last_offset + 1);
        let mut segments: Vec<i64> = old.iter().map(|stored| stored.segment).collect();
        segments.dedup();
        let mut kept = kept.into_iter().peekable();
        let mut parts: Vec<Part> = Vec::new();
        for segment in segments {
            let batches: Vec<Stored> =
                std::iter::from_fn(|| kept.next_if(|stored| stored.segment == segment)).collect();
            let size: usize = batches.iter().map(|stored| stored.bytes.len()).sum();
            match parts.last_mut() {
                Some(part) if part.size + size <= segment_bytes => {
                    part.replaces.push(segment);
                    part.batches.extend(batches);
                    part.size += size;
                }
                _ => parts.push(Part { segment, replaces: vec![segment], batches, size }),
            }
        }
        for part in &parts {
            let batches = part.batches.iter().map(|stored| stored.bytes.clone()).collect();
            let replaces = part.replaces.clone();
            self.note(|| Change::Rewritten { segment: part.segment, replaces, batches });
        }
        for part in parts.into_iter().rev() {
            for stored in part.batches.into_iter().rev() {
                self.batches.push_front(Stored { segment: part.segment, ..stored });
            }
        }
        self.size = self.batches.iter().map(|stored| stored.bytes.len()).sum();
        self.recount_times();
    }
}

/// Segments that have become one.
struct Part {
    segment: i64,
    replaces: Vec<i64>,
    batches: Vec<Stored>,
    size: usize,
}

impl Stored {
    fn replaced(&self, bytes: Bytes) -> Self {
        Self { batch: Batch::read(bytes.clone()), bytes, ..self.clone() }
    }
}
