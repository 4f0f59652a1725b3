//! What the leader writes: states, positions and reports on cases, all of it or none.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use livecheck_core::wire::TestReport;
use livecheck_core::{Context, Timestamp};
use rdkafka::Message;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use super::membership::Membership;
use crate::kafka::{Connection, Health, KafkaEdgeError, Patience, delivery};

/// How long one step of a transaction may take before this term is over.
const STEP: Duration = Duration::from_secs(10);
/// How long it may take to undo what a term has left open.
const LAST_ABORT: Duration = Duration::from_secs(1);

/// Why a term is over.
#[derive(Debug, thiserror::Error)]
pub(super) enum TermEnd {
    #[error("{0}")]
    Kafka(#[from] KafkaError),
    #[error("{0}")]
    Setup(KafkaEdgeError),
    #[error("another runner leads")]
    Lost,
    #[error("the state of a case cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the run is stopping")]
    Stopping,
}

/// A record about to be written.
pub(super) struct Outgoing {
    pub(super) topic: String,
    /// Without one it is that of the key.
    pub(super) partition: Option<i32>,
    pub(super) key: Option<String>,
    /// Without one it is a tombstone.
    pub(super) value: Option<Vec<u8>>,
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Outgoing {
    /// An empty one to that topic.
    pub(super) fn to(topic: &str) -> Self {
        Self { topic: topic.to_owned(), partition: None, key: None, value: None, headers: Vec::new() }
    }

    /// A report on an execution, as runners write it.
    pub(super) fn report(topic: &str, report: &TestReport) -> Result<Self, serde_json::Error> {
        let value = Some(livecheck_core::wire::encode(report)?);
        let Some(test) = &report.test else { return Ok(Self { value, ..Self::to(topic) }) };
        let headers = Context::new(test.key(), test.expires).to_headers();
        Ok(Self { key: Some(test.id.to_string()), value, headers, ..Self::to(topic) })
    }
}

/// A producer that whoever leads next puts an end to.
pub(super) struct Writer {
    producer: BaseProducer<Stamps>,
    patience: Patience,
}

impl Writer {
    /// From here on no predecessor writes anything, and what one had not committed is undone. Blocks.
    pub(super) fn open(
        connection: &Connection,
        group: &str,
        health: &Health,
        patience: &Patience,
    ) -> Result<Self, TermEnd> {
        let stamps = Stamps { health: health.clone(), latest: Arc::default() };
        let producer = connection.report_producer(&format!("livecheck-monitor-{group}"), stamps)?;
        producer.init_transactions(patience.at_most(STEP))?;
        Ok(Self { producer, patience: patience.clone() })
    }

    /// Writes all of it in one transaction. Where that fails, it may have been written all the same: whoever goes
    /// on has to read what there is. Blocks.
    pub(super) fn write(&self, records: &[Outgoing], membership: &Membership) -> Result<(), TermEnd> {
        self.producer.begin_transaction()?;
        for record in records {
            self.send(record)?;
        }
        let (offsets, metadata) = membership.pledge().ok_or(TermEnd::Lost)?;
        let step = || self.patience.at_most(STEP);
        self.producer.send_offsets_to_transaction(&offsets, &metadata, step())?;
        Ok(delivery::commit(&self.producer, step())?)
    }

    fn send(&self, outgoing: &Outgoing) -> Result<(), TermEnd> {
        loop {
            let mut record: BaseRecord<'_, str, [u8]> = BaseRecord::to(&outgoing.topic);
            record.partition = outgoing.partition;
            if !outgoing.headers.is_empty() {
                let headers = outgoing.headers.iter();
                let headers = headers.map(|(key, value)| Header { key, value: Some(value) });
                record = record.headers(headers.fold(OwnedHeaders::new(), OwnedHeaders::insert));
            }
            if let Some(key) = &outgoing.key {
                record = record.key(key);
            }
            if let Some(value) = &outgoing.value {
                record = record.payload(value);
            }
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((error, _)) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull) => {
                    self.producer.poll(Duration::from_millis(10));
                }
                Err((error, _)) => return Err(error.into()),
            }
        }
    }

    /// The time of the log, which goes by the brokers' clock, and not by this machine's.
    pub(super) fn log_time(&self) -> Timestamp {
        let latest = *self.producer.context().latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.map_or_else(Timestamp::now, |(stamp, taken)| stamp + taken.elapsed())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Readers of committed records would wait for what is left open until it times out.
        let _ = self.producer.abort_transaction(self.patience.at_most(LAST_ABORT));
    }
}

/// Learns when the log says that a record was written.
struct Stamps {
    health: Health,
    latest: Arc<Mutex<Option<(Timestamp, Instant)>>>,
}

impl ClientContext for Stamps {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.health.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.health.error(error, reason);
    }
}

impl ProducerContext for Stamps {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        // A record that fails makes its transaction fail: that is where it is dealt with.
        if let Some(millis) = result.as_ref().ok().and_then(|record| record.timestamp().to_millis()) {
            let stamp = (Timestamp::from_millis(millis), Instant::now());
            *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(stamp);
        }
    }
}
