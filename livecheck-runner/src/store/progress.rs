//! How far the store is.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How far the store is, as the metrics show it. Copies of it show the same.
#[derive(Clone, Debug)]
pub(crate) struct Progress(Arc<Mutex<Known>>);

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
    /// For how long the store has not had all reports of the topic: nothing, if it has.
    pub(crate) lag: Duration,
}

#[derive(Debug)]
struct Known {
    writes: bool,
    is_up: bool,
    written: u64,
    failures: u64,
    /// When it last had all.
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

    /// So many were written; whether these are all that the topic has.
    pub(crate) fn wrote(&self, reports: u64, is_level: bool) {
        self.with(|known| {
            // From here on it counts for how long something is missing.
            if known.is_level || is_level {
                known.level = Instant::now();
            }
            (known.writes, known.is_up, known.is_level) = (true, true, is_level);
            known.written += reports;
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
        progress.wrote(10, false);
        assert!(progress.get().is_up && progress.get().lag >= first.lag, "it catches up");
        progress.wrote(5, true);
        assert_eq!((progress.get().written, progress.get().lag), (15, Duration::ZERO));
    }
}
