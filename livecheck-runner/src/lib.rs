//! What executes and observes LiveCheck cases: the engine, the Kafka edge around it, and the program that
//! `cargo livecheck` builds.
//!
//! | module | subject |
//! |---|---|
//! | [`args`], [`config`] | what the user asks for |
//! | [`engine`] | the heart: a pure state machine for each partition |
//! | `execute` | cases as tasks |
//! | `kafka` | consuming, producing, committing |
//! | `control` | what is set at run time |
//! | `doctor` | what there is to know before a run |
//! | `gate` | whether a deployment may go on |
//! | [`monitor`] | the state of each case as a whole, from all reports |
//! | `shard_task`, `observer` | the engine and the edge, joined |
//! | [`services`] | commands started beside the cases |
//! | `checks` | commands that are tests of their own, run by the clock |
//! | `selected` | which cases and checks a command is about |
//! | `serving` | the page, its API, the metrics |
//! | `traces` | executions as traces, for OpenTelemetry |
//! | `store` | the results, brought from the report topic into a database |
//! | `history` | what the store has kept, for people and programs |
//! | [`list`], [`status`], [`reporter`], [`logging`], `paths` | what people see |
//! | [`program`] | the subcommands |

pub mod args;
mod backtrace;
mod checks;
pub mod config;
mod control;
mod difference;
mod doctor;
pub mod engine;
mod execute;
mod execution_log;
mod gate;
mod history;
mod kafka;
pub mod list;
pub mod logging;
pub mod monitor;
mod observer;
mod observers;
mod paths;
pub mod program;
pub mod reporter;
mod selected;
pub mod services;
mod serving;
mod shard_task;
mod silences;
pub mod status;
mod store;
mod tables;
mod traces;
mod worker;

pub use kafka::{KafkaEdgeError, TopicProblem};
pub use program::{main, main_after};
pub use tables::{FolderError, TableNameError};
