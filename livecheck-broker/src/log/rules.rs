//! A topic's settings as far as its logs go by them.

use super::batch::TimestampType;

/// What a log goes by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LogRules {
    pub(crate) timestamps: TimestampType,
    /// A part of the log that has grown this large is closed; only closed parts are compacted.
    pub(crate) segment_bytes: usize,
    /// As is one whose records span so many milliseconds.
    pub(crate) segment_ms: i64,
    /// After so many records, or milliseconds, what is kept on disk is to outlast the machine, not just the process.
    pub(crate) flush_messages: i64,
    pub(crate) flush_ms: i64,
    /// Old records go when they are too many or too old.
    pub(crate) delete: Option<Retention>,
    /// Records go when a later one has the same key.
    pub(crate) compact: Option<Compaction>,
}

/// How much is kept; `None` stands for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Retention {
    pub(crate) bytes: Option<usize>,
    pub(crate) ms: Option<i64>,
}

/// When to compact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Compaction {
    /// The share of the closed parts that is new since the last time, above which it is worth it.
    pub(crate) dirty_ratio: f64,
    /// Records younger than this are left alone.
    pub(crate) min_lag_ms: i64,
    /// Records older than this are not left alone, whatever the ratio.
    pub(crate) max_lag_ms: i64,
    /// How long a tombstone is kept, that all readers may see it.
    pub(crate) tombstones_ms: i64,
}

impl Default for LogRules {
    /// Everything is kept.
    fn default() -> Self {
        Self {
            timestamps: TimestampType::CreateTime,
            segment_bytes: 1 << 30,
            segment_ms: i64::MAX,
            flush_messages: i64::MAX,
            flush_ms: i64::MAX,
            delete: None,
            compact: None,
        }
    }
}
