//! What is read from the bus.

use std::sync::Arc;

use rdkafka::message::BorrowedMessage;

use super::by_hand::{ByHand, ByHandInput, OnUnreadable};
use super::connection::Connection;
use super::decode::{self, Unreadable};
use super::error::KafkaEdgeError;
use super::health::Health;
use super::routes::{Routes, SignalInput};

impl ByHandInput for SignalInput {
    const THREAD: &'static str = "livecheck-bus";

    fn read(message: &BorrowedMessage<'_>) -> (Self, Option<Unreadable>) {
        decode::signal(message)
    }

    fn end() -> Option<Self> {
        Some(Self::End)
    }
}

/// Reads the bus.
pub(crate) fn start(
    connection: &Connection,
    routes: Routes,
    health: &Health,
    on_unreadable: OnUnreadable,
) -> Result<Arc<ByHand>, KafkaEdgeError> {
    let topic = connection.topics.bus_topic.clone();
    ByHand::start::<SignalInput>(topic, connection, routes, health, on_unreadable)
}
