//! Batches as producers write them, and the reading of them as consumers do it.

use std::collections::HashSet;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::aborted::AbortedTransaction;
use super::batch::{CONTROL, HEADER, TRANSACTIONAL, seal};
use super::{Batch, Isolation, PartitionLog, Producer, records};

pub(crate) const NOBODY: Producer = Producer { id: -1, epoch: -1 };

/// A batch of records with one byte each, all of one time.
pub(crate) fn batch(
    producer: Producer,
    sequence: i32,
    transactional: bool,
    time: i64,
    payloads: &[u8],
) -> Bytes {
    let mut batch = BytesMut::new();
    batch.put_i64(0);
    batch.put_i32(0);
    batch.put_i32(-1);
    batch.put_i8(2);
    batch.put_u32(0);
    batch.put_i16(if transactional { TRANSACTIONAL } else { 0 });
    batch.put_i32(payloads.len() as i32 - 1);
    batch.put_i64(time);
    batch.put_i64(time);
    batch.put_i64(producer.id);
    batch.put_i16(producer.epoch);
    batch.put_i32(sequence);
    batch.put_i32(payloads.len() as i32);
    for (delta, payload) in payloads.iter().enumerate() {
        assert!(delta < 64, "one byte for each number");
        // Length, attributes, time delta, offset delta, no key, one byte of value, no headers.
        batch.extend_from_slice(&[14, 0, 0, (delta as u8) << 1, 1, 2, *payload, 0]);
    }
    seal(&mut batch);
    batch.freeze()
}

/// A batch of records with keys and, unless they are tombstones, values.
pub(crate) fn keyed_batch(
    producer: Producer,
    sequence: i32,
    transactional: bool,
    time: i64,
    records: &[(u8, Option<u8>)],
) -> Bytes {
    let payloads = vec![0; records.len()];
    let header = batch(producer, sequence, transactional, time, &payloads);
    let mut keyed = BytesMut::from(&header[..HEADER]);
    for (delta, (key, value)) in records.iter().enumerate() {
        assert!(delta < 64, "one byte for each number");
        let mut record = vec![0, 0, (delta as u8) << 1, 2, *key];
        match value {
            Some(value) => record.extend([2, *value]),
            None => record.push(1),
        }
        record.push(0);
        keyed.put_u8((record.len() as u8) << 1);
        keyed.extend_from_slice(&record);
    }
    seal(&mut keyed);
    keyed.freeze()
}

pub(crate) fn parsed(bytes: Bytes) -> Batch {
    Batch::from_producer(bytes).expect("a sound batch")
}

/// What a consumer hands to its user of these batches, from `offset` on: offsets and payloads.
pub(crate) fn consume(
    batches: &[Bytes],
    offset: i64,
    aborted: Option<&[AbortedTransaction]>,
) -> Vec<(i64, u8)> {
    let mut aborted: Vec<_> = aborted.unwrap_or_default().to_vec();
    aborted.sort_by_key(|transaction| transaction.first_offset);
    let mut aborted = aborted.into_iter().peekable();
    let mut skipping = HashSet::new();
    let mut consumed = Vec::new();
    for bytes in batches {
        let base = (&bytes[..]).get_i64();
        let batch = Batch::read(bytes.clone());
        let last = base + i64::from(batch.last_delta());
        while aborted.peek().is_some_and(|transaction| transaction.first_offset <= last) {
            skipping.extend(aborted.next().map(|transaction| transaction.producer_id));
        }
        let attributes = (&bytes[21..]).get_i16();
        if attributes & CONTROL != 0 {
            // The marker ends what it marks.
            skipping.remove(&batch.producer().id);
            continue;
        }
        if attributes & TRANSACTIONAL != 0 && skipping.contains(&batch.producer().id) {
            continue;
        }
        for (delta, record) in bytes[HEADER..].chunks(8).enumerate() {
            let at = base + delta as i64;
            if at >= offset {
                consumed.push((at, record[6]));
            }
        }
    }
    consumed
}

/// What a reader of committed records reads: offset, key, value.
pub(crate) fn read_committed(log: &PartitionLog) -> Vec<(i64, u8, Option<u8>)> {
    let end = log.visible_end(Isolation::Committed);
    let slice =
        log.read(log.positions().log_start, usize::MAX, true, Isolation::Committed).expect("readable");
    let mut aborted = slice.aborted.clone();
    aborted.sort_by_key(|transaction| transaction.first_offset);
    let mut aborted = aborted.into_iter().peekable();
    let mut skipping = HashSet::new();
    let mut read = Vec::new();
    for bytes in &slice.batches {
        let base = i64::from_be_bytes(bytes[..8].try_into().expect("eight bytes"));
        let batch = Batch::read(bytes.clone());
        let last = base + i64::from(batch.last_delta());
        while let Some(transaction) = aborted.next_if(|transaction| transaction.first_offset <= last) {
            skipping.insert(transaction.producer_id);
        }
        if batch.is_control() {
            skipping.remove(&batch.producer().id);
        } else if !(batch.is_transactional() && skipping.contains(&batch.producer().id)) {
            for record in records::take_apart(bytes).expect("sound") {
                let offset = base + i64::from(record.delta);
                assert!(offset < end);
                read.push((offset, record.key.expect("a key")[0], record.value.map(|value| value[0])));
            }
        }
    }
    read
}
