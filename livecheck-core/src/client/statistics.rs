//! What a client has sent and could not send.

#[cfg(feature = "kafka")]
use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::Mutex;
#[cfg(feature = "kafka")]
use std::sync::atomic::AtomicBool;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How often at most a loss is said in the log; it is counted always.
const WARN_EVERY: Duration = Duration::from_secs(60);

/// Counts of triggers and signals since the client was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientStatistics {
    /// Taken for sending.
    pub taken: u64,
    /// Acknowledged by the brokers.
    pub delivered: u64,
    /// Not taken: the queue was full, or the record too large.
    pub rejected: u64,
    /// Taken, and not acknowledged in time.
    pub failed: u64,
    /// Not sent because a value could not be serialized.
    pub unserializable: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    taken: AtomicU64,
    delivered: AtomicU64,
    rejected: AtomicU64,
    failed: AtomicU64,
    unserializable: AtomicU64,
    last_warning: Mutex<Option<Instant>>,
    /// Whether brokers that go are no news.
    #[cfg(feature = "kafka")]
    is_closed: AtomicBool,
    /// Those that have been said to be missing.
    #[cfg(feature = "kafka")]
    missing_topics: Mutex<BTreeSet<String>>,
}

impl Counters {
    pub(super) fn read(&self) -> ClientStatistics {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ClientStatistics {
            taken: read(&self.taken),
            delivered: read(&self.delivered),
            rejected: read(&self.rejected),
            failed: read(&self.failed),
            unserializable: read(&self.unserializable),
        }
    }

    /// Brokers that go from now on are no news.
    #[cfg(feature = "kafka")]
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }

    pub(super) fn taken(&self) {
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    #[cfg(feature = "kafka")]
    pub(super) fn delivered(&self) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn rejected(&self, reason: &dyn Display) {
        self.rejected.fetch_add(1, Ordering::Relaxed);
        self.warn(&format_args!("a trigger or signal was not taken: {reason}"));
    }

    #[cfg(feature = "kafka")]
    pub(super) fn failed(&self, reason: &dyn Display) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.warn(&format_args!("a trigger or signal was not delivered: {reason}"));
    }

    #[cfg(feature = "kafka")]
    pub(super) fn out_of_reach(&self, reason: &dyn Display) {
        if self.is_closed.load(Ordering::Relaxed) {
            return;
        }
        self.warn(&format_args!("no Kafka broker can be reached; trying again until one answers: {reason}"));
    }

    /// Says that a topic is missing, once; what could not be delivered to it is counted as everything else.
    #[cfg(feature = "kafka")]
    pub(super) fn missing_topic(&self, topic: &str) {
        // A request must not wait for another's warning.
        let Ok(mut said) = self.missing_topics.try_lock() else { return };
        if !said.contains(topic) {
            said.insert(topic.to_owned());
            tracing::warn!(
                target: "livecheck",
                topic,
                "triggers and signals are lost: there is no topic `{topic}` with the partition that they go to. A \
                 LiveCheck runner creates its topics when it starts; `cargo livecheck doctor` looks closer"
            );
        }
    }

    pub(super) fn unserializable(&self, case: &str, error: &serde_json::Error) {
        self.unserializable.fetch_add(1, Ordering::Relaxed);
        self.warn(&format_args!("a value for case `{case}` could not be serialized: {error}"));
    }

    fn warn(&self, what: &dyn Display) {
        // A request must not wait for another's warning: where the lock is taken, one is being said.
        let Ok(mut last) = self.last_warning.try_lock() else { return };
        if last.is_some_and(|last| last.elapsed() < WARN_EVERY) {
            return;
        }
        *last = Some(Instant::now());
        tracing::warn!(target: "livecheck", statistics = ?self.read(), "{what}");
    }
}

#[cfg(all(test, feature = "kafka"))]
mod tests {
    use super::*;

    #[test]
    fn a_missing_topic_is_said_once() {
        let counters = Counters::default();
        for _ in 0..3 {
            counters.missing_topic("livecheck");
            counters.failed(&"unknown topic");
        }
        counters.missing_topic("livecheck-bus");
        assert_eq!(counters.missing_topics.lock().expect("no test panics").len(), 2);
        assert_eq!(counters.read().failed, 3);
    }
}
