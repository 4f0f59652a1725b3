//! What a receiver is told.

use std::collections::BTreeMap;

use livecheck_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alert::{Alert, Kind};
use crate::labels::Fingerprint;

/// Whether something goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It does.
    Firing,
    /// It is over.
    Resolved,
}

impl Status {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

/// What a receiver is told at once: the alerts of a group that go on, and those that are over and that it knows of.
///
/// As JSON it is what a generic webhook and a command get, and what templates see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The same where the same is told again, because it is not known whether it has arrived.
    pub id: String,
    /// Who is told.
    pub receiver: String,
    /// The group of runners that tells it.
    pub origin: String,
    /// Whether anything in it goes on.
    pub status: Status,
    /// Whether there is nothing new in it.
    pub reminder: bool,
    /// The same for all messages of a group to one receiver.
    pub group_key: String,
    /// What the alerts have in common, by which they are one message.
    pub group: BTreeMap<String, String>,
    /// The alerts: those that go on first.
    pub alerts: Vec<Told>,
    /// Where people find more.
    pub link: Option<String>,
    /// Whether it is a test, and nothing is wrong.
    pub test: bool,
}

/// An alert, as a receiver is told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Whether it goes on.
    pub status: Status,
    /// The same for the same labels.
    pub fingerprint: Fingerprint,
    /// Which case.
    pub case: String,
    /// What is wrong with it.
    pub kind: Kind,
    /// What it is known by: its names and values; the tags are one of them.
    pub labels: BTreeMap<String, String>,
    /// The tags of the case.
    pub tags: Vec<String>,
    /// In a few words: `3 executions in a row did not pass`.
    pub summary: String,
    /// The error of the latest execution that did not pass.
    pub error: Option<String>,
    /// The id of that execution.
    pub execution: Option<String>,
    /// Since when.
    pub starts_at: Timestamp,
    /// When it was over.
    pub ends_at: Option<Timestamp>,
}

impl Told {
    /// An alert that goes on, or was over then.
    #[must_use]
    pub fn of(alert: &Alert, over: Option<Timestamp>) -> Self {
        Self {
            status: if over.is_some() { Status::Resolved } else { Status::Firing },
            fingerprint: Fingerprint::of(&alert.labels),
            case: alert.key.case.to_string(),
            kind: alert.key.kind,
            labels: alert.labels.flat(),
            tags: alert.labels.tags.iter().cloned().collect(),
            summary: alert.facts.summary.clone(),
            error: alert.facts.error.clone(),
            execution: alert.facts.execution.clone(),
            starts_at: alert.since,
            ends_at: over,
        }
    }
}

impl Message {
    /// How many alerts in it go on, and how many are over.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let firing = self.alerts.iter().filter(|alert| alert.status == Status::Firing).count();
        (firing, self.alerts.len() - firing)
    }

    /// What it is about, in one line: `FIRING: order_flow is stalled`, `FIRING: 3 alerts, 1 resolved (package=orders)`.
    #[must_use]
    pub fn title(&self) -> String {
        let status = self.status.as_str().to_uppercase();
        let test = if self.test { "TEST " } else { "" };
        let what = match (&self.alerts[..], self.counts()) {
            ([alert], _) => format!("{} {}", alert.case, alert.kind),
            (_, (0, over)) => format!("{over} alerts are over"),
            (_, (firing, 0)) => format!("{firing} alerts"),
            (_, (firing, over)) => format!("{firing} of {} alerts go on", firing + over),
        };
        let group: Vec<_> = self.group.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let group = if self.alerts.len() > 1 && !group.is_empty() {
            format!(" ({})", group.join(", "))
        } else {
            String::new()
        };
        format!("[{test}{status}] {what}{group}")
    }
}

impl Message {
    /// A message that is a test, and says so. Its resolved message ends its firing one.
    #[must_use]
    pub fn test(receiver: &str, origin: &str, status: Status) -> Self {
        let starts_at = Timestamp::now();
        let labels = [
            ("alertname", "LiveCheckTest"),
            ("case", "livecheck::test_alert"),
            ("group", origin),
            ("kind", "failing"),
            ("package", "livecheck"),
        ];
        let labels: BTreeMap<String, String> =
            labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let group_key = Fingerprint::of(&("test", origin, receiver)).as_str().to_owned();
        Self {
            id: format!("{group_key}-{}", status.as_str()),
            receiver: receiver.to_owned(),
            origin: origin.to_owned(),
            status,
            reminder: false,
            group_key,
            group: [("case".to_owned(), "livecheck::test_alert".to_owned())].into(),
            alerts: vec![Told {
                status,
                fingerprint: Fingerprint::of(&labels),
                case: "livecheck::test_alert".to_owned(),
                kind: Kind::Failing,
                labels,
                tags: vec!["test".to_owned()],
                summary: "this is a test alert of LiveCheck".to_owned(),
                error: None,
                execution: None,
                starts_at,
                ends_at: (status == Status::Resolved).then_some(starts_at),
            }],
            link: None,
            test: true,
        }
    }
}
