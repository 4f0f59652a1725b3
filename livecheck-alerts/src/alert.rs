//! An alert: what is wrong with a case, since when, and what it is known by.

use std::fmt;

use livecheck_core::{CaseName, Timestamp};
use serde::{Deserialize, Serialize};

use crate::labels::Labels;

/// What may be wrong with a case as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Its `max_consecutive_failures` executions in a row did not pass.
    Failing,
    /// More than a share of its executions within a time did not pass.
    FailureRate,
    /// No execution was seen for its `warn_stalled_after`.
    Stalled,
    /// A fake request could not be sent: what it asks is down.
    ServiceDown,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Failing, Self::FailureRate, Self::Stalled, Self::ServiceDown];

    /// As it is written in the configuration and in labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::FailureRate => "failure-rate",
            Self::Stalled => "stalled",
            Self::ServiceDown => "service-down",
        }
    }

    /// As Prometheus names alerts: the label `alertname`.
    #[must_use]
    pub fn alertname(self) -> &'static str {
        match self {
            Self::Failing => "LiveCheckFailing",
            Self::FailureRate => "LiveCheckFailureRate",
            Self::Stalled => "LiveCheckStalled",
            Self::ServiceDown => "LiveCheckServiceDown",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is wrong with which case: of each at most one alert is open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AlertKey {
    /// What.
    pub kind: Kind,
    /// With which case.
    pub case: CaseName,
}

/// What is said of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// In a few words: `3 executions in a row did not pass`.
    pub summary: String,
    /// The error of the latest execution that did not pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The id of that execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// What is wrong with which case.
    #[serde(flatten)]
    pub key: AlertKey,
    /// What it is known by.
    pub labels: Labels,
    /// Since when, in log time.
    pub since: Timestamp,
    /// What is said of it.
    #[serde(flatten)]
    pub facts: Facts,
}
