//! Why the services could not be started.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::event::ServiceDied;

/// A service could not be started. Those started before it have been ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The file for its output cannot be made.
    #[error("service `{name}`: cannot write its log, {}: {source}", path.display())]
    Log {
        /// Its name.
        name: String,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The command cannot be executed.
    #[error("service `{name}`: cannot execute `{command}` in {}: {source}", cwd.display())]
    Spawn {
        /// Its name.
        name: String,
        /// The command.
        command: String,
        /// The working folder.
        cwd: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It ended before it was ready.
    #[error(
        "service `{}` ended before it was ready: {}{}",
        died.name,
        died.status,
        last_lines(&died.last_lines, &died.log)
    )]
    Died {
        /// How.
        died: ServiceDied,
    },
    /// It was not ready in time.
    #[error(
        "service `{name}` was not ready within {}: {ready}: {last}{}",
        humantime::format_duration(*timeout),
        last_lines(&log.last_lines, &log.path)
    )]
    NotReady {
        /// Its name.
        name: String,
        /// What would have said that it is ready.
        ready: String,
        /// How long it was waited for.
        timeout: Duration,
        /// What the last try gave.
        last: String,
        /// What it wrote.
        log: Box<LogEnd>,
    },
    /// Something is up already where the service would be.
    #[error(
        "service `{name}`: {ready} answers already, before the service is started; end what runs there, \
         or set `reuse = true` to use it"
    )]
    AlreadyUp {
        /// Its name.
        name: String,
        /// What answers.
        ready: String,
    },
    /// The URL that says that it is ready cannot be asked.
    #[error("service `{name}`: cannot ask {url}: {reason}")]
    Url {
        /// Its name.
        name: String,
        /// The URL.
        url: String,
        /// Why.
        reason: String,
    },
}

/// The end of the log of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEnd {
    /// The file that its output went to.
    pub path: PathBuf,
    /// The last lines there.
    pub last_lines: Vec<String>,
}

fn last_lines(lines: &[String], log: &std::path::Path) -> String {
    if lines.is_empty() {
        return format!("\nits log, {}, is empty", log.display());
    }
    let mut text = format!("\nthe end of its log, {}:", log.display());
    for line in lines {
        text.push_str("\n  | ");
        text.push_str(line);
    }
    text
}
