//! One record batch as it stands on the wire and in the log (format version 2).
//!
//! The broker never opens a batch to store it: it reads the header, checks the checksum, and stamps the three
//! fields that are the broker's to set (offset, leader epoch, append time).

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::ResponseError;

use super::control::{self, Verdict};
use super::producers::Producer;
use super::records::{self, Record};

const LENGTH_AT: usize = 8;
const LEADER_EPOCH_AT: usize = 12;
const MAGIC_AT: usize = 16;
const CRC_AT: usize = 17;
const ATTRIBUTES_AT: usize = 21;
const BASE_TIMESTAMP_AT: usize = 27;
const MAX_TIMESTAMP_AT: usize = 35;
/// Length of the fixed header; the records follow.
pub(super) const HEADER: usize = 61;
/// What `batch_length` does not count: the base offset and itself.
pub(super) const PREFIX: usize = 12;

pub(super) const COMPRESSION: i16 = 0x07;
pub(super) const LOG_APPEND_TIME: i16 = 0x08;
pub(super) const TRANSACTIONAL: i16 = 0x10;
pub(super) const CONTROL: i16 = 0x20;
/// The time from which on the others are counted is the one at which tombstones, or a marker, may go.
const HAS_HORIZON: i16 = 0x40;

/// The epoch of the only leader there ever is.
pub(super) const LEADER_EPOCH: i32 = 0;

/// Whose clock a topic's timestamps are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimestampType {
    /// The producer's.
    CreateTime,
    /// The broker's, when it appends.
    LogAppendTime,
}

/// A whole, intact batch, and the header fields that the log goes by.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    bytes: Bytes,
    attributes: i16,
    last_delta: i32,
    base_timestamp: i64,
    max_timestamp: i64,
    producer: Producer,
    base_sequence: i32,
}

impl Batch {
    /// Reads what a producer sent for one partition: exactly one batch, intact, made of data records.
    pub(crate) fn from_producer(bytes: Bytes) -> Result<Self, ResponseError> {
        if bytes.len() < HEADER {
            return Err(ResponseError::CorruptMessage);
        }
        let magic = bytes[MAGIC_AT];
        if magic != 2 {
            return Err(ResponseError::InvalidRecord);
        }
        let length = (&bytes[LENGTH_AT..]).get_i32();
        match usize::try_from(length).ok().and_then(|length| length.checked_add(PREFIX)) {
            Some(whole) if whole == bytes.len() => {}
            // One batch for each partition is all that this version of the protocol allows.
            Some(whole) if whole >= HEADER && whole < bytes.len() => {
                return Err(ResponseError::InvalidRecord);
            }
            _ => return Err(ResponseError::CorruptMessage),
        }
        let batch = Self::read(bytes);
        let stated_crc = (&batch.bytes[CRC_AT..]).get_u32();
        if crc32c::crc32c(&batch.bytes[ATTRIBUTES_AT..]) != stated_crc {
            return Err(ResponseError::CorruptMessage);
        }
        let count = (&batch.bytes[HEADER - 4..]).get_i32();
        if count < 1 || batch.last_delta != count - 1 || batch.is_control() {
            return Err(ResponseError::InvalidRecord);
        }
        if batch.attributes & COMPRESSION > 4 {
            return Err(ResponseError::InvalidRecord);
        }
        if batch.attributes & LOG_APPEND_TIME != 0 {
            return Err(ResponseError::InvalidTimestamp);
        }
        let numbered = batch.producer.id >= 0;
        if (numbered && (batch.base_sequence < 0 || batch.producer.epoch < 0))
            || (!numbered && batch.is_transactional())
        {
            return Err(ResponseError::InvalidRecord);
        }
        Ok(batch)
    }

    /// The length of the batch that these bytes begin with, and where it stands in its log, if it is all there and
    /// intact.
    pub(crate) fn stored_at_front(bytes: &[u8]) -> Option<(usize, i64)> {
        let mut header = bytes.get(..HEADER)?;
        let base_offset = header.get_i64();
        let length = usize::try_from(header.get_i32()).ok()?.checked_add(PREFIX)?;
        let whole = bytes.get(..length).filter(|whole| whole.len() >= HEADER && whole[MAGIC_AT] == 2)?;
        let stated_crc = (&whole[CRC_AT..]).get_u32();
        (crc32c::crc32c(&whole[ATTRIBUTES_AT..]) == stated_crc).then_some((length, base_offset))
    }

    /// The offset after a stored batch.
    pub(crate) fn after(bytes: &Bytes) -> i64 {
        let batch = Self::read(bytes.clone());
        batch.stored_offset() + i64::from(batch.last_delta) + 1
    }

