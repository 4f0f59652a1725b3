//! What `run` prints, in nextest's manner.
//!
//! | file | subject |
//! |---|---|
//! | `event` | what happens in a run: the reporter's input |
//! | `render` | the heart: events in, text out |
//! | `failure`, `summary` | the longer texts: under an execution that did not pass, and at the end |
//! | `timeline`, `difference` | what a failure shows: its steps, and the values that differ |
//! | `case_name`, `counts`, and `livecheck_terminal` | what those are made of |
//! | `json` | the same events, one JSON object a line |
//! | `time` | times as people read them |
//! | `screen` | the terminal, with a live line at the bottom that nothing tears |
//! | `thread` | the reporter's own thread, so that a slow terminal slows nothing else |

mod case_name;
mod counts;
mod difference;
mod event;
mod failure;
pub mod json;
mod render;
mod screen;
mod summary;
#[cfg(test)]
mod tests;
mod thread;
pub(crate) mod time;
mod timeline;

pub(crate) use self::case_name::DisplayName;
pub(crate) use self::counts::in_words;
pub use self::event::{BadRecords, Finished, RunEvent, Snapshot, Started, StopReason};
pub(crate) use self::failure::facts_of_kept;
pub use self::render::{RenderOptions, Renderer};
pub(crate) use self::render::{colour_of, execution_line};
#[cfg(test)]
pub(crate) use self::screen::test_screen;
pub use self::screen::{Screen, set_colour};
pub use self::thread::{Events, ReportFormat, Reporter, ReporterOptions};
pub(crate) use livecheck_terminal::{style, text};
