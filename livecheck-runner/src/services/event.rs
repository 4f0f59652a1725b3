//! What happens to the services.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// Something that happened to a service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceEvent {
    /// It is being started.
    Starting {
        /// Its name.
        name: String,
        /// The command.
        command: String,
        /// The file that its output goes to.
        log: PathBuf,
    },
    /// It is ready.
    Ready {
        /// Its name.
        name: String,
        /// How long that took.
        after: Duration,
        /// Whether it was up already and is used as it is.
        reused: bool,
    },
    /// It ended though nobody asked it to.
    Died(ServiceDied),
}

/// A service ended though nobody asked it to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceDied {
    /// Its name.
    pub name: String,
    /// How it ended.
    pub status: ExitStatus,
    /// The file that its output went to.
    pub log: PathBuf,
    /// The last lines there.
    pub last_lines: Vec<String>,
}

impl fmt::Display for ServiceDied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "service `{}` ended: {}", self.name, self.status)
    }
}
