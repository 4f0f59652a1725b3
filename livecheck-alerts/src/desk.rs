//! The heart: what is wrong now, who is to be told, and what was told. It has no clock and sends nothing.
//!
//! ```text
//!  what happens to cases ─▶ open alerts ─▶ routes ─▶ conversations ─▶ messages that are due
//!                                            ▲            ▲                   │
//!              silences, maintenance windows ┘            └── what came of it ┘
//! ```
//!
//! All of it but the policy is kept as it changes ([`Desk::take_changed`]) and put together again from that
//! ([`Desk::restore`]); what is kept is reconciled with a policy that has changed meanwhile. An alert that goes to a
//! receiver no longer, since its case was removed, its labels, or the routes are others, is over for that receiver, and
//! that is told it.

mod kept;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use livecheck_core::{CaseName, Timestamp};

pub use self::kept::{Kept, Key, Restored};
use crate::alert::{Alert, AlertKey, Facts, Kind};
use crate::conversation::{Conversation, Outcome, Style};
use crate::gauges::Gauges;
use crate::labels::{Fingerprint, Labels};
use crate::maintenance::Window;
use crate::message::{Message, Status};
use crate::policy::{Manner, Policy, Timing};
use crate::rate::{RateWindow, Said};
use crate::silence::Silence;

/// For how long it is remembered what a receiver was told that is no longer configured: it may come back, as when one
/// version of the configuration takes turns with another.
const ORPHANS_KEPT: Duration = Duration::from_secs(24 * 3600);
/// For how long a silence is kept when it is over.
const SILENCES_KEPT: Duration = Duration::from_secs(24 * 3600);

/// Something has happened to a case as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Something is wrong with it.
    Began {
        /// What.
        kind: Kind,
        /// What is said of it.
        facts: Facts,
    },
    /// It has recovered from whatever was wrong.
    Recovered,
}

/// Whose conversation it is: the receiver, and what the alerts have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConversationKey {
    /// The receiver.
    pub receiver: String,
    /// What the alerts have in common.
    pub group: BTreeMap<String, String>,
}

/// A message that is to be sent; what came of it is said by this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    conversation: ConversationKey,
    number: u64,
}

/// What has come of a message, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How often in a row it had failed before, or has now.
    pub failures: u32,
    /// When it is tried again, where it failed.
    pub retry_in: Option<Duration>,
}

/// The heart.
#[derive(Clone, Debug)]
pub struct Desk {
    policy: Policy,
    open: BTreeMap<AlertKey, Alert>,
    conversations: BTreeMap<ConversationKey, Conversation>,
    silences: BTreeMap<String, Silence>,
    rates: BTreeMap<CaseName, RateWindow>,
    /// What is not as it was kept.
    changed: BTreeSet<Key>,
    number: u64,
    gauges: Gauges,
}

impl Desk {
    /// From what was kept, under a policy that may be another one by now.
    #[must_use]
    pub fn restore(policy: Policy, kept: Restored, now: Timestamp) -> Self {
        let Restored { open, conversations, silences, rates } = kept;
        let gauges = Gauges::of(policy.receivers.keys());
        let mut desk = Self {
            policy,
            open,
            conversations,
            silences,
            rates,
            changed: BTreeSet::new(),
            number: 0,
            gauges,
        };
        desk.reconcile(now);
        desk
    }

