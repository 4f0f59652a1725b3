//! The results, brought from the report topic into a database.
//!
//! | module | subject |
//! |---|---|
//! | `keeper` | the thread that follows the report topic while this runner leads |
//! | `session` | one connection to both: what was read is written, with how far it was read |
//! | `progress` | how far the store is, for the metrics |
//! | `direct` | results that are on no topic: of a run of one's own, and of uptests |
//! | `place` | where the store is, where nobody has said |
//!
//! The report topic is the truth, and the store what was made of it: positions are kept in the store, in the transaction of
//! the rows, so that neither a crash of the runner nor one of the database loses a row or doubles one. While the store
//! is down or full the reports wait in the topic, and verdicts are reached all the same.

mod direct;
mod keeper;
mod place;
mod progress;
mod session;

pub(crate) use direct::{Direct, write_now};
pub(crate) use keeper::{Keeper, KeeperOptions};
pub(crate) use place::default_file;
#[cfg(test)]
pub(crate) use progress::Round;
pub(crate) use progress::{Progress, StoreProgress};
