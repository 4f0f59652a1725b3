//! The records inside a batch, for the one question that a header cannot answer: which record is the first
//! of a given time? Read as a stream, so that a batch that unpacks to gigabytes costs nothing to refuse.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use kafka_protocol::ResponseError;

use super::batch::{HEADER, LOG_APPEND_TIME};

/// More than this in one batch is nobody's data.
const MAX_UNPACKED: u64 = 256 << 20;

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
    let mut records = unpack(attributes & 0x07, &batch[HEADER..])?.take(MAX_UNPACKED);
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

fn unpack(codec: i16, packed: &[u8]) -> Result<Box<dyn Read + '_>, ResponseError> {
    let corrupt = |_| ResponseError::CorruptMessage;
    Ok(match codec {
        0 => Box::new(packed),
        1 => Box::new(io::BufReader::new(flate2::read::GzDecoder::new(packed))),
        2 => Box::new(io::Cursor::new(unsnap(packed).map_err(corrupt)?)),
        3 => Box::new(lz4_flex::frame::FrameDecoder::new(packed)),
        4 => Box::new(io::BufReader::new(
            ruzstd::decoding::StreamingDecoder::new(packed).map_err(|_| ResponseError::CorruptMessage)?,
        )),
        _ => return Err(ResponseError::UnsupportedCompressionType),
    })
}

/// Snappy as Kafka's clients write it: one raw block (librdkafka), or blocks in the framing of Java's library.
fn unsnap(packed: &[u8]) -> io::Result<Vec<u8>> {
    const JAVA_MAGIC: &[u8] = b"\x82SNAPPY\0";
    const JAVA_HEADER: usize = 16;
    let mut unpacked = Vec::new();
    if !packed.starts_with(JAVA_MAGIC) || packed.len() < JAVA_HEADER {
        unsnap_block(packed, &mut unpacked)?;
        return Ok(unpacked);
    }
    let mut blocks = &packed[JAVA_HEADER..];
    while blocks.len() >= 4 {
        let length = blocks.get_u32() as usize;
        let block = blocks.get(..length).ok_or(io::ErrorKind::UnexpectedEof)?;
        unsnap_block(block, &mut unpacked)?;
        blocks.advance(length);
    }
    Ok(unpacked)
}

fn unsnap_block(block: &[u8], into: &mut Vec<u8>) -> io::Result<()> {
    let length = snap::raw::decompress_len(block)?;
    let start = into.len();
    if (start + length) as u64 > MAX_UNPACKED {
        return Err(io::ErrorKind::InvalidData.into());
    }
    into.resize(start + length, 0);
    snap::raw::Decoder::new().decompress(block, &mut into[start..])?;
    Ok(())
}
