//! The records inside a batch: read as a stream to find one by its time, and taken apart and put together
//! again by compaction.

use std::io::{self, Read};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::ResponseError;

use super::batch::{COMPRESSION, HEADER, LOG_APPEND_TIME};
use super::compression::{MAX_UNPACKED, pack, unpack};

/// The first record of a stored batch, from its place `from` on, with `time` or later: its place, and its time.
pub(super) fn first_since(batch: &Bytes, from: i32, time: i64) -> Result<Option<(i32, i64)>, ResponseError> {
    let mut header = &batch[21..HEADER];
    let attributes = header.get_i16();
    let _last_delta = header.get_i32();
    let base_timestamp = header.get_i64();
    let max_timestamp = header.get_i64();
    if attributes & LOG_APPEND_TIME != 0 {
        // One time for the whole batch.
        return Ok((max_timestamp >= time).then_some((from, max_timestamp)));
    }
    let count = (&batch[HEADER - 4..]).get_i32();
    let mut records = unpack(attributes & COMPRESSION, &batch[HEADER..])?.take(MAX_UNPACKED);
    for _ in 0..count {
        let (delta, timestamp_delta) = next(&mut records).map_err(|_| ResponseError::CorruptMessage)?;
        let timestamp = base_timestamp.saturating_add(timestamp_delta);
        if timestamp >= time && delta >= from {
            return Ok(Some((delta, timestamp)));
        }
    }
    Ok(None)
}

/// Reads one record's offset and time, and skips the rest of it.
fn next(records: &mut impl Read) -> io::Result<(i32, i64)> {
    let length = u64::try_from(varint(records)?).map_err(|_| io::ErrorKind::InvalidData)?;
    let mut record = records.take(length);
    let mut attributes = [0];
    record.read_exact(&mut attributes)?;
    let timestamp_delta = varint(&mut record)?;
    let delta = i32::try_from(varint(&mut record)?).map_err(|_| io::ErrorKind::InvalidData)?;
    io::copy(&mut record, &mut io::sink())?;
    if record.limit() > 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((delta, timestamp_delta))
}

/// A zig-zag integer of at most ten bytes.
fn varint(from: &mut impl Read) -> io::Result<i64> {
    let mut value = 0u64;
    for shift in (0..70).step_by(7) {
        let mut byte = [0];
        from.read_exact(&mut byte)?;
        value |= u64::from(byte[0] & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte[0] & 0x80 == 0 {
            return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
        }
    }
    Err(io::ErrorKind::InvalidData.into())
}

/// One record, apart from where and when it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    attributes: u8,
    pub(super) time: i64,
    /// Its place in the batch.
    pub(super) delta: i32,
    pub(super) key: Option<Bytes>,
    pub(super) value: Option<Bytes>,
    /// As they were written, with their count.
    headers: Bytes,
}

/// Takes the records of a batch apart.
pub(super) fn take_apart(batch: &Bytes) -> Result<Vec<Record>, ResponseError> {
    let corrupt = |_| ResponseError::CorruptMessage;
    let attributes = (&batch[21..]).get_i16();
    let base_timestamp = (&batch[27..]).get_i64();
    let codec = attributes & COMPRESSION;
    let mut plain = if codec == 0 {
        batch.slice(HEADER..)
    } else {
        let mut plain = Vec::new();
        unpack(codec, &batch[HEADER..])?.take(MAX_UNPACKED).read_to_end(&mut plain).map_err(corrupt)?;
        Bytes::from(plain)
    };
    let count = (&batch[HEADER - 4..]).get_i32();
    let mut records = Vec::new();
    for _ in 0..count {
        let length = sized(&mut plain).map_err(corrupt)?.ok_or(ResponseError::CorruptMessage)?;
        records.push(record(length, base_timestamp).map_err(corrupt)?);
    }
    if plain.has_remaining() { Err(ResponseError::CorruptMessage) } else { Ok(records) }
}

fn record(mut bytes: Bytes, base_timestamp: i64) -> io::Result<Record> {
    if bytes.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let attributes = bytes.get_u8();
    let time = base_timestamp.saturating_add(next_varint(&mut bytes)?);
    let delta = i32::try_from(next_varint(&mut bytes)?).map_err(|_| io::ErrorKind::InvalidData)?;
    let key = sized(&mut bytes)?;
    let value = sized(&mut bytes)?;
    Ok(Record { attributes, time, delta, key, value, headers: bytes })
}

fn next_varint(bytes: &mut Bytes) -> io::Result<i64> {
    varint(&mut bytes.reader())
}

/// So many bytes as the number before them says; a negative one stands for none.
fn sized(bytes: &mut Bytes) -> io::Result<Option<Bytes>> {
    let length = next_varint(bytes)?;
    let Ok(length) = usize::try_from(length) else { return Ok(None) };
    if length > bytes.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(bytes.split_to(length)))
}

/// Puts records together as they stand on the wire, their times counted from `base_timestamp`.
pub(super) fn put_together(
    codec: i16,
    base_timestamp: i64,
    records: &[Record],
) -> Result<Vec<u8>, ResponseError> {
    let mut plain = BytesMut::new();
    let mut body = BytesMut::new();
    for record in records {
        body.clear();
        body.put_u8(record.attributes);
        put_varint(&mut body, record.time.wrapping_sub(base_timestamp));
        put_varint(&mut body, i64::from(record.delta));
        for field in [&record.key, &record.value] {
            match field {
                Some(field) => {
                    put_varint(&mut body, field.len() as i64);
                    body.put_slice(field);
                }
                None => put_varint(&mut body, -1),
            }
        }
        body.put_slice(&record.headers);
        put_varint(&mut plain, body.len() as i64);
        plain.put_slice(&body);
    }
    pack(codec, &plain).map_err(|_| ResponseError::UnknownServerError)
}

pub(super) fn put_varint(into: &mut BytesMut, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        into.put_u8(rest as u8 | 0x80);
        rest >>= 7;
    }
    into.put_u8(rest as u8);
}
