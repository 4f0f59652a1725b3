//! Alerts in the configuration: what is one, who is told, and when nobody is to be woken.

mod receiver;
mod secret;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use livecheck_alerts::{
    FailureRate, Kind, Manner, Matcher, Policy, Receiver, Route, Subject, Timing, Window,
};
use livecheck_core::Cases;
use livecheck_core::control::Probability;
use livecheck_schedule::{Schedule, ScheduleError};
use toml::de::DeTable;

use super::problem::{Problem, nearest};
use super::reader::{At, Reader, list};
use super::value::{Count, Interval, Texts, Value};

/// The labels that every alert has, which nobody else gives it.
const OWN_LABELS: [&str; 7] = ["alertname", "case", "group", "kind", "package", "tag", "tags"];

/// Who is told of which alerts.
///
/// ```toml
/// [profile.default.alerts]
/// on = ["failing", "stalled", "service-down"]  # these, unless others are given; `failure-rate` where it is set
/// failure-rate = { above = "10%", over = "15m", at-least = 20 }
/// labels = { team = "payments" }               # beside case, package, kind, group (of runners), tags
/// link = "https://livecheck.example.com"       # where people find more
/// receivers = ["chat"]                         # who is told of what no route matches; all receivers if absent
/// group-by = ["package"]                       # which alerts make one message; `tag` is all tags together
/// group-wait = "30s"                           # how long the first message of a group waits for more
/// group-interval = "5m"                        # how far apart messages of a group are that tell something new
/// repeat-interval = "4h"                       # when it is said again that nothing has changed
///
/// [profile.default.alerts.receiver.chat]       # see `receiver`
/// type = "slack"
/// url = "${SLACK_URL}"                         # or url-file = "/run/secrets/slack"
///
/// [[profile.default.alerts.route]]             # the first that matches
/// match = ['package="payments"', 'tag=~"smoke|slow"']
/// receivers = ["oncall"]
/// continue = true                              # and those after it
/// repeat-interval = "1h"                       # and each of the four above
///
/// [[profile.default.alerts.maintenance]]
/// name = "nightly"
/// match = ['case="orders::order_flow"']        # everything without it
/// cron = "0 2 * * *"
/// for = "1h"
/// zone = "Europe/Berlin"                       # UTC without it
/// ```
#[derive(Clone, Debug)]
pub struct AlertsConfig {
    kinds: BTreeSet<Kind>,
    failure_rate: Option<FailureRate>,
    labels: BTreeMap<String, String>,
    link: Option<String>,
    routes: Vec<Route>,
    otherwise: Route,
    windows: Vec<Window>,
    /// The receivers, by name: those whose secrets are at hand.
    pub receivers: BTreeMap<String, Arc<Receiver>>,
    /// What lacks a secret: a variable that is not set, a file that is not there. Who sends alerts cannot do without.
    pub unresolved: Vec<Problem>,
}

impl AlertsConfig {
    /// The policy for those cases, in that group of runners.
    #[must_use]
    pub fn policy(&self, group: &str, cases: &Cases) -> Policy {
        let manners = self.receivers.iter().map(|(name, receiver)| (name.clone(), receiver.manner()));
        Policy {
            kinds: self.kinds.clone(),
            failure_rate: self.failure_rate,
            labels: self.labels.clone(),
            routes: self.routes.clone(),
            otherwise: self.otherwise.clone(),
            receivers: manners.collect::<BTreeMap<String, Manner>>(),
            windows: self.windows.clone(),
            link: self.link.clone(),
            ..silent_policy(group, cases)
        }
    }

    /// The receivers that no route leads to.
    #[must_use]
    pub fn unreachable(&self) -> Vec<&str> {
        let routes = || self.routes.iter().chain([&self.otherwise]);
        let names = self.receivers.keys().map(String::as_str);
        names
            .filter(|name| !routes().any(|route| route.receivers.iter().any(|other| other == name)))
            .collect()
    }

