//! The reports of all runners, read and written by commands that execute no case.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use livecheck_core::wire::{TestReport, decode, encode};
use livecheck_core::{Context, Timestamp};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::metadata::{MetadataPartition, MetadataTopic};
use rdkafka::producer::{BaseProducer, BaseRecord};
use rdkafka::{Message, Offset, TopicPartitionList};

use super::by_hand::POLL;
use super::connection::{BusContext, Connection, REQUEST_TIMEOUT};
use super::delivery;
use super::error::KafkaEdgeError;

/// How long it is read on while no record comes and no partition is at its end.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where to begin to read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Since {
    /// With what is written from now on.
    Now,
    /// With what was written at that time, by the log's clock.
    Time(Timestamp),
}

/// Reads the report topic, from a beginning to the end that it has by then.
pub(crate) struct Reports {
    consumer: BaseConsumer<BusContext>,
    servers: String,
    topic: String,
    /// The offset to go on from, by partition.
    next: BTreeMap<i32, i64>,
}

impl Reports {
    /// Finds where to begin. Blocks.
    pub(crate) fn begin(connection: &Connection, since: Since) -> Result<Self, KafkaEdgeError> {
        let consumer = connection.inquirer()?;
        let topic = connection.topics.report_topic.clone();
        let unreachable = |source| KafkaEdgeError::Unreachable {
            servers: connection.servers.clone(),
            waited: REQUEST_TIMEOUT,
            source,
        };
        let next = beginnings(&consumer, &topic, since).map_err(unreachable)?;
        if next.is_empty() {
            tracing::warn!("there is no topic `{topic}`: no runner has reported anything yet");
        }
        Ok(Self { consumer, servers: connection.servers.clone(), topic, next })
    }

    /// Reads on to the end, as far as records are committed. Blocks, for as long as brokers answer.
    pub(crate) fn read_on(&mut self, mut each: impl FnMut(&TestReport)) -> Result<(), KafkaEdgeError> {
        let mut list = TopicPartitionList::with_capacity(self.next.len());
        for (partition, offset) in &self.next {
            list.add_partition_offset(&self.topic, *partition, Offset::Offset(*offset))
                .map_err(KafkaEdgeError::Client)?;
        }
        self.consumer.assign(&list).map_err(KafkaEdgeError::Client)?;
        let mut open: HashSet<i32> = self.next.keys().copied().collect();
        let mut heard = Instant::now();
        while !open.is_empty() {
            let polled = self.consumer.poll(POLL);
            if matches!(polled, Some(Ok(_) | Err(KafkaError::PartitionEOF(_)))) {
                heard = Instant::now();
            }
            match polled {
                Some(Ok(message)) => {
                    self.next.insert(message.partition(), message.offset() + 1);
                    match decode(message.payload()) {
                        Ok(report) => each(&report),
                        Err(error) => tracing::debug!(%error, "a report cannot be read"),
                    }
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => drop(open.remove(&partition)),
                // librdkafka goes on by itself, until that has lasted too long.
                Some(Err(error)) if heard.elapsed() > PATIENCE => return Err(KafkaEdgeError::Client(error)),
                None if heard.elapsed() > PATIENCE => {
                    let waited = PATIENCE;
                    let error = self.consumer.fetch_metadata(Some(&self.topic), REQUEST_TIMEOUT).err();
                    let source = error.unwrap_or(KafkaError::NoMessageReceived);
                    let servers = self.servers.clone();
                    return Err(KafkaEdgeError::Unreachable { servers, waited, source });
                }
                Some(Err(error)) => tracing::debug!(%error, "reading the reports"),
                None => {}
            }
        }
        self.consumer.unassign().map_err(KafkaEdgeError::Client)
    }
}

fn beginnings(
    consumer: &BaseConsumer<BusContext>,
    topic: &str,
    since: Since,
) -> KafkaResult<BTreeMap<i32, i64>> {
    let metadata = consumer.fetch_metadata(Some(topic), REQUEST_TIMEOUT)?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let partitions = found.into_iter().flat_map(MetadataTopic::partitions).map(MetadataPartition::id);
    let mut next = BTreeMap::new();
    let mut times = TopicPartitionList::new();
    for partition in partitions {
        let (_, end) = consumer.fetch_watermarks(topic, partition, REQUEST_TIMEOUT)?;
        next.insert(partition, end);
        if let Since::Time(time) = since {
            times.add_partition_offset(topic, partition, Offset::Offset(time.as_millis()))?;
        }
    }
    if times.count() > 0 {
        for element in consumer.offsets_for_times(times, REQUEST_TIMEOUT)?.elements() {
            // Where nothing was written since, there is none.
            if let Offset::Offset(offset) = element.offset() {
                next.insert(element.partition(), offset);
            }
        }
    }
    Ok(next)
}

/// The record of a report that has that JSON: with the key of its test, and the headers by which its execution is known.
pub(super) fn record<'r>(
    topic: &'r str,
    report: &'r TestReport,
    json: &'r [u8],
) -> BaseRecord<'r, str, [u8]> {
    let mut headers = OwnedHeaders::new();
    let mut record = BaseRecord::to(topic).payload(json);
    if let Some(test) = &report.test {
        for (key, value) in Context::new(test.key(), test.expires).headers() {
            headers = headers.insert(Header { key, value: Some(value) });
        }
        record = record.key(test.id.as_str());
    }
    record.headers(headers)
}

/// Writes reports, and waits until the brokers have acknowledged them. Blocks.
pub(crate) fn write(connection: &Connection, reports: &[TestReport]) -> Result<(), KafkaEdgeError> {
    let producer: BaseProducer = connection.plain_producer().map_err(KafkaEdgeError::Client)?;
    for report in reports {
        let value = match encode(report) {
            Ok(value) => value,
            Err(error) => {
                tracing::error!(%error, case = %report.case_name, "a report cannot be written as JSON");
                continue;
            }
        };
        let record = record(&connection.topics.report_topic, report, &value);
        producer.send(record).map_err(|(error, _)| KafkaEdgeError::Client(error))?;
    }
    let flushed = delivery::flush(&producer, REQUEST_TIMEOUT);
    flushed.map_err(|source| KafkaEdgeError::Unreachable {
        servers: connection.servers.clone(),
        waited: REQUEST_TIMEOUT,
        source,
    })
}
