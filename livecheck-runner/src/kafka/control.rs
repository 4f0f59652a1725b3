//! The control topic, read to its end and written to, by a command or a page.

use std::time::{Duration, Instant};

use livecheck_core::control::Controls;
use rdkafka::Offset;
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::producer::{FutureProducer, FutureRecord};

use super::connection::{Connection, REQUEST_TIMEOUT};
use super::error::KafkaEdgeError;
use super::inspection::Inspection;
use super::internal_topics::ensure_internal_topic;
use super::read_back::ReadBack;

/// The one partition of the topic.
const PARTITION: i32 = 0;

/// A record of the control topic: a key, and a value, or none where something is taken back.
pub(crate) type ControlRecord = (String, Option<Vec<u8>>);

/// What is set; nothing, where there is no such topic.
pub(crate) async fn read_controls(
    connection: &Connection,
    inspection: &Inspection,
    patience: Duration,
) -> Result<Controls, KafkaEdgeError> {
    if inspection.partitions(&connection.topics.control_topic).is_none() {
        return Ok(Controls::default());
    }
    connection.ask(move |connection| read(connection, patience)).await
}

fn read(connection: &Connection, patience: Duration) -> Result<Controls, KafkaEdgeError> {
    let topic = &connection.topics.control_topic;
    let (began, mut controls) = (Instant::now(), Controls::default());
    let read = ReadBack::new(connection)?.read(
        topic,
        &[(PARTITION, Offset::Beginning)],
        || began.elapsed() < patience,
        |record| {
            if let Err(error) = controls.take(record.key(), record.payload()) {
                tracing::warn!(%error, offset = record.offset(), "what was set cannot be read, and is left out");
            }
        },
    );
    read.map_err(|source| control_error(connection, source))?;
    Ok(controls)
}

/// Writes records to the topic, which is made where it is not there; returns when they are acknowledged.
pub(crate) async fn write_controls(
    connection: &Connection,
    records: &[ControlRecord],
    replication_factor: Option<i32>,
) -> Result<(), KafkaEdgeError> {
    let topic = &connection.topics.control_topic;
    let inspection = Inspection::of(connection).await?;
    ensure_internal_topic(connection, &inspection, topic, replication_factor).await?;
    let producer: FutureProducer =
        connection.plain_producer().map_err(|source| control_error(connection, source))?;
    for (key, value) in records {
        let record = FutureRecord::to(topic).partition(PARTITION).key(key);
        let record: FutureRecord<'_, String, Vec<u8>> = match value {
            Some(value) => record.payload(value),
            None => record,
        };
        let sent = producer.send(record, REQUEST_TIMEOUT).await;
        sent.map_err(|(source, _)| control_error(connection, source))?;
    }
    Ok(())
}

fn control_error(connection: &Connection, source: KafkaError) -> KafkaEdgeError {
    KafkaEdgeError::Control { topic: connection.topics.control_topic.clone(), source }
}
