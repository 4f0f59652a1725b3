//! How long brokers may take: as long as they need while a run goes on, and not for long once it ends.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// The patience of those who write, while the run goes on and when it ends. All clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Patience(Arc<OnceLock<Instant>>);

impl Patience {
    /// The run ends: what is not done in this time is given up. Only the first word counts.
    pub(crate) fn ends_in(&self, rest: Duration) {
        let _ = self.0.set(Instant::now() + rest);
    }

    /// Whether nothing more is to be begun.
    pub(crate) fn is_over(&self) -> bool {
        self.0.get().is_some_and(|end| *end <= Instant::now())
    }

    /// How long something may take that otherwise has so much time.
    pub(crate) fn at_most(&self, time: Duration) -> Duration {
        self.0.get().map_or(time, |end| time.min(end.saturating_duration_since(Instant::now())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_takes_longer_than_the_run() {
        const STEP: Duration = Duration::from_secs(10);
        let patience = Patience::default();
        assert!(!patience.is_over());
        assert_eq!(patience.at_most(STEP), STEP);
        patience.clone().ends_in(Duration::from_secs(5));
        assert!(!patience.is_over());
        assert!(patience.at_most(STEP) <= Duration::from_secs(5));
        let ended = Patience::default();
        ended.ends_in(Duration::ZERO);
        ended.ends_in(STEP);
        assert!(ended.is_over());
        assert_eq!(ended.at_most(STEP), Duration::ZERO);
    }
}
