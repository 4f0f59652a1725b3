//! What the end-to-end tests in `tests/` are made of.
//!
//! Every test runs the real programs as processes, on a real broker: the embedded one, or the Kafka that the
//! variable `LIVECHECK_TEST_BOOTSTRAP` names. What is expected is the same on both.
//!
//! | module | subject |
//! |---|---|
//! | [`cases`] | the cases that `test-runner` executes |
//! | [`changelog`] | what a table of a case comes to |
//! | [`faust_order`] | the case that a Faust service triggers and signals |
//! | [`faults`] | runners and brokers that are killed under load, and a verifier |
//! | [`kafka`] | the broker, and what an administrator asks of it |
//! | [`proxy`] | a way to the broker that can be cut or slowed |
//! | [`own_topics`] | names that no other test uses |
//! | [`records`] | triggers and signals, and anything else, onto the topics |
//! | [`commits`] | what a group has committed |
//! | [`reports`] | what any consumer of committed records reads |
//! | [`process`] | a program, its output and its end |
//! | [`runner`] | the runner, as a process |
//! | [`stock_order_system`] | the tutorial's services, as processes |
//! | [`webhook`] | a receiver of alerts, which may be down |
//!
//! A test waits for events (a report, a line of output, the end of a process), each with a deadline, and never
//! for time to pass, unless the passing of time is what it is about.

pub mod cases;
pub mod changelog;
pub mod commits;
pub mod faults;
#[path = "../faust/cases/src/lib.rs"]
pub mod faust_order;
pub mod kafka;
pub mod own_topics;
pub mod process;
pub mod proxy;
pub mod records;
pub mod reports;
pub mod runner;
pub mod stock_order_system;
pub mod webhook;

use std::time::Duration;

/// Longer than anything here takes on a busy machine: a wait that reaches it has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);
