//! What the shards of a group say to each other about keys: questions, and their answers; and signals that lie in another
//! partition than that of their key.
//!
//! The topic belongs to one group, and has as many partitions as the test topic: what is for a shard stands in its
//! partition. The value is JSON, a [`Message`](crate::engine::Message); there is no key.

use std::sync::Arc;

use rdkafka::message::BorrowedMessage;

use super::by_hand::{ByHand, ByHandInput, OnUnreadable};
use super::connection::Connection;
use super::decode::{self, Unreadable};
use super::error::KafkaEdgeError;
use super::health::Health;
use super::routes::{MessageInput, Routes};

/// The topic of a group.
pub(super) fn topic_of(group: &str) -> String {
    format!("{group}-keys")
}

impl ByHandInput for MessageInput {
    const THREAD: &'static str = "livecheck-keys";

    fn read(message: &BorrowedMessage<'_>) -> (Self, Option<Unreadable>) {
        decode::message(message)
    }

    fn end() -> Option<Self> {
        None
    }
}

/// Reads the topic of a group.
pub(crate) fn start(
    group: &str,
    connection: &Connection,
    routes: Routes,
    health: &Health,
    on_unreadable: OnUnreadable,
) -> Result<Arc<ByHand>, KafkaEdgeError> {
    ByHand::start::<MessageInput>(topic_of(group), connection, routes, health, on_unreadable)
}
