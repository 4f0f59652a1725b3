//! Commands that `run` starts before the cases, and ends after them, as Playwright's `webServer` does.
//!
//! Each runs in a process group of its own, so that the whole tree is ended, and writes into a file of its own. Where the
//! runner is killed, a guard ends it.

mod error;
mod event;
mod guard;
mod log;
mod probe;
mod service;
mod start;
#[cfg(test)]
mod tests;

pub use self::error::{LogEnd, ServiceError};
pub use self::event::{ServiceDied, ServiceEvent};
pub(crate) use self::probe::is_up;
pub(crate) use self::service::command;
pub use self::start::{Environment, Services};
pub use crate::config::{Ready, ServiceCommand, ServiceConfig};
