//! A service in the configuration: what to start, and when it is ready.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

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
