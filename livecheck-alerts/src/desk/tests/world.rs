//! A world for the heart: receivers that are up or down, and a leader that may be killed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use livecheck_core::{CaseName, Timestamp};
use serde_json::Value;

use crate::alert::{Facts, Kind};
use crate::conversation::Outcome;
use crate::desk::{Desk, Event, Key, Restored};
use crate::message::{Message, Status, Told};
use crate::policy::{Manner, Policy, Route, Subject, Timing};

pub(super) const CASES: [&str; 3] = ["orders::order", "orders::parcel", "payments::refund"];

pub(super) const TIMING: Timing = Timing {
    group_wait: Duration::from_secs(30),
    group_interval: Duration::from_secs(300),
    repeat_interval: Duration::from_secs(4 * 3600),
};

/// `pager` is told of payments, `chat` of the rest, and `manager`, who groups by himself, of all.
pub(super) fn policy() -> Policy {
    let route = |matcher: &str, receivers: &[&str], goes_on| Route {
        matchers: if matcher.is_empty() { Vec::new() } else { vec![matcher.parse().expect("a matcher")] },
        receivers: receivers.iter().map(|name| (*name).to_owned()).collect(),
        goes_on,
        group_by: vec!["package".to_owned()],
        timing: TIMING,
    };
    let subject = |case: &&str| {
        let package = case.split(':').next().unwrap_or_default().to_owned();
        ((*case).into(), Subject { package, tags: BTreeSet::new() })
    };
    let resend = Manner::Resend { every: Duration::from_secs(60), linger: Duration::from_secs(900) };
    Policy {
        origin: "livecheck".to_owned(),
        kinds: Kind::ALL.into(),
        failure_rate: None,
        labels: BTreeMap::new(),
        subjects: CASES.iter().map(subject).collect(),
        routes: vec![
            route("", &["manager"], true),
            route(r#"package="payments""#, &["pager"], false),
            route("", &["chat"], false),
        ],
        otherwise: route("", &["chat"], false),
        receivers: [("chat", Manner::Messages), ("manager", resend), ("pager", Manner::Messages)]
            .map(|(name, manner)| (name.to_owned(), manner))
            .into(),
        windows: Vec::new(),
        link: None,
    }
}

/// The heart, what is kept of it, and who is told.
pub(super) struct World {
    pub(super) desk: Desk,
    pub(super) now: Timestamp,
    kept: BTreeMap<Key, Value>,
    pub(super) down: BTreeSet<String>,
    /// Whether acknowledgements are lost on their way.
    pub(super) is_deaf: bool,
    /// Who was told what, and when: what has arrived, acknowledged or not.
    pub(super) arrived: Vec<(Timestamp, Message)>,
}

impl World {
    pub(super) fn new() -> Self {
        let now = Timestamp::from_millis(1_000_000_000);
        Self {
            desk: Desk::restore(policy(), Restored::default(), now),
            now,
            kept: BTreeMap::new(),
            down: BTreeSet::new(),
            is_deaf: false,
            arrived: Vec::new(),
        }
    }

    pub(super) fn begins(&mut self, case: &str, kind: Kind) {
        let facts = Facts { summary: format!("{kind}"), ..Facts::default() };
        self.desk.heed(&case.into(), Event::Began { kind, facts }, self.now);
        self.go_on();
    }

    pub(super) fn recovers(&mut self, case: &str) {
        self.desk.heed(&case.into(), Event::Recovered, self.now);
        self.go_on();
    }

    /// Time passes, a second at a time while it is short.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        let step = Duration::from_secs(1).max(time / 200);
        while self.now < end {
            self.now = end.min(self.now + step);
            self.go_on();
        }
    }

    /// What a leader does all the time.
    pub(super) fn go_on(&mut self) {
        let due = self.desk.due(self.now);
        self.keep();
        for (ticket, message) in due {
            let is_down = self.down.contains(&message.receiver);
            if !is_down {
                self.arrived.push((self.now, message));
            }
            let failed = Outcome::Failed { refused: false, retry_after: None };
            let outcome = if is_down || self.is_deaf { failed } else { Outcome::Acknowledged };
            self.desk.told(&ticket, outcome, self.now);
        }
        self.keep();
    }

    fn keep(&mut self) {
        for (key, kept) in self.desk.take_changed() {
            let parts = key.parts();
            let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
            assert_eq!(Key::from_parts(&parts), Some(key.clone()));
            match kept {
                Some(kept) => drop(self.kept.insert(key, serde_json::to_value(kept).expect("it has JSON"))),
                None => drop(self.kept.remove(&key)),
            }
        }
    }

    /// The leader is killed, once it has sent what is due and kept nothing of what came of it; another leads, with
    /// that policy.
    pub(super) fn is_killed(&mut self, policy: Policy) {
        let due = self.desk.due(self.now);
        self.keep();
        let arrived = due.into_iter().map(|(_, message)| message);
        let arrived = arrived.filter(|message| !self.down.contains(&message.receiver));
        self.arrived.extend(arrived.map(|message| (self.now, message)));
        let mut restored = Restored::default();
        for (key, value) in &self.kept {
            restored.take(key.clone(), Some(value.clone())).expect("it is read as it was kept");
        }
        self.desk = Desk::restore(policy, restored, self.now);
        self.go_on();
    }

    pub(super) fn silence(&mut self, id: &str, case: &str, time: Duration) {
        let silence = crate::Silence {
            matchers: vec![crate::Matcher::is("case", case)],
            since: self.now,
            until: self.now + time,
            by: "me".to_owned(),
            reason: "I know".to_owned(),
        };
        let value = serde_json::to_value(&silence).expect("it has JSON");
        self.kept.insert(Key::Silence(id.to_owned()), value);
        self.desk.silence(id.to_owned(), Some(silence));
        self.go_on();
    }

    /// What a receiver was told of a case: FIRING and RESOLVED, in order.
    pub(super) fn told(&self, receiver: &str, case: &str) -> Vec<Status> {
        self.told_of(receiver, |alert| alert.case == case)
    }

    pub(super) fn told_of(&self, receiver: &str, which: impl Fn(&Told) -> bool) -> Vec<Status> {
        let messages = self.arrived.iter().filter(|(_, message)| message.receiver == receiver);
        let alerts = messages.flat_map(|(_, message)| &message.alerts);
        alerts.filter(|alert| which(alert)).map(|alert| alert.status).collect()
    }

    /// The messages that a receiver got.
    pub(super) fn messages(&self, receiver: &str) -> Vec<&Message> {
        self.arrived
            .iter()
            .map(|(_, message)| message)
            .filter(|message| message.receiver == receiver)
            .collect()
    }

    pub(super) fn is_nothing_kept(&self) -> bool {
        self.kept.is_empty()
    }

    pub(super) fn case(index: usize) -> CaseName {
        CASES[index % CASES.len()].into()
    }
}
