//! A service in the configuration: what to start, and when it is ready.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::reader::{At, Reader};
use super::value::{Name, PropertyValue, Value};

/// How long a service may take to be ready where its configuration does not say.
const READY_TIMEOUT: Duration = Duration::from_secs(60);

/// A command that `run` starts before the cases, and ends after them.
///
/// ```toml
/// [[profile.default.services]]
/// name = "orders"
/// command = "cargo run -p orders"             # for a shell, or a list: ["orders", "--verbose"]
/// cwd = "services"                            # from the folder that holds `.config`
/// env = { RUST_LOG = "info" }
/// ready = { url = "http://127.0.0.1:6066/" }  # or { port = 6066 }; without it, ready when started
/// ready-timeout = "60s"
/// reuse = true                                # if it is up already, use that
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceConfig {
    /// Its name, in messages and in the name of its log file.
    pub name: String,
    /// What to start.
    pub command: ServiceCommand,
    /// The working folder.
    pub cwd: PathBuf,
    /// Variables for its environment.
    pub env: BTreeMap<String, String>,
    /// What says that it is ready.
    pub ready: Ready,
    /// How long it may take to be ready.
    pub ready_timeout: Duration,
    /// Whether one that is up already is used, and not started again.
    pub reuse: bool,
}

/// A command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceCommand {
    /// For `sh -c`.
    Shell(String),
    /// A program and its arguments.
    Program {
        /// The program, looked up in `PATH`.
        program: String,
        /// Its arguments.
        arguments: Vec<String>,
    },
}

impl fmt::Display for ServiceCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shell(line) => f.write_str(line),
            Self::Program { program, arguments } => {
                f.write_str(program)?;
                arguments.iter().try_for_each(|argument| write!(f, " {argument}"))
            }
        }
    }
}

/// What says that a service is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ready {
    /// That it has been started.
    Started,
    /// A GET request to this URL is answered with a status from 200 to 403, as for Playwright's `webServer`.
    Url(String),
    /// This port takes connections on the loopback interface.
    Port(u16),
}

impl fmt::Display for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => f.write_str("its start"),
            Self::Url(url) => f.write_str(url),
            Self::Port(port) => write!(f, "port {port}"),
        }
    }
}

impl ServiceConfig {
    /// Reads the services of a profile. Working folders are as they are written.
    pub(super) fn list(reader: &mut Reader<'_>, value: &At<'_>) -> Option<Vec<Self>> {
        let Some(items) = value.get_ref().as_array() else {
            reader.unexpected("services", value, "a list of tables (`[[profile.NAME.services]]`)");
            return None;
        };
        let mut services: Vec<Self> = Vec::new();
        for item in items {
            let Some(service) = Self::read(reader, item) else { continue };
            if services.iter().any(|other| other.name == service.name) {
                let message = format!("two services are named `{}`", service.name);
                let problem = reader.problem(item.span(), message);
                reader.note(problem.help("their logs would be one file: give one of them another name"));
            }
            services.push(service);
        }
        Some(services)
    }

    fn read(reader: &mut Reader<'_>, value: &At<'_>) -> Option<Self> {
        let table = reader.table("services", value)?;
        let known = ["name", "command", "cwd", "env", "ready", "ready-timeout", "reuse"];
        reader.only(table, "a service", &known);
        let name = reader.require(table, value.span(), "name");
        let command = reader.require(table, value.span(), "command");
        let rest = Self {
            name: String::new(),
            command: ServiceCommand::Shell(String::new()),
            cwd: reader.get::<String>(table, "cwd").unwrap_or_default().into(),
            env: table.get("env").map(|env| read_env(reader, env)).unwrap_or_default(),
            ready: table.get("ready").map_or(Ready::Started, |ready| read_ready(reader, ready)),
            ready_timeout: reader.get(table, "ready-timeout").unwrap_or(READY_TIMEOUT),
            reuse: reader.get(table, "reuse").unwrap_or(false),
        };
        // Only now, so that everything that is wrong has been noted.
        let (Name(name), command) = (name?, command?);
        Some(Self { name, command, ..rest })
    }
}

pub(super) fn read_env(reader: &mut Reader<'_>, value: &At<'_>) -> BTreeMap<String, String> {
    let mut env = BTreeMap::new();
    let Some(table) = reader.table("env", value) else { return env };
    for (key, value) in table {
        match PropertyValue::from_toml(value.get_ref()) {
            Some(PropertyValue(text)) => drop(env.insert(key.get_ref().to_string(), text)),
            None => reader.unexpected(key.get_ref(), value, PropertyValue::EXPECTED),
        }
    }
    env
}

fn read_ready(reader: &mut Reader<'_>, value: &At<'_>) -> Ready {
    let Some(table) = reader.table("ready", value) else { return Ready::Started };
    reader.only(table, "`ready`", &["url", "port"]);
    match (reader.get::<HttpUrl>(table, "url"), reader.get(table, "port")) {
        (Some(HttpUrl(url)), None) => Ready::Url(url),
        (None, Some(port)) => Ready::Port(port),
        (Some(_), Some(_)) => {
            let problem = reader.problem(value.span(), "`ready` has both `url` and `port`");
            reader.note(problem.help("leave one of them out"));
            Ready::Started
        }
        (None, None) => {
            if is_empty(table) {
                let problem = reader.problem(value.span(), "`ready` has neither `url` nor `port`");
                reader.note(problem.help("without `ready`, a service is ready when it has been started"));
            }
            Ready::Started
        }
    }
}

fn is_empty(table: &DeTable<'_>) -> bool {
    table.iter().next().is_none()
}

/// A URL that can be asked without TLS: services are on this machine.
struct HttpUrl(String);

impl Value for HttpUrl {
    const EXPECTED: &'static str = "a URL that starts with http://";

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        Self::from_text(value.as_str()?)
    }

    fn from_text(text: &str) -> Option<Self> {
        let url: reqwest::Url = text.parse().ok()?;
        (url.scheme() == "http" && url.has_host()).then(|| Self(text.to_owned()))
    }
}

impl Value for ServiceCommand {
    const EXPECTED: &'static str = "a command line, or a list of a program and its arguments";

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        let Some(items) = value.as_array() else { return Self::from_text(value.as_str()?) };
        let words = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
        let mut words = words.collect::<Option<Vec<_>>>()?.into_iter();
        let program = words.next().filter(|program| !program.is_empty())?;
        Some(Self::Program { program, arguments: words.collect() })
    }

    fn from_text(text: &str) -> Option<Self> {
        (!text.trim().is_empty()).then(|| Self::Shell(text.to_owned()))
    }
}
