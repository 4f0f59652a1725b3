//! Who leads: the owner of the one partition of the monitor's topic, in a group of its own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, ConsumerGroupMetadata, Rebalance};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};

use crate::kafka::{Connection, Health, KafkaEdgeError};

/// The partition whose owner leads; the topic is made with this one alone.
pub(super) const PARTITION: i32 = 0;

/// This runner among those that may lead.
pub(super) struct Membership {
    consumer: BaseConsumer<Leading>,
    topic: String,
}

impl Membership {
    /// Joins the group.
    pub(super) fn join(
        connection: &Connection,
        group: &str,
        health: &Health,
    ) -> Result<Self, KafkaEdgeError> {
        let topic = connection.topics.monitor_topic.clone();
        let context = Leading { leads: AtomicBool::new(false), health: health.clone() };
        let consumer = connection.member(&format!("{group}-monitor"), context)?;
        consumer.subscribe(&[&topic]).map_err(KafkaEdgeError::Client)?;
        Ok(Self { consumer, topic })
    }

    /// Takes part in the group's life, which it does not without; waits so long for something to happen.
    pub(super) fn take_part(&self, patience: Duration) {
        match self.consumer.poll(patience) {
            // The partition is paused: what was under way before that is of no interest.
            None | Some(Ok(_) | Err(KafkaError::PartitionEOF(_))) => {}
            Some(Err(error)) => tracing::debug!(%error, "a member of the monitor's group"),
        }
    }

    /// Whether this runner leads, as far as it knows.
    pub(super) fn leads(&self) -> bool {
        self.consumer.context().leads.load(Ordering::Relaxed) && !self.consumer.assignment_lost()
    }

    /// What goes with a transaction so that it fails if another leads by now.
    pub(super) fn pledge(&self) -> Option<(TopicPartitionList, ConsumerGroupMetadata)> {
        let metadata = self.consumer.group_metadata()?;
        // In this order: see `kafka::transactions`.
        if !self.leads() {
            return None;
        }
        let mut offsets = TopicPartitionList::new();
        // Nothing is read by this offset; it is there to be refused.
        offsets.add_partition_offset(&self.topic, PARTITION, Offset::Offset(0)).ok()?;
        Some((offsets, metadata))
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.consumer.unsubscribe();
    }
}

/// Knows whether the partition is ours.
struct Leading {
    leads: AtomicBool,
    health: Health,
}

impl ClientContext for Leading {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.health.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.health.error(error, reason);
    }
}

impl ConsumerContext for Leading {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if matches!(rebalance, Rebalance::Revoke(list) if is_ours(list)) {
            self.leads.store(false, Ordering::Relaxed);
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => {
                // To own it is all that is wanted of it.
                if let Err(error) = consumer.pause(list) {
                    tracing::debug!(%error, "the monitor's partition is read for nothing");
                }
                if is_ours(list) {
                    self.leads.store(true, Ordering::Relaxed);
                }
            }
            Rebalance::Revoke(_) => {}
            Rebalance::Error(error) => tracing::warn!(%error, "the monitor's group could not be rebalanced"),
        }
    }
}

fn is_ours(list: &TopicPartitionList) -> bool {
    list.elements().iter().any(|element| element.partition() == PARTITION)
}
