//! Uptests: is this new instance ready for traffic?
//!
//! An uptest is an executable that takes a host and a port, and exits with 0 if that one instance is well; or an
//! `async fn` under `#[livecheck::uptest]`. A deployment puts new instances beside the old ones, runs the uptests
//! of each, and only then routes traffic to them. The idea, and the layout of the folder `uptests/`, are those of
//! Velociraptor.
//!
//! This crate stands apart from the runner, so that `cargo livecheck uptest` works in a folder without any Rust,
//! and at once: it needs neither the engine nor Kafka. The way of a run:
//!
//! | module | subject |
//! |---|---|
//! | [`args`] | what the user asks for |
//! | [`instance`] | which instances |
//! | [`find`], [`plan`](mod@plan) | which uptests each of them has, in which order |
//! | [`environment`] | with which variables an executable runs, and behind which command |
//! | [`run`](mod@run) | the instances side by side, the uptests of each one after another |
//! | `limits` | what ends an uptest that does not end itself |
//! | [`executable`], [`group`], `orphans`, [`captured`] | one executable: its processes, and what it writes |
//! | [`function`] | one function |
//! | [`outcome`], `not_started` | how an uptest ended, and why |
//! | [`verdict`] | what all results say together |
//! | [`terminal`]; [`json`], [`junit`], [`velociraptor`] | the results, for people; for programs |
//! | [`program`] | the command as a whole |

pub mod args;
pub mod captured;
pub mod environment;
pub mod executable;
pub mod find;
pub mod function;
pub mod group;
pub mod instance;
pub mod json;
pub mod junit;
mod limits;
mod not_started;
mod orphans;
pub mod outcome;
pub mod plan;
pub mod program;
pub mod run;
pub mod terminal;
pub mod velociraptor;
pub mod verdict;

pub use crate::args::{Format, UptestArgs};
pub use crate::captured::Captured;
pub use crate::group::Group;
pub use crate::instance::{Instance, Proc};
pub use crate::outcome::{Ending, Outcome};
pub use crate::program::{Ran, UptestError, uptest};
pub use crate::run::UptestResult;
pub use crate::terminal::Terminal;
pub use crate::verdict::Verdict;
