//! Checks: commands that write JUnit's XML, run by the clock, with a report for each of their test cases.
//!
//! | module | subject |
//! |---|---|
//! | `run` | a command, and again where a failure is to be confirmed |
//! | `results` | the files that it has written |
//! | `junit` | what stands in them |
//! | `reports` | what that says, as reports |
//!
//! Their configuration is [`CheckConfig`](crate::config::CheckConfig); the leading runner runs them, as it sends fake
//! requests (`monitor::firing`).

mod junit;
mod reports;
mod results;
mod run;

pub(crate) use reports::id;
pub(crate) use run::run;
