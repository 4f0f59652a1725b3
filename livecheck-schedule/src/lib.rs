//! When a scheduled check is due.
//!
//! A schedule is a rule that gives *slots*, moments on the clock: those of a cron expression in a time zone, or every
//! so many minutes since 1970. Nothing here has a clock, and nothing drifts: a slot is where it is, however late
//! somebody looks.
//!
//! | module | subject |
//! |---|---|
//! | [`schedule`] | the slots of a rule, one after another |
//! | `cron` | what is right, and what is wrong, in a cron expression |
//! | `zone` | time zones, by their names |
//! | `jitter` | by how much a slot is fired later, so that not all of them fire at once |
//!
//! # Summer time
//!
//! A slot with fixed hours that the clock leaves out (02:30 in the night in which it goes from 02:00 to 03:00) is fired at
//! the end of what is left out, 03:00; one that comes twice is fired once, the first time. Where the hour is `*`, or a
//! step, slots go by the time that passes: those of an hour that is left out do not exist, and those of an hour that comes
//! twice come twice. These are the rules of Vixie's cron, and of [OCPS 1.4](https://github.com/open-source-cron/ocps).
//!
//! ```
//! use livecheck_schedule::Schedule;
//!
//! let weekdays = Schedule::cron("0 9 * * MON-FRI", Some("Europe/Berlin"))?;
//! let friday = "2026-11-20T12:00:00Z".parse()?;
//! assert_eq!(weekdays.after(friday), Some("2026-11-23T08:00:00Z".parse()?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cron;
mod jitter;
pub mod schedule;
mod zone;

pub use jiff::Timestamp as Instant;
pub use schedule::{Schedule, ScheduleError};
