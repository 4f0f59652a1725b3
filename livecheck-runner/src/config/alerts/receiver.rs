//! Receivers in the configuration.
//!
//! ```toml
//! [profile.default.alerts.receiver.NAME]
//! timeout = "30s"                              # how long it may take
//!
//! type = "alertmanager"                        # also resend-every = "1m"
//! type = "webhook"                             # also template or template-file, content-type
//! url = "https://…"                            # or url-file, as for every secret
//! token = "${TOKEN}"                           # Authorization: Bearer …
//! username = "me"                              # with password: Authorization: Basic …
//! password-file = "/run/secrets/password"
//! headers = { X-Team = "payments" }
//! ca-file = "ca.pem"                           # trusted instead of the system's
//!
//! type = "slack"                               # url as above; also channel, template
//! type = "pagerduty"                           # routing-key; also severity, url
//! type = "email"                               # host, from, to; port, tls, username, password, subject, template
//! type = "command"                             # command = ["page-me", "--loud"]; cwd
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use livecheck_alerts::receiver::email::{EmailError, EmailSettings, Encryption};
use livecheck_alerts::receiver::pagerduty::{self, Severity};
use livecheck_alerts::receiver::{
    Alertmanager, CommandReceiver, Email, PagerDuty, Slack, TIMEOUT, Webhook, alertmanager,
};
use livecheck_alerts::{Credentials, Endpoint, EndpointError, Receiver, Secret, Template, Way};
use toml::de::DeTable;

use super::super::reader::{At, Reader};
use super::super::value::{Interval, Name, Texts, Value};
use super::super::{ServiceCommand, problem::Problem};
use super::secret::{self, Asked};
use super::unknown;

const TYPES: [&str; 6] = ["alertmanager", "slack", "webhook", "pagerduty", "email", "command"];

/// The receivers whose secrets are at hand, and the names of all.
pub(super) fn all(
    reader: &mut Reader<'_>,
    alerts: &DeTable<'_>,
) -> (BTreeMap<String, Arc<Receiver>>, BTreeSet<String>) {
    let (mut receivers, mut names) = (BTreeMap::new(), BTreeSet::new());
    let Some(value) = alerts.get("receiver") else { return (receivers, names) };
    for (name, value) in reader.table("receiver", value).into_iter().flatten() {
        if Name::from_text(name.get_ref()).is_none() {
            let message = format!("`{}` cannot name a receiver; expected {}", name.get_ref(), Name::EXPECTED);
            let problem = reader.problem(name.span(), message);
            reader.note(problem);
        }
        names.insert(name.get_ref().to_string());
        // What stands on the same line may be a secret.
        reader.be_discreet(true);
        if let Some(receiver) = read(reader, name.get_ref(), value) {
            receivers.insert(name.get_ref().to_string(), Arc::new(receiver));
        }
        reader.be_discreet(false);
    }
    (receivers, names)
}

fn read(reader: &mut Reader<'_>, name: &str, value: &At<'_>) -> Option<Receiver> {
    let table = reader.table(name, value)?;
    let mut entry = Entry { reader, table, span: value.span(), keys: Vec::new(), is_missing: false };
    let kind: Option<String> = entry.require("type");
    let timeout = entry.get("timeout").map_or(TIMEOUT, |Interval(timeout)| timeout);
    let way = match kind?.as_str() {
        "alertmanager" => entry.alertmanager(),
        "slack" => entry.slack(),
        "webhook" => entry.webhook(),
        "pagerduty" => entry.pagerduty(),
        "email" => entry.email(),
        "command" => entry.command(),
        other => {
            let value = table.get("type")?;
            unknown(entry.reader, value, &format!("there is no type of receiver `{other}`"), other, &TYPES);
            return None;
        }
    };
    let Entry { reader, table, keys, .. } = entry;
    reader.only(table, "such a receiver", &keys);
    Some(Receiver { way: way?, timeout })
}

/// A receiver that is being read.
struct Entry<'r, 'f, 't> {
    reader: &'r mut Reader<'f>,
    table: &'r DeTable<'t>,
    span: Range<usize>,
    /// The keys that it may have.
    keys: Vec<&'static str>,
    /// Whether a secret is not at hand.
    is_missing: bool,
}

