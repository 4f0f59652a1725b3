//! What is kept on disk when that is asked for: a folder of segments for each partition, and a journal of all
//! else (topics, committed offsets, transactions).
//!
//! The records are served from memory; the files are written before anything is acknowledged, and read once, at
//! the start. A write that fails ends the service: nothing is acknowledged any more, as when Kafka loses its disk.

mod folder;
mod journal;
#[cfg(test)]
mod properties;
mod segments;
mod state;
mod store;

pub(crate) use segments::PartitionFiles;
pub(crate) use state::{Entry, KeptTopic, State};
pub(crate) use store::Storage;
