//! Time: one clock that only goes forward for deadlines, the system's for timestamps.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    started: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// Time since the start; what the state machines go by.
    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// The moment that a state machine means.
    pub(crate) fn instant(&self, uptime: Duration) -> Instant {
        self.started + uptime
    }

    /// Milliseconds since 1970; what records are stamped with.
    pub(crate) fn timestamp(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}