    /// How many routes and maintenance windows there are.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.routes.len(), self.windows.len())
    }

    /// Reads the alerts of a profile.
    pub(super) fn read(reader: &mut Reader<'_>, value: &At<'_>) -> Option<Self> {
        let table = reader.table("alerts", value)?;
        reader.only(
            table,
            "`alerts`",
            &[
                "on",
                "failure-rate",
                "labels",
                "link",
                "receivers",
                "group-by",
                "group-wait",
                "group-interval",
                "repeat-interval",
                "receiver",
                "route",
                "maintenance",
            ],
        );
        let (receivers, names) = receiver::all(reader, table);
        let failure_rate = table.get("failure-rate").and_then(|rate| read_rate(reader, rate));
        let mut kinds = match table.get("on") {
            Some(on) => read_kinds(reader, on),
            None => [Kind::Failing, Kind::Stalled, Kind::ServiceDown].into(),
        };
        if failure_rate.is_some() {
            kinds.insert(Kind::FailureRate);
        } else if kinds.contains(&Kind::FailureRate) {
            let problem =
                reader.problem(value.span(), "`on` has `failure-rate`, and there is no `failure-rate`");
            reader
                .note(problem.help("add failure-rate = { above = \"10%\", over = \"15m\", at-least = 20 }"));
        }
        let everybody = || names.iter().cloned().collect();
        let otherwise = Route {
            matchers: Vec::new(),
            receivers: read_receivers(reader, table, &names).unwrap_or_else(everybody),
            goes_on: false,
            group_by: reader
                .get(table, "group-by")
                .map_or_else(|| vec!["package".to_owned()], |Texts(by)| by),
            timing: read_timing(reader, table, Timing::default()),
        };
        let routes = tables(reader, table, "route");
        let routes =
            routes.into_iter().filter_map(|route| read_route(reader, route, &otherwise, &names)).collect();
        let windows = tables(reader, table, "maintenance");
        let windows = windows.into_iter().filter_map(|window| read_window(reader, window)).collect();
        Some(Self {
            kinds,
            failure_rate,
            labels: table.get("labels").map(|labels| read_labels(reader, labels)).unwrap_or_default(),
            link: reader.get(table, "link"),
            routes,
            otherwise,
            windows,
            receivers,
            unresolved: reader.take_unresolved(),
        })
    }
}

/// A policy by which nobody is told anything.
#[must_use]
pub(crate) fn silent_policy(group: &str, cases: &Cases) -> Policy {
    let subject = |case: &&'static livecheck_core::Case| {
        let package = case.location.package.to_owned();
        let tags = case.settings.tags.iter().map(ToString::to_string).collect();
        (case.name.into(), Subject { package, tags })
    };
    Policy {
        origin: group.to_owned(),
        kinds: Kind::ALL.into(),
        failure_rate: None,
        labels: BTreeMap::new(),
        subjects: cases.iter().map(|case| subject(&case)).collect(),
        routes: Vec::new(),
        otherwise: Route {
            matchers: Vec::new(),
            receivers: Vec::new(),
            goes_on: false,
            group_by: Vec::new(),
            timing: Timing::default(),
        },
        receivers: BTreeMap::new(),
        windows: Vec::new(),
        link: None,
    }
}

fn read_kinds(reader: &mut Reader<'_>, value: &At<'_>) -> BTreeSet<Kind> {
    let known = Kind::ALL.map(Kind::as_str);
    let Some(Texts(names)) = Texts::from_toml(value.get_ref()) else {
        reader.unexpected("on", value, &format!("a list of {}", list(&known)));
        return BTreeSet::new();
    };
    let mut kinds = BTreeSet::new();
    for name in names {
        match Kind::ALL.into_iter().find(|kind| kind.as_str() == name) {
            Some(kind) => drop(kinds.insert(kind)),
            None => unknown(reader, value, &format!("there is no alert on `{name}`"), &name, &known),
        }
    }
    kinds
}

/// Notes a name that is none of those known.
fn unknown(reader: &mut Reader<'_>, value: &At<'_>, message: &str, name: &str, known: &[&str]) {
    let help = match (nearest(name, known.iter().copied()), known) {
        (Some(nearest), _) => format!("did you mean `{nearest}`?"),
        (None, []) => "there is none".to_owned(),
        (None, known) => format!("there are {}", list(known)),
    };
    let problem = reader.problem(value.span(), message);
    reader.note(problem.help(help));
}

fn read_rate(reader: &mut Reader<'_>, value: &At<'_>) -> Option<FailureRate> {
    let table = reader.table("failure-rate", value)?;
    reader.only(table, "`failure-rate`", &["above", "over", "at-least"]);
    let above = reader.require(table, value.span(), "above");
    let over = reader.require(table, value.span(), "over");
    let at_least = reader.get(table, "at-least").unwrap_or(Count(10));
    let (above, Interval(over)): (Probability, _) = (above?, over?);
    Some(FailureRate { above: above.share(), over, at_least: u64::try_from(at_least.0).unwrap_or(1) })
}