impl Entry<'_, '_, '_> {
    fn get<T: Value>(&mut self, key: &'static str) -> Option<T> {
        self.keys.push(key);
        self.reader.get(self.table, key)
    }

    fn require<T: Value>(&mut self, key: &'static str) -> Option<T> {
        self.keys.push(key);
        self.reader.require(self.table, self.span.clone(), key)
    }

    /// A secret, whose name has a sibling for a file.
    fn secret(&mut self, key: &'static str, in_file: &'static str) -> Option<Secret> {
        self.keys.extend([key, in_file]);
        match secret::read(self.reader, self.table, key)? {
            Asked::Found(secret) => Some(secret),
            Asked::Missing => {
                self.is_missing = true;
                None
            }
        }
    }

    fn required_secret(&mut self, key: &'static str, in_file: &'static str) -> Option<Secret> {
        if self.table.get(key).is_none() && self.table.get(in_file).is_none() {
            self.note(key, format!("`{key}` is missing; expected a text, or a path as `{in_file}`"));
        }
        self.secret(key, in_file)
    }

    /// Notes a problem at the name of a key, since what stands there is nobody's business; or at the whole.
    fn note(&mut self, key: &str, message: impl Into<String>) {
        let place = self.table.get_key_value(key).map_or_else(|| self.span.clone(), |(name, _)| name.span());
        let problem: Problem = self.reader.problem(place, message);
        self.reader.note(problem);
    }

    fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        let path: PathBuf = self.get(key)?;
        Some(self.reader.path(path))
    }

    /// A template, as a text or in a file.
    fn template(&mut self, key: &'static str, in_file: &'static str) -> Option<Template> {
        let text = self.get(key);
        let file = self.path(in_file);
        let (key, source) = match (text, file) {
            (Some(text), None) => (key, text),
            (None, Some(file)) => match std::fs::read_to_string(&file) {
                Ok(text) => (in_file, text),
                Err(error) => {
                    self.note(in_file, format!("cannot read {}: {error}", file.display()));
                    return None;
                }
            },
            (Some(_), Some(_)) => {
                self.note(in_file, format!("there are both `{key}` and `{in_file}`"));
                return None;
            }
            (None, None) => return None,
        };
        match Template::new(source) {
            Ok(template) => Some(template),
            Err(error) => {
                self.note(key, format!("`{key}` cannot be used: {error}"));
                None
            }
        }
    }

    /// A name and a password.
    fn login(&mut self) -> Option<(String, Secret)> {
        let user: Option<String> = self.get("username");
        let password = self.secret("password", "password-file");
        if user.is_some() != password.is_some() && !self.is_missing {
            self.note("username", "`username` and `password` go together");
        }
        user.zip(password)
    }

    fn headers(&mut self) -> Vec<(String, Secret)> {
        self.keys.push("headers");
        let Some(value) = self.table.get("headers") else { return Vec::new() };
        let Some(table) = self.reader.table("headers", value) else { return Vec::new() };
        let mut headers = Vec::new();
        for name in table.keys() {
            match secret::read(self.reader, table, name.get_ref()) {
                Some(Asked::Found(value)) => headers.push((name.get_ref().to_string(), value)),
                Some(Asked::Missing) => self.is_missing = true,
                None => {}
            }
        }
        headers
    }

    /// Where to send requests, with all that goes with them.
    fn endpoint(&mut self, otherwise: Option<&str>) -> Option<Endpoint> {
        let url = match otherwise {
            Some(otherwise) => {
                let url = self.secret("url", "url-file");
                url.or_else(|| (!self.is_missing).then(|| Secret::new(otherwise)))
            }
            None => self.required_secret("url", "url-file"),
        };
        let credentials = Credentials {
            token: self.secret("token", "token-file"),
            basic: self.login(),
            headers: self.headers(),
            ca_file: self.path("ca-file"),
        };
        if self.is_missing {
            return None;
        }
        match Endpoint::new(url?, credentials) {
            Ok(endpoint) => Some(endpoint),
            Err(error) => {
                let key = match error {
                    EndpointError::Url => "url",
                    EndpointError::Header(_) => "headers",
                    _ => "ca-file",
                };
                let message =
                    if key == "url" { format!("`url` cannot be used: {error}") } else { error.to_string() };
                self.note(key, message);
                None
            }
        }
    }

    fn alertmanager(&mut self) -> Option<Way> {
        let endpoint = self.endpoint(None);
        let resend = self.get("resend-every").map_or(alertmanager::RESEND_EVERY, |Interval(every)| every);
        match Alertmanager::new(endpoint?, resend) {
            Ok(alertmanager) => Some(Way::Alertmanager(alertmanager)),
            Err(error) => {
                self.note("url", format!("`url` cannot be used: {error}"));
                None
            }
        }
    }

    fn slack(&mut self) -> Option<Way> {
        let endpoint = self.endpoint(None);
        let channel = self.get("channel");
        let template = self.template("template", "template-file");
        Some(Way::Slack(Slack { endpoint: endpoint?, channel, template }))
    }

    fn webhook(&mut self) -> Option<Way> {
        let endpoint = self.endpoint(None);
        let template = self.template("template", "template-file");
        let content_type = self.get("content-type").unwrap_or_else(|| "application/json".to_owned());
        Some(Way::Webhook(Webhook { endpoint: endpoint?, template, content_type }))
    }

    fn pagerduty(&mut self) -> Option<Way> {
        let routing_key = self.required_secret("routing-key", "routing-key-file");
        let severity: Option<String> = self.get("severity");
        let known = Severity::ALL.map(Severity::as_str);
        let severity = severity.map_or(Some(Severity::default()), |name| {
            let found = Severity::ALL.into_iter().find(|severity| severity.as_str() == name);
            if found.is_none() {
                if let Some(value) = self.table.get("severity") {
                    unknown(self.reader, value, &format!("there is no severity `{name}`"), &name, &known);
                }
            }
            found
        });
        let endpoint = self.endpoint(Some(pagerduty::URL));
        Some(Way::PagerDuty(PagerDuty {
            endpoint: endpoint?,
            routing_key: routing_key?,
            severity: severity?,
        }))
    }

    fn email(&mut self) -> Option<Way> {
        let host = self.require("host");
        let from = self.require("from");
        let to = self.require("to");
        let port = self.get("port");
        let tls: Option<String> = self.get("tls");
        let encryption = tls.map_or(Some(Encryption::default()), |name| {
            let found = Encryption::ALL.into_iter().find(|(_, known)| *known == name);
            if found.is_none() {
                if let Some(value) = self.table.get("tls") {
                    let known = Encryption::ALL.map(|(_, name)| name);
                    unknown(self.reader, value, &format!("`tls` cannot be `{name}`"), &name, &known);
                }
            }
            found.map(|(encryption, _)| encryption)
        });
        let login = self.login();
        let ca_file = self.path("ca-file");
        let subject = self.template("subject", "subject-file");
        let template = self.template("template", "template-file");
        if self.is_missing {
            return None;
        }
        let Texts(to) = to?;
        let (host, from, encryption) = (host?, from?, encryption?);
        let settings = EmailSettings { host, port, encryption, login, ca_file, from, to, subject, template };
        match Email::new(settings) {
            Ok(email) => Some(Way::Email(Box::new(email))),
            Err(error) => {
                let key = match &error {
                    EmailError::Address(address) => {
                        let from = self.table.get("from").and_then(|from| from.get_ref().as_str());
                        if from == Some(address.as_str()) { "from" } else { "to" }
                    }
                    EmailError::Nobody => "to",
                    EmailError::Certificate { .. } => "ca-file",
                    _ => "tls",
                };
                self.note(key, error.to_string());
                None
            }
        }
    }

    fn command(&mut self) -> Option<Way> {
        let command: Option<ServiceCommand> = self.require("command");
        let cwd = self.path("cwd").unwrap_or_else(|| self.reader.path(""));
        let (program, arguments) = match command? {
            ServiceCommand::Shell(line) => ("sh".to_owned(), vec!["-c".to_owned(), line]),
            ServiceCommand::Program { program, arguments } => (program, arguments),
        };
        Some(Way::Command(CommandReceiver { program, arguments, cwd }))
    }
}
