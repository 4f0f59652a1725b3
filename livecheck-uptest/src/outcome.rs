//! How an uptest ended, and what that says of the instance.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use livecheck_core::wire::State;

use crate::captured::Captured;
use crate::group::Member;

/// How an uptest ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// It exited with 0, or returned.
    Passed,
    /// It said that it does not apply, and why.
    Skipped(String),
    /// It exited with another code.
    Exited(i32),
    /// A signal ended it.
    Signalled(Signalled),
    /// It could not be started.
    NotStarted(NotStarted),
    /// It returned an error, here with its causes.
    Returned(String),
    /// It panicked.
    Panicked(Panicked),
    /// It took too long, and was ended.
    TimedOut {
        /// Whose time was over.
        limit: Limit,
        /// How long it had run.
        after: Duration,
        /// What it took to end it.
        end: End,
    },
    /// The run was stopped before it ended, or before its turn.
    Stopped(Limit),
}

/// What can end an uptest beside itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// The time of one uptest.
    Uptest,
    /// The time of the whole run.
    Run,
    /// Somebody who asked the run to end.
    Asked,
}

/// What it took to end an uptest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// Its process group ended when it was asked to.
    Asked,
    /// Its process group did not, and was killed.
    Killed,
    /// It is a function, whose future was dropped.
    Dropped,
}

/// A signal that ended a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signalled {
    /// Its number.
    pub signal: i32,
    /// Whether there is a core dump.
    pub core_dumped: bool,
}

/// Why an executable could not be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotStarted {
    /// What was to be executed, from the root.
    pub path: PathBuf,
    /// What the system said.
    pub error: String,
    /// The error's number, where it is the system's.
    pub code: Option<i32>,
    /// What is the matter with the file, where that can be seen, and what to do.
    pub reason: Option<String>,
}

/// A panic of an uptest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panicked {
    /// What it said.
    pub message: String,
    /// Where, as `file:line:column`.
    pub location: Option<String>,
}

/// Processes that an uptest has started, and that ran when it had ended. They were ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftBehind(pub Vec<Member>);

/// What there is to say of one uptest, asked once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// What it wrote, on standard output and standard error, in the order in which it did.
    pub output: Captured,
    /// How long it took.
    pub elapsed: Duration,
    /// What it left behind.
    pub left_behind: Option<LeftBehind>,
}

impl Ending {
    /// The same in the words of reports.
    #[must_use]
    pub fn state(&self) -> State {
        match self {
            Self::Passed => State::Pass,
            Self::Skipped(_) => State::Skip,
            Self::Exited(_) | Self::Signalled(_) | Self::NotStarted(_) | Self::Panicked(_) => State::Fail,
            Self::TimedOut { .. } => State::Timeout,
            Self::Returned(_) | Self::Stopped(_) => State::Error,
        }
    }

    /// Whether the instance is well, as far as this uptest can see.
    #[must_use]
    pub fn is_pass(&self) -> bool {
        matches!(self, Self::Passed)
    }

    /// Whether it says that the instance is not well, or could not find out.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        !matches!(self, Self::Passed | Self::Skipped(_))
    }

    /// Whether it may end otherwise when it is tried again.
    #[must_use]
    pub fn may_change(&self) -> bool {
        self.is_failure() && !matches!(self, Self::NotStarted(_) | Self::Stopped(_))
    }
}

/// One line: why it did not pass.
impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::Skipped(reason) | Self::Returned(reason) => f.write_str(reason),
            Self::Exited(code) => write!(f, "exit status {code}"),
            Self::Signalled(Signalled { signal, core_dumped }) => {
                let core = if *core_dumped { ", with a core dump" } else { "" };
                write!(f, "ended by signal {signal} ({}){core}", signal_name(*signal))
            }
            Self::NotStarted(NotStarted { path, error, reason, .. }) => match reason {
                Some(reason) => write!(f, "cannot execute {}: {reason}", path.display()),
                None => write!(f, "cannot execute {}: {error}", path.display()),
            },
            Self::Panicked(Panicked { message, location }) => {
                f.write_str(message)?;
                location.as_ref().map_or(Ok(()), |location| write!(f, "\nat {location}"))
            }
            Self::TimedOut { limit, after, end } => {
                let whose =
                    if *limit == Limit::Run { ", when the time of the whole run was over" } else { "" };
                let after = Duration::from_millis(after.as_millis().try_into().unwrap_or(u64::MAX));
                write!(f, "not done after {}{whose}; ", humantime::format_duration(after))?;
                f.write_str(match end {
                    End::Asked => "its process group was ended",
                    End::Killed => "its process group did not end when asked to, and was killed",
                    End::Dropped => "it was given up",
                })
            }
            Self::Stopped(Limit::Run) => {
                f.write_str("not run: the time of the whole run was over before its turn")
            }
            Self::Stopped(_) => f.write_str("stopped as asked"),
        }
    }
}

impl LeftBehind {
    /// The processes, or the first of them where there are many.
    #[must_use]
    pub fn names(&self) -> String {
        let names: Vec<String> = self.0.iter().take(5).map(ToString::to_string).collect();
        let more = if self.0.len() > names.len() { ", …" } else { "" };
        format!("{}{more}", names.join(", "))
    }
}

impl fmt::Display for LeftBehind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            // Only Linux names them.
            0 => f.write_str("processes that it had left behind were ended"),
            1 => write!(f, "a process that it had left behind was ended: {}", self.names()),
            count => write!(f, "{count} processes that it had left behind were ended: {}", self.names()),
        }
    }
}

impl NotStarted {
    /// What an error says, without its number, which nobody reads.
    pub(crate) fn wording(error: &io::Error) -> String {
        let text = error.to_string();
        text.split_once(" (os error").map_or(text.as_str(), |(text, _)| text).to_owned()
    }
}

fn signal_name(signal: i32) -> String {
    match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        _ => "a signal",
    }
    .to_owned()
}
