//! What one receiver has been told of one group of alerts, and what it is to be told.
//!
//! ```text
//!             is sent             acknowledged              over: is sent, acknowledged
//!   Nothing ──────────▶ Perhaps ──────────────▶ Firing ────────────────────────────────▶ gone
//!      │                   ▲                       │
//!      │                   └─── over, and again ───┘
//!      └── over, and hidden ──▶ gone
//! ```
//!
//! What is to be told follows from this alone, and this is kept before anything is sent, and again once it was
//! acknowledged. So a message is repeated where it is not known whether it has arrived, and none is left out: also one
//! that is over before it could be told is told, as going on first, and then as over.

use std::collections::BTreeMap;
use std::time::Duration;

use livecheck_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alert::{Alert, AlertKey};
use crate::backoff;
use crate::labels::{Fingerprint, Labels};
use crate::message::{Status, Told as ToldAlert};
use crate::policy::Timing;

/// How many alerts one message has at most; others come with the next.
const MOST_ALERTS: usize = 200;

/// What one receiver knows of one group of alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// By the fingerprint of their labels.
    lines: BTreeMap<Fingerprint, Line>,
    /// When it began.
    since: Timestamp,
    /// When something was told last.
    told_at: Option<Timestamp>,
    /// How often in a row it could not be told.
    failures: u32,
    /// Before which it is not tried again.
    retry_at: Option<Timestamp>,
    /// Since when nobody of that name is configured.
    #[serde(default)]
    pub(crate) orphaned_since: Option<Timestamp>,
    /// What is being told. A successor knows nothing of it, and tells it again.
    #[serde(skip)]
    sending: Option<Sending>,
}

/// An alert in a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    alert: Alert,
    over: Option<Timestamp>,
    told: Told,
}

/// What the receiver knows of an alert: what it has acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Told {
    Nothing,
    /// It was sent, and may have arrived.
    Perhaps,
    Firing,
    /// It is kept for a while, for a receiver that is told again and again.
    Over,
}

impl Line {
    fn is_to_begin(&self) -> bool {
        matches!(self.told, Told::Nothing | Told::Perhaps)
    }

    /// Whether nobody is to hear of it now. Who may know of it is told all of it.
    fn is_hidden(&self, hidden: impl Fn(&Labels) -> bool) -> bool {
        self.told == Told::Nothing && hidden(&self.alert.labels)
    }

    fn is_news(&self, hidden: impl Fn(&Labels) -> bool) -> bool {
        self.is_to_end() || (self.is_to_begin() && !self.is_hidden(hidden))
    }

    fn is_to_end(&self) -> bool {
        self.told == Told::Firing && self.over.is_some()
    }

    fn goes_on(&self) -> bool {
        self.told == Told::Firing && self.over.is_none()
    }

    /// As it is told now. What has not begun for the receiver cannot be over for it.
    fn to_tell(&self) -> ToldAlert {
        ToldAlert::of(&self.alert, self.over.filter(|_| !self.is_to_begin()))
    }
}

/// A message that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sending {
    number: u64,
    /// What it says of which alert, and since when that alert goes on.
    says: BTreeMap<Fingerprint, (Status, Timestamp)>,
}

/// How a conversation is led.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) timing: Timing,
    /// For how long what is over is told again; nothing for a receiver that is told once.
    pub(crate) resend: Option<Duration>,
}

/// What came out of sending a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has acknowledged it.
    Acknowledged,
    /// It is not known to have arrived.
    Failed {
        /// Whether the receiver does not want it as it is.
        refused: bool,
        /// How long the receiver wants to be left alone.
        retry_after: Option<Duration>,
    },
}

impl Conversation {
    pub(crate) fn begin(now: Timestamp) -> Self {
        Self {
            lines: BTreeMap::new(),
            since: now,
            told_at: None,
            failures: 0,
            retry_at: None,
            orphaned_since: None,
            sending: None,
        }
    }

    /// Whether there is nothing left to be told or remembered.
    pub(crate) fn is_over(&self) -> bool {
        self.lines.is_empty() && self.sending.is_none()
    }

    /// How often in a row it could not be told.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// Before which it is not tried again.
    pub(crate) fn retry_at(&self) -> Option<Timestamp> {
        self.retry_at
    }

    /// Somebody else tells it from now on, who may have what was lacking: it is tried at once.
    pub(crate) fn try_anew(&mut self) {
        self.retry_at = None;
    }

    /// The labels of any alert in it.
    pub(crate) fn any_labels(&self) -> Option<&Labels> {
        self.lines.values().next().map(|line| &line.alert.labels)
    }

    /// The alerts that go on in it, by what they are known by.
    pub(crate) fn going_on(&self) -> impl Iterator<Item = (&Fingerprint, &AlertKey)> {
        self.lines
            .iter()
            .filter(|(_, line)| line.over.is_none())
            .map(|(print, line)| (print, &line.alert.key))
    }

    /// An alert goes on. Says whether that is news.
    pub(crate) fn goes_on(&mut self, print: &Fingerprint, alert: &Alert) -> bool {
        match self.lines.get_mut(print) {
            Some(Line { over: None, .. }) => return false,
            Some(line) => {
                // Perhaps its end has arrived already, though that was not acknowledged: so it is told anew.
                let is_unheard = matches!(line.told, Told::Nothing | Told::Over);
                let told = if is_unheard { Told::Nothing } else { Told::Perhaps };
                *line = Line { alert: alert.clone(), over: None, told };
            }
            None => {
                let line = Line { alert: alert.clone(), over: None, told: Told::Nothing };
                self.lines.insert(print.clone(), line);
            }
        }
        true
    }