fn read_labels(reader: &mut Reader<'_>, value: &At<'_>) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let Some(table) = reader.table("labels", value) else { return labels };
    for (key, value) in table {
        let name = key.get_ref();
        let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
        if OWN_LABELS.contains(&name.as_ref()) {
            let problem = reader.problem(key.span(), format!("the label `{name}` is LiveCheck's own"));
            reader.note(problem.help("give it another name"));
        } else if !name.chars().all(is_name) || name.starts_with(|first: char| first.is_ascii_digit()) {
            let problem = reader.problem(key.span(), format!("`{name}` is no name of a label"));
            reader.note(problem.help("letters, digits and `_`, and no digit first, as Prometheus has it"));
        } else if let Some(text) = value.get_ref().as_str() {
            labels.insert(name.to_string(), text.to_owned());
        } else {
            reader.unexpected(name, value, String::EXPECTED);
        }
    }
    labels
}

fn read_timing(reader: &mut Reader<'_>, table: &DeTable<'_>, otherwise: Timing) -> Timing {
    let repeat = reader.get(table, "repeat-interval").map(|Interval(interval)| interval);
    Timing {
        group_wait: reader.get(table, "group-wait").unwrap_or(otherwise.group_wait),
        group_interval: reader.get(table, "group-interval").unwrap_or(otherwise.group_interval),
        repeat_interval: repeat.unwrap_or(otherwise.repeat_interval),
    }
}

fn read_receivers(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
    names: &BTreeSet<String>,
) -> Option<Vec<String>> {
    let Texts(wanted) = reader.get(table, "receivers")?;
    let value = table.get("receivers")?;
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    for name in wanted.iter().filter(|name| !names.contains(*name)) {
        unknown(reader, value, &format!("there is no receiver `{name}`"), name, &known);
    }
    Some(wanted)
}

fn read_route(
    reader: &mut Reader<'_>,
    value: &At<'_>,
    otherwise: &Route,
    names: &BTreeSet<String>,
) -> Option<Route> {
    let table = reader.table("route", value)?;
    let keys =
        ["match", "receivers", "continue", "group-by", "group-wait", "group-interval", "repeat-interval"];
    reader.only(table, "a route", &keys);
    let _: Option<Texts> = reader.require(table, value.span(), "receivers");
    let receivers = read_receivers(reader, table, names);
    Some(Route {
        matchers: read_matchers(reader, table),
        receivers: receivers?,
        goes_on: reader.get(table, "continue").unwrap_or(false),
        group_by: reader.get(table, "group-by").map_or_else(|| otherwise.group_by.clone(), |Texts(by)| by),
        timing: read_timing(reader, table, otherwise.timing),
    })
}

fn read_matchers(reader: &mut Reader<'_>, table: &DeTable<'_>) -> Vec<Matcher> {
    let (Some(Texts(texts)), Some(value)) = (reader.get(table, "match"), table.get("match")) else {
        return Vec::new();
    };
    let mut matchers = Vec::new();
    for text in texts {
        match text.parse() {
            Ok(matcher) => matchers.push(matcher),
            Err(error) => {
                let problem = reader.problem(value.span(), livecheck_alerts::MatcherError::to_string(&error));
                reader.note(problem);
            }
        }
    }
    matchers
}

fn read_window(reader: &mut Reader<'_>, value: &At<'_>) -> Option<Window> {
    let table = reader.table("maintenance", value)?;
    reader.only(table, "a maintenance window", &["name", "match", "cron", "for", "zone"]);
    let name: Option<String> = reader.get(table, "name");
    let cron: Option<String> = reader.require(table, value.span(), "cron");
    let lasts = reader.require(table, value.span(), "for");
    let zone: Option<String> = reader.get(table, "zone");
    let matchers = read_matchers(reader, table);
    let (cron, Interval(lasts)) = (cron?, lasts?);
    match Schedule::cron(&cron, zone.as_deref()) {
        Ok(schedule) => {
            let name = name.unwrap_or_else(|| cron.clone());
            Some(Window { name, matchers, schedule, lasts })
        }
        Err(error) => {
            let key = if matches!(error, ScheduleError::Zone { .. }) { "zone" } else { "cron" };
            let span = table.get(key).or(table.get("cron")).map_or_else(|| value.span(), toml::Spanned::span);
            let problem = reader.problem(span, error.to_string());
            reader.note(problem);
            None
        }
    }
}

/// The tables of `[[…]]`.
fn tables<'v, 't>(reader: &mut Reader<'_>, table: &'v DeTable<'t>, key: &str) -> Vec<&'v At<'t>> {
    let Some(value) = table.get(key) else { return Vec::new() };
    let Some(items) = value.get_ref().as_array() else {
        reader.unexpected(key, value, &format!("a list of tables (`[[profile.NAME.alerts.{key}]]`)"));
        return Vec::new();
    };
    items.iter().collect()
}
