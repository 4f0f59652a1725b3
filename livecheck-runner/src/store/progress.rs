//! How far the store is.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use livecheck_core::Timestamp;

/// How far the store is, as the metrics show it. Copies of it show the same.
#[derive(Clone, Debug)]
pub(crate) struct Progress(Arc<Mutex<Known>>);

/// What one round of reading the topic and writing has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Round {
    /// So many new reports were written.
    pub(crate) written: u64,
    /// Whether these were all that the topic had.
    pub(crate) is_level: bool,
    /// The log time up to which all was written, if anything was.
    pub(crate) until: Option<Timestamp>,
}

/// One reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoreProgress {
    /// Whether this runner is the one that writes.
    pub(crate) writes: bool,
    /// Whether the last attempt to write went well.
    pub(crate) is_up: bool,
    /// So many reports were written by this runner.
    pub(crate) written: u64,
    /// So many attempts have failed.
    pub(crate) failures: u64,
    /// How old what the store has is, where the topic has more; nothing, if it has all.
    pub(crate) lag: Duration,
}

#[derive(Debug)]
struct Known {
    writes: bool,
    is_up: bool,
    written: u64,
    failures: u64,
    /// When it was what it has that was the latest.
    level: Instant,
    is_level: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let (written, failures, level) = (0, 0, Instant::now());
        Self(Arc::new(Mutex::new(Known {
            writes: false,
            is_up: true,
            written,
            failures,
            level,
            is_level: true,
        })))
    }

    /// What is known now.
    pub(crate) fn get(&self) -> StoreProgress {
        self.with(|known| StoreProgress {
            writes: known.writes,
            is_up: known.is_up,
            written: known.written,
            failures: known.failures,
            lag: if known.is_level { Duration::ZERO } else { known.level.elapsed() },
        })
    }

    /// Another runner writes.
    pub(super) fn stands_by(&self) {
        self.with(|known| (known.writes, known.is_up, known.is_level) = (false, true, true));
    }

    /// A round went well.
    pub(crate) fn wrote(&self, round: Round) {
        let Round { written, is_level, until } = round;
        // In steady traffic there is always one more: the lag is the age of what was written, and not the time since the
        // last pause.
        let reached = until.and_then(|until| Instant::now().checked_sub(Timestamp::now().since(until)));
        self.with(|known| {
            if known.is_level || is_level {
                known.level = Instant::now();
            }
            if let (false, Some(reached)) = (is_level, reached) {
                known.level = reached;
            }
            (known.writes, known.is_up, known.is_level) = (true, true, is_level);
            known.written += written;
        });
    }

    pub(super) fn failed(&self) {
        self.with(|known| {
            if known.is_level {
                known.level = Instant::now();
            }
            (known.writes, known.is_up, known.is_level) = (true, false, false);
            known.failures += 1;
        });
    }

    fn with<T>(&self, look: impl FnOnce(&mut Known) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lag_counts_from_the_moment_at_which_something_was_missing() {
        let progress = Progress::new();
        assert_eq!(progress.get().lag, Duration::ZERO);
        progress.failed();
        let first = progress.get();
        assert!(!first.is_up && first.writes && first.failures == 1);
        progress.failed();
        assert!(progress.get().lag >= first.lag, "it goes on counting");
        progress.wrote(Round { written: 10, is_level: false, until: None });
        assert!(progress.get().is_up && progress.get().lag >= first.lag, "it catches up");
        progress.wrote(Round { written: 5, is_level: true, until: Some(Timestamp::now()) });
        assert_eq!((progress.get().written, progress.get().lag), (15, Duration::ZERO));
    }

    #[test]
    fn in_traffic_without_a_pause_the_lag_is_the_age_of_what_was_written_last() {
        let progress = Progress::new();
        let lag_after = |age: Duration| {
            progress.wrote(Round { written: 1, is_level: false, until: Some(Timestamp::now() - age) });
            progress.get().lag.as_secs()
        };
        let ages = [600, 120, 0].map(Duration::from_secs);
        assert_eq!(ages.map(lag_after), [600, 120, 0]);
    }
}