    /// An alert is over. Says whether that is news.
    pub(crate) fn ends(&mut self, print: &Fingerprint, at: Timestamp) -> bool {
        match self.lines.get_mut(print) {
            Some(line) if line.over.is_none() => {
                line.over = Some(at.max(line.alert.since));
                true
            }
            _ => false,
        }
    }

    /// Forgets what has begun and ended while it was hidden, and what is over and was told for long enough. Says
    /// whether there was any.
    pub(crate) fn forget(
        &mut self,
        now: Timestamp,
        resend: Option<Duration>,
        hidden: impl Fn(&Labels) -> bool,
    ) -> bool {
        let before = self.lines.len();
        self.lines.retain(|_, line| match (line.told, line.over) {
            (Told::Nothing, Some(_)) => !line.is_hidden(&hidden),
            (Told::Over, Some(over)) => now < over + resend.unwrap_or_default(),
            _ => true,
        });
        self.lines.len() < before
    }

    /// When there is something to tell; never while something is being told.
    pub(crate) fn due(&self, style: Style, hidden: impl Fn(&Labels) -> bool) -> Option<Timestamp> {
        if self.sending.is_some() {
            return None;
        }
        let Timing { group_wait, group_interval, repeat_interval } = style.timing;
        // Who takes silence for an end is not left in it, whoever else is.
        let is_to_repeat = |line: &Line| match style.resend {
            Some(_) => !line.is_to_begin(),
            None => line.goes_on() && !hidden(&line.alert.labels),
        };
        let due = if self.is_pending(&hidden) {
            self.told_at.map_or(self.since + group_wait, |told| told + group_interval)
        } else if self.lines.values().any(is_to_repeat) {
            self.told_at? + repeat_interval
        } else {
            return None;
        };
        Some(self.retry_at.map_or(due, |retry| due.max(retry)))
    }

    /// Whether something new is to be told.
    pub(crate) fn is_pending(&self, hidden: impl Fn(&Labels) -> bool) -> bool {
        self.lines.values().any(|line| line.is_news(&hidden))
    }

    /// What is told now, which is to be kept before it is, and whether none of it is new. News comes first, should it be too much for one message.
    pub(crate) fn tell(
        &mut self,
        number: u64,
        style: Style,
        hidden: impl Fn(&Labels) -> bool,
    ) -> (Vec<ToldAlert>, bool) {
        let lines = self.lines.iter_mut();
        let mut lines: Vec<_> = lines.filter(|(_, line)| !line.is_hidden(&hidden)).collect();
        lines.sort_by_key(|(_, line)| !(line.is_to_begin() || line.is_to_end()));
        if style.resend.is_none() {
            lines.truncate(MOST_ALERTS);
        }
        let is_reminder = lines.iter().all(|(_, line)| !(line.is_to_begin() || line.is_to_end()));
        let mut alerts: Vec<ToldAlert> = lines.iter().map(|(_, line)| line.to_tell()).collect();
        let mut says = BTreeMap::new();
        for ((print, line), told) in lines.into_iter().zip(&alerts) {
            if line.told == Told::Nothing {
                line.told = Told::Perhaps;
            }
            says.insert(print.clone(), (told.status, told.starts_at));
        }
        self.sending = Some(Sending { number, says });
        alerts.sort_by_key(|alert| (alert.status, alert.starts_at));
        (alerts, is_reminder)
    }

    /// What was being told has come to an end. Says whether it was this that was being told.
    pub(crate) fn told(
        &mut self,
        number: u64,
        outcome: Outcome,
        style: Style,
        who: &str,
        now: Timestamp,
    ) -> bool {
        let Some(sending) = self.sending.take_if(|sending| sending.number == number) else { return false };
        match outcome {
            Outcome::Acknowledged => {
                sending
                    .says
                    .into_iter()
                    .for_each(|(print, said)| self.acknowledged(&print, said, style, now));
                self.told_at = Some(now);
                (self.failures, self.retry_at) = (0, None);
            }
            Outcome::Failed { refused, retry_after } => {
                self.failures = self.failures.saturating_add(1);
                let pause = backoff::pause(self.failures, refused, who);
                self.retry_at = Some(now + pause.max(retry_after.unwrap_or_default()));
            }
        }
        true
    }

    fn acknowledged(
        &mut self,
        print: &Fingerprint,
        (status, since): (Status, Timestamp),
        style: Style,
        now: Timestamp,
    ) {
        // One that has begun again meanwhile is another.
        let Some(line) = self.lines.get_mut(print).filter(|line| line.alert.since == since) else { return };
        match (status, line.over) {
            (Status::Firing, _) if line.is_to_begin() => line.told = Told::Firing,
            (Status::Resolved, Some(over)) if style.resend.is_some_and(|linger| now < over + linger) => {
                line.told = Told::Over;
            }
            (Status::Resolved, Some(_)) => drop(self.lines.remove(print)),
            _ => {}
        }
    }
}