    /// Reads the header of bytes known to hold one whole batch.
    pub(super) fn read(bytes: Bytes) -> Self {
        let mut header = &bytes[ATTRIBUTES_AT..HEADER];
        let attributes = header.get_i16();
        let last_delta = header.get_i32();
        let base_timestamp = header.get_i64();
        let max_timestamp = header.get_i64();
        let id = header.get_i64();
        let epoch = header.get_i16();
        let base_sequence = header.get_i32();
        let producer = Producer { id, epoch };
        Self { bytes, attributes, last_delta, base_timestamp, max_timestamp, producer, base_sequence }
    }

    /// Where it stands in its log.
    pub(super) fn stored_offset(&self) -> i64 {
        (&self.bytes[..]).get_i64()
    }

    pub(crate) fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    pub(super) fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    /// Who wrote it; the id is negative when the producer is not idempotent.
    pub(crate) fn producer(&self) -> Producer {
        self.producer
    }

    pub(super) fn base_sequence(&self) -> i32 {
        self.base_sequence
    }

    /// Sequence numbers go round to nought after the largest.
    pub(super) fn last_sequence(&self) -> i32 {
        let last = i64::from(self.base_sequence) + i64::from(self.last_delta);
        (last % (i64::from(i32::MAX) + 1)) as i32
    }

    /// The broker's time, if its times are the broker's.
    pub(super) fn append_time(&self) -> Option<i64> {
        (self.attributes & LOG_APPEND_TIME != 0).then_some(self.max_timestamp)
    }

    pub(super) fn last_delta(&self) -> i32 {
        self.last_delta
    }

    /// The latest of its records' times.
    pub(crate) fn max_timestamp(&self) -> i64 {
        self.max_timestamp
    }

    /// When its tombstones, or the marker that it is, may go, if a compaction has said so.
    pub(super) fn horizon(&self) -> Option<i64> {
        (self.attributes & HAS_HORIZON != 0).then_some(self.base_timestamp)
    }

    /// Whether each of its records has a key, as those of a compacted topic must.
    pub(crate) fn has_keys(&self) -> Result<bool, ResponseError> {
        Ok(records::take_apart(&self.bytes)?.iter().all(|record| record.key.is_some()))
    }

    /// The verdict that this control batch tells.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        let record = records::take_apart(&self.bytes).ok()?.into_iter().next()?;
        control::verdict(&record.key?)
    }

    /// The batch with fewer records, in the same place of the log.
    pub(super) fn with_records(&self, kept: &[Record], horizon: Option<i64>) -> Result<Bytes, ResponseError> {
        let horizon = horizon.or(self.horizon());
        let first_time = kept.iter().map(|record| record.time).min();
        let base_timestamp = horizon.or(first_time).unwrap_or(self.base_timestamp);
        let max_timestamp = if self.attributes & LOG_APPEND_TIME != 0 {
            self.max_timestamp
        } else {
            kept.iter().map(|record| record.time).max().unwrap_or(self.max_timestamp)
        };
        let attributes = if horizon.is_some() { self.attributes | HAS_HORIZON } else { self.attributes };
        let records = records::put_together(self.attributes & COMPRESSION, base_timestamp, kept)?;
        let mut batch = BytesMut::with_capacity(HEADER + records.len());
        batch.extend_from_slice(&self.bytes[..HEADER]);
        (&mut batch[ATTRIBUTES_AT..]).put_i16(attributes);
        (&mut batch[BASE_TIMESTAMP_AT..]).put_i64(base_timestamp);
        (&mut batch[MAX_TIMESTAMP_AT..]).put_i64(max_timestamp);
        (&mut batch[HEADER - 4..]).put_i32(kept.len() as i32);
        batch.extend_from_slice(&records);
        seal(&mut batch);
        Ok(batch.freeze())
    }

    /// The bytes to store: a copy (they must not pin the frame they came in) with the broker's fields set.
    pub(super) fn stamped(&self, base_offset: i64, append_time: Option<i64>) -> Bytes {
        let mut stored = BytesMut::with_capacity(self.bytes.len());
        stored.extend_from_slice(&self.bytes);
        (&mut stored[..LENGTH_AT]).put_i64(base_offset);
        (&mut stored[LEADER_EPOCH_AT..MAGIC_AT]).put_i32(LEADER_EPOCH);
        if let Some(append_time) = append_time {
            (&mut stored[ATTRIBUTES_AT..]).put_i16(self.attributes | LOG_APPEND_TIME);
            (&mut stored[MAX_TIMESTAMP_AT..]).put_i64(append_time);
            let crc = crc32c::crc32c(&stored[ATTRIBUTES_AT..]);
            (&mut stored[CRC_AT..]).put_u32(crc);
        }
        stored.freeze()
    }
}

/// Sets the length and the checksum of a batch that the broker wrote itself.
pub(super) fn seal(batch: &mut BytesMut) {
    let length = (batch.len() - PREFIX) as i32;
    (&mut batch[LENGTH_AT..]).put_i32(length);
    let crc = crc32c::crc32c(&batch[ATTRIBUTES_AT..]);
    (&mut batch[CRC_AT..]).put_u32(crc);
}
