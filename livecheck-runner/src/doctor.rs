//! What `doctor` makes of what it finds: facts in, findings out, and how they are printed. Nothing here asks a
//! broker or a file.
//!
//! | file | judges |
//! |---|---|
//! | `finding` | what one looks like |
//! | `setup` | the configuration, the cases, the services |
//! | `alerts` | who is told that a case fails |
//! | `cluster` | brokers, transactions, clocks |
//! | `topics` | the three topics and their settings |
//! | `internal` | the runners' own topics |
//! | `group` | the consumer group |
//! | `store` | the store of results |

mod alerts;
mod cluster;
mod finding;
mod group;
mod internal;
mod setup;
mod store;
#[cfg(test)]
mod tests;
mod topics;

pub(crate) use alerts::{alerts, no_such_receiver, test_alert};
pub(crate) use cluster::{brokers, clocks, no_brokers, transactions, unreached};
pub(crate) use finding::{Finding, Grade, summary};
pub(crate) use group::group;
pub(crate) use internal::{internal, unnamed};
pub(crate) use setup::{cases, configuration, find_command, service};
pub(crate) use store::store;
pub(crate) use topics::{Longest, co_partitioned, replicas, settings, settings_unknown};
