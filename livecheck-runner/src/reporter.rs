//! What `run` prints, in nextest's manner.
//!
//! | file | subject |
//! |---|---|
//! | `event` | what happens in a run: the reporter's input |
//! | `render` | the heart: events in, text out |
//! | `screen` | the terminal, with a live line at the bottom that nothing tears |
//! | `thread` | the reporter's own thread, so that a slow terminal never slows the engine |
//! | `json` | the same events, one JSON object a line |

mod event;

pub use self::event::{
    BadRecords, Counts, ExecutionReport, Finished, RunEvent, Snapshot, Started, StopReason,
};
