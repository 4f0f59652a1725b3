//! Who is told of what, and when: the configuration of the heart.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use livecheck_core::CaseName;

use crate::alert::{AlertKey, Kind};
use crate::labels::Labels;
use crate::maintenance::Window;
use crate::matcher::{Matcher, all_match};
use crate::rate::FailureRate;

/// Who is told of what, and when.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The group of runners that these alerts are of: the label `group`.
    pub origin: String,
    /// What is an alert at all.
    pub kinds: BTreeSet<Kind>,
    /// When the share of failures is one; never without it.
    pub failure_rate: Option<FailureRate>,
    /// Labels that every alert has.
    pub labels: BTreeMap<String, String>,
    /// The cases that there are: alerts of others are over.
    pub subjects: BTreeMap<CaseName, Subject>,
    /// Who is told of which alerts: the first that matches, and those after it where it goes on.
    pub routes: Vec<Route>,
    /// Who is told of what no route matches.
    pub otherwise: Route,
    /// The receivers, by name.
    pub receivers: BTreeMap<String, Manner>,
    /// When nobody is to be woken.
    pub windows: Vec<Window>,
    /// Where people find more: the address of the page.
    pub link: Option<String>,
}

/// A case, as far as it is of interest here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The package that it stands in.
    pub package: String,
    /// Its tags.
    pub tags: BTreeSet<String>,
}

/// Who is told of some alerts, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Which alerts: those for which all of these hold.
    pub matchers: Vec<Matcher>,
    /// Who is told.
    pub receivers: Vec<String>,
    /// Whether the routes after it are looked at, too.
    pub goes_on: bool,
    /// The labels whose alerts make one message, where they have the same values. `tag` stands for all tags together.
    pub group_by: Vec<String>,
    /// When.
    pub timing: Timing,
}

/// When somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long the first message of a group waits for more to tell.
    pub group_wait: Duration,
    /// How far apart messages of a group are that tell something new.
    pub group_interval: Duration,
    /// After how long it is said again that nothing has changed.
    pub repeat_interval: Duration,
}

impl Default for Timing {
    /// Those of Alertmanager.
    fn default() -> Self {
        Self {
            group_wait: Duration::from_secs(30),
            group_interval: Duration::from_secs(5 * 60),
            repeat_interval: Duration::from_secs(4 * 3600),
        }
    }
}

/// How a receiver wants to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// In messages for people: grouped, and with reminders.
    Messages,
    /// All alerts, again and again, since it groups and reminds by itself, and takes what it does not hear of for
    /// over.
    Resend {
        /// How often.
        every: Duration,
        /// For how long what is over is told as such, lest a receiver that was restarted has missed it.
        linger: Duration,
    },
}

/// Whom an alert goes to, in which group and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target<'p> {
    pub(crate) receiver: &'p str,
    pub(crate) group: BTreeMap<String, String>,
    pub(crate) timing: Timing,
}

impl Policy {
    /// The labels of an alert; none where it is not to be one: the case is not there, or its kind is not wanted.
    pub(crate) fn labels(&self, key: &AlertKey) -> Option<Labels> {
        let subject = self.subjects.get(&key.case).filter(|_| self.kinds.contains(&key.kind))?;
        let mut named = self.labels.clone();
        for (name, value) in [
            ("alertname", key.kind.alertname()),
            ("case", key.case.as_str()),
            ("group", &self.origin),
            ("kind", key.kind.as_str()),
            ("package", &subject.package),
        ] {
            named.insert(name.to_owned(), value.to_owned());
        }
        Some(Labels { named, tags: subject.tags.clone() })
    }

    /// Whom an alert with those labels goes to: nobody twice.
    pub(crate) fn targets(&self, labels: &Labels) -> Vec<Target<'_>> {
        let mut targets: Vec<Target<'_>> = Vec::new();
        for route in self.routes_of(labels) {
            for receiver in &route.receivers {
                let Some(manner) = self.receivers.get(receiver) else { continue };
                if targets.iter().any(|target| target.receiver == receiver) {
                    continue;
                }
                targets.push(match manner {
                    Manner::Messages => {
                        let group =
                            route.group_by.iter().map(|name| (name.clone(), labels.get(name))).collect();
                        Target { receiver, group, timing: route.timing }
                    }
                    // It groups by itself.
                    Manner::Resend { every, .. } => Target {
                        receiver,
                        group: BTreeMap::new(),
                        timing: Timing {
                            group_wait: Duration::ZERO,
                            group_interval: Duration::ZERO,
                            repeat_interval: *every,
                        },
                    },
                });
            }
        }
        targets
    }

    fn routes_of<'p>(&'p self, labels: &Labels) -> Vec<&'p Route> {
        let mut found = Vec::new();
        for route in self.routes.iter().filter(|route| all_match(&route.matchers, labels)) {
            found.push(route);
            if !route.goes_on {
                return found;
            }
        }
        if found.is_empty() {
            found.push(&self.otherwise);
        }
        found
    }
}