    /// Something has happened to a case.
    pub fn heed(&mut self, case: &CaseName, event: Event, at: Timestamp) {
        match event {
            Event::Began { kind, facts } => self.begin(AlertKey { kind, case: case.clone() }, facts, at),
            Event::Recovered => {
                for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::FailureRate) {
                    self.end(&AlertKey { kind, case: case.clone() }, at);
                }
            }
        }
    }

    /// That is all that is wrong with cases now, by what is kept of them: the case, what, since when, and what is said
    /// of it. Whatever else was open is over.
    pub fn align(
        &mut self,
        wrong: impl IntoIterator<Item = (CaseName, Kind, Timestamp, Facts)>,
        now: Timestamp,
    ) {
        let mut cases = BTreeSet::new();
        for (case, kind, since, facts) in wrong {
            let is_known = self.open.keys().any(|key| key.case == case && key.kind != Kind::FailureRate);
            if !is_known {
                self.begin(AlertKey { kind, case: case.clone() }, facts, since);
            }
            cases.insert(case);
        }
        let over = self.open.keys().filter(|key| key.kind != Kind::FailureRate && !cases.contains(&key.case));
        let over: Vec<AlertKey> = over.cloned().collect();
        over.iter().for_each(|key| self.end(key, now));
    }

    /// An execution of a case has ended.
    pub fn executed(&mut self, case: &CaseName, passed: bool, at: Timestamp) {
        let Some(rule) = self.policy.failure_rate.filter(|_| self.policy.subjects.contains_key(case)) else {
            return;
        };
        let window = self.rates.entry(case.clone()).or_default();
        window.ended(&rule, passed, at);
        let said = window.say(&rule, at);
        self.changed.insert(Key::Rate(case.clone()));
        let key = AlertKey { kind: Kind::FailureRate, case: case.clone() };
        match said {
            Said::TooFew => {}
            Said::Fine => self.end(&key, at),
            Said::TooMany { failed, of } => {
                let over = humantime::format_duration(rule.over);
                let summary = format!("{failed} of {of} executions within {over} did not pass");
                self.begin(key, Facts { summary, ..Facts::default() }, at);
            }
        }
    }

    /// Somebody does not want to hear of some alerts, or has taken that back.
    pub fn silence(&mut self, id: String, silence: Option<Silence>) {
        match silence {
            Some(silence) => drop(self.silences.insert(id, silence)),
            None => drop(self.silences.remove(&id)),
        }
    }

    /// The messages that are to be sent now. What they tell must have been kept before they are.
    pub fn due(&mut self, now: Timestamp) -> Vec<(Ticket, Message)> {
        self.forget(now);
        let hush = Hush::at(&self.policy, &self.silences, now);
        let hidden = |labels: &Labels| hush.hides(labels);
        let mut due = Vec::new();
        for (key, conversation) in &mut self.conversations {
            let Some(style) = style(&self.policy, key, conversation) else { continue };
            if conversation.due(style, hidden).is_none_or(|due| due > now) {
                continue;
            }
            self.number += 1;
            let (alerts, reminder) = conversation.tell(self.number, style, hidden);
            self.changed.insert(Key::Conversation(key.clone()));
            let is_over = alerts.iter().all(|alert| alert.status == Status::Resolved);
            let says: Vec<_> =
                alerts.iter().map(|alert| (&alert.fingerprint, alert.status, alert.starts_at)).collect();
            let group_key = Fingerprint::of(&(&self.policy.origin, &key.receiver, &key.group));
            let message = Message {
                id: Fingerprint::of(&(&group_key, says, reminder.then_some(now))).as_str().to_owned(),
                receiver: key.receiver.clone(),
                origin: self.policy.origin.clone(),
                status: if is_over { Status::Resolved } else { Status::Firing },
                reminder,
                group_key: group_key.as_str().to_owned(),
                group: key.group.clone(),
                alerts,
                link: self.policy.link.clone(),
                test: false,
            };
            due.push((Ticket { conversation: key.clone(), number: self.number }, message));
        }
        due
    }

    /// What has come of a message. None where nobody waits for it any more.
    pub fn told(&mut self, ticket: &Ticket, outcome: Outcome, now: Timestamp) -> Option<Standing> {
        let Ticket { conversation: key, number } = ticket;
        let conversation = self.conversations.get_mut(key)?;
        // Of a receiver that is gone from the configuration nothing was sent.
        let style = style(&self.policy, key, conversation)
            .unwrap_or(Style { timing: Timing::default(), resend: None });
        let before = conversation.failures();
        let who = format!("{}{:?}", key.receiver, key.group);
        if !conversation.told(*number, outcome, style, &who, now) {
            return None;
        }
        self.changed.insert(Key::Conversation(key.clone()));
        self.gauges.told(&key.receiver, outcome);
        let standing = match outcome {
            Outcome::Acknowledged => Standing { failures: before, retry_in: None },
            Outcome::Failed { .. } => Standing {
                failures: conversation.failures(),
                retry_in: conversation.retry_at().map(|at| at.since(now)),
            },
        };
        self.drop_if_over(key);
        Some(standing)
    }

    /// Whether something is not as it was kept.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    /// What is not as it was kept, which is to be mended now: nothing where it is gone.
    pub fn take_changed(&mut self) -> Vec<(Key, Option<Kept<'_>>)> {
        std::mem::take(&mut self.changed)
            .into_iter()
            .map(|key| {
                let kept = match &key {
                    Key::Alert(key) => self.open.get(key).map(Kept::Alert),
                    Key::Conversation(key) => self.conversations.get(key).map(Kept::Conversation),
                    Key::Silence(id) => self.silences.get(id).map(Kept::Silence),
                    Key::Rate(case) => self.rates.get(case).map(Kept::Rate),
                };
                (key, kept)
            })
            .collect()
    }

    /// The numbers, for metrics.
    #[must_use]
    pub fn gauges(&self, now: Timestamp) -> Gauges {
        let mut gauges = self.gauges.clone();
        gauges.firing = self.open.len();
        gauges.silences = self.silences.values().filter(|silence| silence.is_on(now)).count();
        let hush = Hush::at(&self.policy, &self.silences, now);
        let pending = self
            .conversations
            .iter()
            .filter(|(_, conversation)| conversation.is_pending(|it| hush.hides(it)));
        pending.for_each(|(key, _)| gauges.pending(&key.receiver));
        gauges
    }

    /// The receivers that are no longer configured, and that have not been told of the end of something.
    #[must_use]
    pub fn orphans(&self) -> BTreeSet<&str> {
        let orphans = self.conversations.keys().map(|key| key.receiver.as_str());
        orphans.filter(|receiver| !self.policy.receivers.contains_key(*receiver)).collect()
    }

    fn begin(&mut self, key: AlertKey, facts: Facts, at: Timestamp) {
        let Some(labels) = self.policy.labels(&key) else { return };
        if self.open.contains_key(&key) {
            return;
        }
        let alert = Alert { key: key.clone(), labels, since: at, facts };
        self.route(&alert, at);
        self.open.insert(key.clone(), alert);
        self.changed.insert(Key::Alert(key));
    }

    fn end(&mut self, key: &AlertKey, at: Timestamp) {
        let Some(alert) = self.open.remove(key) else { return };
        self.changed.insert(Key::Alert(key.clone()));
        let print = Fingerprint::of(&alert.labels);
        for (key, conversation) in &mut self.conversations {
            if conversation.ends(&print, at) {
                self.changed.insert(Key::Conversation(key.clone()));
            }
        }
    }

    /// Hands an alert to all that are to be told of it.
    fn route(&mut self, alert: &Alert, now: Timestamp) {
        let print = Fingerprint::of(&alert.labels);
        for target in self.policy.targets(&alert.labels) {
            let key = ConversationKey { receiver: target.receiver.to_owned(), group: target.group };
            let conversation =
                self.conversations.entry(key.clone()).or_insert_with(|| Conversation::begin(now));
            if conversation.goes_on(&print, alert) {
                self.changed.insert(Key::Conversation(key));
            }
        }
    }

    /// Makes what was kept fit the policy.
    fn reconcile(&mut self, now: Timestamp) {
        let gone = self
            .rates
            .keys()
            .filter(|case| self.policy.failure_rate.is_none() || !self.policy.subjects.contains_key(*case));
        for case in gone.cloned().collect::<Vec<_>>() {
            self.rates.remove(&case);
            self.changed.insert(Key::Rate(case));
        }
        for (key, alert) in std::mem::take(&mut self.open) {
            let is_wanted = key.kind != Kind::FailureRate || self.policy.failure_rate.is_some();
            let labels = self.policy.labels(&key).filter(|_| is_wanted);
            if labels.as_ref() != Some(&alert.labels) {
                self.changed.insert(Key::Alert(key.clone()));
            }
            if let Some(labels) = labels {
                let alert = Alert { labels, ..alert };
                self.route(&alert, now);
                self.open.insert(key, alert);
            }
        }
        let open: BTreeMap<Fingerprint, &Alert> =
            self.open.values().map(|alert| (Fingerprint::of(&alert.labels), alert)).collect();
        for (key, conversation) in &mut self.conversations {
            conversation.try_anew();
            let is_theirs = |print: &Fingerprint| {
                let targets = open.get(print).map(|alert| self.policy.targets(&alert.labels));
                targets
                    .into_iter()
                    .flatten()
                    .any(|target| target.receiver == key.receiver && target.group == key.group)
            };
            let over = conversation.going_on().map(|(print, _)| print).filter(|print| !is_theirs(print));
            for print in over.cloned().collect::<Vec<_>>() {
                conversation.ends(&print, now);
                self.changed.insert(Key::Conversation(key.clone()));
            }
            let orphaned_since = (!self.policy.receivers.contains_key(&key.receiver))
                .then(|| conversation.orphaned_since.unwrap_or(now));
            if conversation.orphaned_since != orphaned_since {
                conversation.orphaned_since = orphaned_since;
                self.changed.insert(Key::Conversation(key.clone()));
            }
        }
    }

    /// Forgets what nobody is to be told, and what is over.
    fn forget(&mut self, now: Timestamp) {
        let hush = Hush::at(&self.policy, &self.silences, now);
        for (key, conversation) in &mut self.conversations {
            let resend = style(&self.policy, key, conversation).and_then(|style| style.resend);
            if conversation.forget(now, resend, |labels| hush.hides(labels)) {
                self.changed.insert(Key::Conversation(key.clone()));
            }
        }
        let is_over = |conversation: &Conversation| {
            conversation.is_over()
                || conversation.orphaned_since.is_some_and(|since| now >= since + ORPHANS_KEPT)
        };
        let over = self.conversations.iter().filter(|(_, conversation)| is_over(conversation));
        for key in over.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
            self.conversations.remove(&key);
            self.changed.insert(Key::Conversation(key));
        }
        let over = self.silences.iter().filter(|(_, silence)| now >= silence.until + SILENCES_KEPT);
        for id in over.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.silences.remove(&id);
            self.changed.insert(Key::Silence(id));
        }
        if let Some(rule) = self.policy.failure_rate {
            let over = self.rates.iter().filter(|(_, window)| window.is_over(&rule, now));
            for case in over.map(|(case, _)| case.clone()).collect::<Vec<_>>() {
                self.rates.remove(&case);
                self.changed.insert(Key::Rate(case));
            }
        }
    }

    fn drop_if_over(&mut self, key: &ConversationKey) {
        if self.conversations.get(key).is_some_and(Conversation::is_over) {
            self.conversations.remove(key);
        }
    }
}

