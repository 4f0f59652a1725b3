//! How much a shard may remember, and what it can take at present.

use std::time::Duration;

/// How much a shard may remember.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The bytes that executions in flight may take, roughly, before no more tests are wanted.
    pub execution_bytes: usize,
    /// The bytes that early signals may take, roughly.
    pub early_signal_bytes: usize,
    /// The bytes that questions of other shards may take, roughly, before no more messages are wanted.
    pub question_bytes: usize,
    /// The bytes of what executions have changed in tables, and is not yet both committed and on disk, roughly, before no
    /// more tests are wanted.
    pub table_bytes: usize,
    /// How many executions that have ended are remembered, at least; at most it is twice as many.
    pub recent_executions: usize,
    /// What has been in flight for this long, in local time, is saved for a successor, which else reads it again
    /// from the log. None: nothing is saved.
    pub save_after: Option<Duration>,
    /// How often at most, in local time, other shards are asked which of their tests have ended, so that signals are
    /// forgotten that only those could ask for.
    pub forget_every: Duration,
    /// How far before a later record on the bus another may still come, by their timestamps: zero where the
    /// log stamps its records itself.
    pub bus_disorder: Duration,
    /// The same on the test topic.
    pub test_disorder: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            execution_bytes: 256 << 20,
            early_signal_bytes: 32 << 20,
            question_bytes: 32 << 20,
            table_bytes: 32 << 20,
            recent_executions: 100_000,
            save_after: Some(Duration::from_secs(10)),
            forget_every: Duration::from_secs(10),
            bus_disorder: Duration::ZERO,
            test_disorder: Duration::ZERO,
        }
    }
}

/// What a shard can take at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Pressure {
    /// No more tests: those in flight take all the memory that they may.
    pub pause_tests: bool,
    /// No more signals until more tests have been read: those that wait for theirs take all the memory.
    pub pause_bus: bool,
    /// No more messages of other shards: the questions that wait for their answers take all the memory that they may.
    /// It is the bus that answers them, so it ends by itself.
    pub pause_messages: bool,
}
