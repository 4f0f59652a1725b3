//! Waiting until the brokers have what a producer was given.

use std::time::{Duration, Instant};

use livecheck_core::client::flush_producer;
use rdkafka::error::KafkaResult;
use rdkafka::producer::{BaseProducer, Producer, ProducerContext};

/// Waits until each record of the producer is delivered or has failed, at most that long. Blocks.
pub(crate) fn flush<C: ProducerContext>(producer: &BaseProducer<C>, patience: Duration) -> KafkaResult<()> {
    flush_producer(producer, |look| producer.poll(look), patience)
}

/// Commits the producer's transaction, once all of it is delivered; at most that long. Where the time is up before the
/// answer, it is not known whether it is committed. Blocks.
pub(crate) fn commit<C: ProducerContext>(producer: &BaseProducer<C>, patience: Duration) -> KafkaResult<()> {
    let end = Instant::now() + patience;
    flush(producer, patience)?;
    producer.commit_transaction(end.saturating_duration_since(Instant::now()))
}
