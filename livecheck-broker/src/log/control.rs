//! Control batches: the marks that end a transaction in each partition it touched.

use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use super::batch::{CONTROL, LEADER_EPOCH, TRANSACTIONAL, seal};
use super::producers::Producer;

/// How a transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Verdict {
    Commit,
    Abort,
}

/// One control batch with one record, as brokers write them.
pub(super) fn marker(base_offset: i64, producer: Producer, verdict: Verdict, now: i64) -> Bytes {
    let mut batch = BytesMut::with_capacity(80);
    batch.put_i64(base_offset);
    batch.put_i32(0); // length, set by `seal`
    batch.put_i32(LEADER_EPOCH);
    batch.put_i8(2); // magic
    batch.put_u32(0); // checksum, set by `seal`
    batch.put_i16(TRANSACTIONAL | CONTROL);
    batch.put_i32(0); // last offset delta
    batch.put_i64(now);
    batch.put_i64(now);
    batch.put_i64(producer.id);
    batch.put_i16(producer.epoch);
    batch.put_i32(-1); // no sequence
    batch.put_i32(1); // one record
    // The record: all of its variable-length integers are small enough for one zig-zag byte.
    let mut record = BytesMut::with_capacity(16);
    record.put_i8(0); // attributes
    record.put_u8(zigzag(0)); // timestamp delta
    record.put_u8(zigzag(0)); // offset delta
    record.put_u8(zigzag(4)); // key length
    record.put_i16(0); // key version
    record.put_i16(match verdict {
        Verdict::Abort => 0,
        Verdict::Commit => 1,
    });
    record.put_u8(zigzag(6)); // value length
    record.put_i16(0); // value version
    record.put_i32(0); // coordinator epoch
    record.put_u8(zigzag(0)); // no headers
    batch.put_u8(zigzag(record.len() as u8));
    batch.extend_from_slice(&record);
    seal(&mut batch);
    batch.freeze()
}

/// What the key of a control record says.
pub(super) fn verdict(key: &[u8]) -> Option<Verdict> {
    match key {
        [_, _, 0, 0, ..] => Some(Verdict::Abort),
        [_, _, 0, 1, ..] => Some(Verdict::Commit),
        _ => None,
    }
}

fn zigzag(small: u8) -> u8 {
    small << 1
}
