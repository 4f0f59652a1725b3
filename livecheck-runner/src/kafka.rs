//! The Kafka edge: thin, around the engine, and deciding nothing.
//!
//! ```text
//!  test topic ──▶ intake (a thread; the consumer group) ──┐
//!                                                         ├──▶ shard tasks ──▶ committer (a thread)
//!  bus ─────────▶ bus (a thread; assigned by hand) ───────┤                     reports, messages and
//!  keys ────────▶ keys (a thread; assigned by hand) ──────┘                     offsets, in one transaction
//! ```
//!
//! The consumer group subscribes to the test topic alone. The bus partition of the same number is assigned by
//! hand when its test partition comes and goes, and its offset rides in the metadata of the test partition's
//! commit: no assignor of librdkafka both co-partitions and rebalances cooperatively.
//!
//! A runner that gets a partition reads again from the oldest test in flight, and reads back from the report
//! topic which later ones have been reported: those it does not execute again. What has been in flight for a
//! while it finds on a topic of checkpoints instead, which commit in the same transaction. All that is read back, and
//! the restoring of tables, is done by a thread of its own, `opening`, while the partitions that have come are paused.

mod backlog;
mod beginnings;
pub(crate) mod bus;
mod by_hand;
mod changelog;
mod checkpoints;
mod commit_metadata;
mod committer;
mod connection;
mod consumer_lag;
mod control;
mod decode;
pub(crate) mod delivery;
pub(crate) mod diagnosis;
mod error;
mod health;
mod inspection;
mod intake;
mod internal_topics;
pub(crate) mod keys;
mod lag;
mod opening;
mod origins;
mod patience;
mod read_back;
mod report_size;
mod reported;
pub(crate) mod reports;
mod routes;
mod topics;
mod transactions;

pub(crate) use by_hand::{ByHand, OnUnreadable};
pub(crate) use changelog::{OLDEST_COPY, Tables};
pub(crate) use committer::{CommitListener, Committer, CommitterHandle, CommitterOptions, Progress};
pub(crate) use connection::{BusContext, Connection, Sharing, cluster_id};
pub(crate) use consumer_lag::ConsumerLags;
pub(crate) use control::{ControlRecord, read_controls, write_controls};
pub(crate) use decode::Unreadable;
pub use error::KafkaEdgeError;
pub(crate) use health::{Health, HealthEvent};
pub(crate) use inspection::Inspection;
pub(crate) use intake::{Intake, IntakeParts, Warn};
pub(crate) use internal_topics::{InternalTopic, Keeps, ensure_internal_topic};
pub(crate) use lag::PartitionLag;
pub(crate) use patience::Patience;
pub(crate) use reported::ReportPositions;
pub(crate) use routes::{MessageInput, Routes, ShardInbox, SignalInput, TestInput};
pub use topics::TopicProblem;
pub(crate) use topics::{
    FoundTopics, changelog_is_there, ensure_changelog, ensure_group_topics, ensure_topics,
};
