//! The log of one partition: what a producer sent, in order, and what a consumer may see of it.
//!
//! Pure: values in, values out, the time passed in. Waiting for data and sharing it between connections is
//! the business of [`crate::topics`].

mod aborted;
mod batch;
mod compaction;
mod compression;
mod control;
mod partition;
mod producers;
mod records;
mod restore;
mod retention;
mod rules;

#[cfg(test)]
mod compaction_properties;
#[cfg(test)]
mod properties;
#[cfg(test)]
pub(crate) mod testing;

pub(crate) use batch::{Batch, TimestampType};
pub(crate) use control::Verdict;
pub(crate) use partition::{Appended, Change, Found, Isolation, PartitionLog, Slice, Want};
pub(crate) use producers::Producer;
pub(crate) use restore::KeptSegment;
pub(crate) use rules::{Compaction, LogRules, Retention};
