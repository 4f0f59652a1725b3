//! A log from what was kept of it.

use bytes::Bytes;
use kafka_protocol::ResponseError;

use super::aborted::AbortedTransaction;
use super::batch::Batch;
use super::control::Verdict;
use super::partition::{Active, PartitionLog, Stored};
use super::producers::Producer;

/// A part of a log as it was kept: its first offset, and its batches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KeptSegment {
    pub(crate) base: i64,
    pub(crate) batches: Vec<Bytes>,
}

impl PartitionLog {
    /// The log that was kept as these segments, and which tells of its changes from now on. Its batches must be
    /// whole and in order.
    pub(crate) fn restored(
        start: Option<i64>,
        segments: Vec<KeptSegment>,
        now: i64,
    ) -> Result<Self, ResponseError> {
        let mut log = Self::default();
        let first = segments.first().map_or(0, |first| first.base);
        let mut latest_so_far = i64::MIN;
        for KeptSegment { base, batches } in segments {
            log.active = Active { base, ..Active::default() };
            log.end = log.end.max(base);
            for bytes in batches {
                let batch = Batch::read(bytes.clone());
                let base_offset = batch.stored_offset();
                let last_offset = base_offset + i64::from(batch.last_delta());
                log.remember(&batch, base_offset, now)?;
                if log.active.bytes == 0 {
                    log.active.since = batch.max_timestamp();
                }
                log.active.bytes += bytes.len();
                log.size += bytes.len();
                latest_so_far = latest_so_far.max(batch.max_timestamp());
                let segment = log.active.base;
                log.batches.push_back(Stored {
                    base_offset,
                    last_offset,
                    latest_so_far,
                    segment,
                    batch,
                    bytes,
                });
                log.end = last_offset + 1;
            }
        }
        let start = start.unwrap_or(first).max(first);
        log.end = log.end.max(start);
        log.advance_start(start);
        log.changes = Some(Vec::new());
        Ok(log)
    }

    /// An empty log which tells of its changes.
    pub(crate) fn followed() -> Self {
        let mut log = Self::default();
        log.changes = Some(Vec::new());
        log
    }

    /// What a producer's batch, or the end of its transaction, has left behind.
    fn remember(&mut self, batch: &Batch, base_offset: i64, now: i64) -> Result<(), ResponseError> {
        let producer = batch.producer();
        if !batch.is_control() {
            self.producers.appended(batch, base_offset, batch.append_time(), now);
            return Ok(());
        }
        let began = self.producers.end_transaction(producer, now)?;
        if let (Some(Verdict::Abort), Some(first_offset)) = (batch.verdict(), began) {
            self.aborted.add(AbortedTransaction {
                producer_id: producer.id,
                first_offset,
                last_offset: base_offset,
            });
        }
        Ok(())
    }

    /// Producers with a transaction open here.
    pub(crate) fn open_producers(&self) -> Vec<Producer> {
        self.producers.open()
    }
}
