//! The rules by which a case is watched.

use std::time::Duration;

use livecheck_core::Settings;

use crate::config::CheckConfig;

/// The settings by which a case is watched.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// How long nothing may be seen; nothing where no execution is expected.
    pub warn_stalled_after: Option<Duration>,
    /// See [`Settings::max_consecutive_failures`]; none where they are only counted.
    pub max_consecutive_failures: Option<u64>,
    /// See [`Settings::state_transition_delay`].
    pub state_transition_delay: Duration,
    /// See [`Settings::max_history`].
    pub max_history: usize,
    /// See [`Settings::frequency`].
    pub frequency: Option<Duration>,
}

impl Rules {
    /// Those of a case with that name's settings.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        let is_expected = settings.active && settings.probability > 0.0;
        Self {
            warn_stalled_after: is_expected.then_some(settings.warn_stalled_after),
            max_consecutive_failures: Some(settings.max_consecutive_failures.max(1).into()),
            state_transition_delay: settings.state_transition_delay,
            max_history: settings.max_history,
            frequency: settings.frequency,
        }
    }

    /// Those of a check: it is stalled when a slot has passed without it.
    #[must_use]
    pub fn of_check(check: &CheckConfig) -> Self {
        let expected_within = check.schedule.longest_distance() + check.lasts_at_most();
        Self {
            warn_stalled_after: Some(expected_within + Settings::new().warn_stalled_after),
            max_consecutive_failures: Some(check.max_consecutive_failures),
            // A failure is confirmed by further runs, and not by time that passes.
            state_transition_delay: Duration::ZERO,
            ..Self::of(&Settings::new())
        }
    }

    /// Those of a case that this program does not have: it is counted, and not judged.
    #[must_use]
    pub fn of_unknown() -> Self {
        Self { warn_stalled_after: None, max_consecutive_failures: None, ..Self::of(&Settings::new()) }
    }
}
