//! What fuzzers call; no part of the library.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use bytes::Bytes;

use crate::api;
use crate::log::{Batch, Isolation, Want};
use crate::log::{Compaction, LogRules, PartitionLog};
use crate::node::{Node, Settings};

/// Frames one after the other to one node, each with two bytes of length before it. What would wait is dropped.
pub fn frames(mut data: &[u8]) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() else { return };
    let _entered = runtime.enter();
    let node = Arc::new(Node::new(Settings::default(), "localhost".to_owned(), 1));
    let mut settings = node.topic_settings();
    if settings.set("cleanup.policy", "compact").is_err()
        || node.topics.create("t", 1, settings, false).is_err()
    {
        return;
    }
    while let Some((length, rest)) = data.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        let (frame, rest) = rest.split_at(length);
        data = rest;
        let answer = pin!(api::answer(&node, Bytes::copy_from_slice(frame), "/127.0.0.1"));
        let _ = answer.poll(&mut Context::from_waker(Waker::noop()));
    }
}

/// A batch whose checksum and length are made right, stored, searched and compacted.
pub fn batch(data: &[u8]) {
    const HEADER: usize = 61;
    if data.len() < HEADER {
        return;
    }
    let mut bytes = data.to_vec();
    bytes[8..12].copy_from_slice(&((data.len() - 12) as i32).to_be_bytes());
    bytes[16] = 2;
    let sum = crc32c::crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&sum.to_be_bytes());
    let Ok(batch) = Batch::from_producer(bytes.into()) else { return };
    let _ = batch.has_keys();
    let compaction = Compaction { dirty_ratio: 0.0, min_lag_ms: 0, max_lag_ms: i64::MAX, tombstones_ms: 0 };
    let rules = LogRules { segment_bytes: 1, compact: Some(compaction), ..LogRules::default() };
    let mut log = PartitionLog::default();
    for _ in 0..2 {
        let _ = log.append(&batch, &rules, 0);
    }
    let _ = log.find(Want::Since(1), Isolation::Committed);
    let _ = log.compact(&rules, 1);
}
