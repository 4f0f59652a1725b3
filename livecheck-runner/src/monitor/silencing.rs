//! Writes a silence for whoever leads.

use std::time::Duration;

use livecheck_alerts::Silence;
use rdkafka::producer::{BaseProducer, BaseRecord};

use super::membership::PARTITION;
use super::record::{Key, encode_value};
use crate::kafka::{Connection, Health, KafkaEdgeError, delivery};

/// How long the brokers may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Writes a silence, or one with another end over it. Blocks.
pub(crate) fn write_silence(
    connection: &Connection,
    group: &str,
    id: &str,
    silence: &Silence,
) -> Result<(), KafkaEdgeError> {
    let producer: BaseProducer<Health> = connection.producer(Health::new(|_| {}))?;
    let key = Key::Alerts(livecheck_alerts::Key::Silence(id.to_owned())).encode(group);
    // Texts and instants have JSON.
    let value = encode_value(silence).unwrap_or_default();
    let topic = &connection.topics.monitor_topic;
    let record = BaseRecord::<str, [u8]>::to(topic).partition(PARTITION).key(&key).payload(&value);
    producer.send(record).map_err(|(error, _)| KafkaEdgeError::Client(error))?;
    delivery::flush(&producer, PATIENCE).map_err(KafkaEdgeError::Client)
}
