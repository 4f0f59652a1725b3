//! Silences: alerts that somebody knows of, until when, by whom, and why.

use livecheck_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::labels::Labels;
use crate::matcher::{Matcher, all_match};

/// What somebody does not want to hear of, for a time.
///
/// It hides what begins, and reminders. The end of what was told is told all the same: who was woken is to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Which alerts: those for which all of these hold.
    pub matchers: Vec<Matcher>,
    /// Since when.
    pub since: Timestamp,
    /// Until when. One that is ended is ended by this.
    pub until: Timestamp,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
}

impl Silence {
    /// Whether it is about an alert with those labels.
    #[must_use]
    pub fn is_about(&self, labels: &Labels) -> bool {
        // One that matches nothing in particular would hide everything.
        !self.matchers.is_empty() && all_match(&self.matchers, labels)
    }

    /// Whether it is on.
    #[must_use]
    pub fn is_on(&self, now: Timestamp) -> bool {
        now < self.until
    }
}