/// How a conversation is led: by the first route that leads to it. Nobody leads it where its receiver is gone.
fn style(policy: &Policy, key: &ConversationKey, conversation: &Conversation) -> Option<Style> {
    let resend = match policy.receivers.get(&key.receiver)? {
        Manner::Messages => None,
        Manner::Resend { linger, .. } => Some(*linger),
    };
    let labels = conversation.any_labels()?;
    let target = policy.targets(labels).into_iter().find(|target| target.receiver == key.receiver);
    Some(Style { timing: target.map_or_else(Timing::default, |target| target.timing), resend })
}

/// What nobody is to hear of at a moment. Whether a window is open takes longer to know than whom it is about.
struct Hush<'d> {
    silences: Vec<&'d Silence>,
    windows: Vec<&'d Window>,
}

impl<'d> Hush<'d> {
    fn at(policy: &'d Policy, silences: &'d BTreeMap<String, Silence>, now: Timestamp) -> Self {
        Self {
            silences: silences.values().filter(|silence| silence.is_on(now)).collect(),
            windows: policy.windows.iter().filter(|window| window.is_open(now)).collect(),
        }
    }

    fn hides(&self, labels: &Labels) -> bool {
        self.silences.iter().any(|silence| silence.is_about(labels))
            || self.windows.iter().any(|window| window.is_about(labels))
    }
}
