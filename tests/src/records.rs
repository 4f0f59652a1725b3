//! Records onto the topics: triggers and signals as a client writes them, and anything else.

use std::sync::OnceLock;

use livecheck::context::{TEST_EXPIRES, TEST_ID, TEST_NAME, TEST_TIMESTAMP};
use livecheck::origin::ORIGIN;
use livecheck::wire::{SignalEvent, TestExecution, encode};
use livecheck::{CaseName, Context, Origin, Topics};
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{
    BaseProducer, BaseRecord, DeliveryFuture, FutureProducer, FutureRecord, Producer as _,
};
use serde_json::Value;

use crate::PATIENCE;
use crate::kafka::{Kafka, block_on};

/// A record to send.
#[derive(Clone, Debug, Default)]
pub struct Record {
    topic: String,
    partition: Option<i32>,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(String, Vec<u8>)>,
}

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The partition.
    pub partition: i32,
    /// The offset there.
    pub offset: i64,
}

impl Record {
    /// A record with a value, and nothing else.
    #[must_use]
    pub fn raw(topic: &str, value: impl Into<Vec<u8>>) -> Self {
        Self { topic: topic.to_owned(), value: Some(value.into()), ..Self::default() }
    }

    /// A record without a value.
    #[must_use]
    pub fn tombstone(topic: &str) -> Self {
        Self { topic: topic.to_owned(), ..Self::default() }
    }

    /// A trigger.
    #[must_use]
    pub fn trigger(topics: &Topics, test: &TestExecution) -> Self {
        let value = encode(test).expect("a test is JSON");
        Self::raw(&topics.test_topic, value).key(test.id.as_str())
    }

    /// A signal for a test, as a service sends it that has the test's context.
    #[must_use]
    pub fn signal(topics: &Topics, test: &TestExecution, name: &str, value: &Value) -> Self {
        let signal = Self::signal_without_headers(topics, test, name, value);
        let context = Context::new(test.key(), test.expires);
        signal.headers(context.to_headers())
    }

    /// A signal that only its key leads to its test.
    #[must_use]
    pub fn signal_without_headers(topics: &Topics, test: &TestExecution, name: &str, value: &Value) -> Self {
        Self::signal_with_key(topics, &test.case_name, test.id.as_str(), name, value)
    }

    /// A signal with that key, for whoever waits for it.
    #[must_use]
    pub fn signal_with_key(topics: &Topics, case: &CaseName, key: &str, name: &str, value: &Value) -> Self {
        let value = match value {
            Value::Null => None,
            value => Some(serde_json::value::to_raw_value(value).expect("a JSON value is JSON").into()),
        };
        let event =
            SignalEvent { signal_name: name.to_owned(), case_name: case.clone(), key: key.into(), value };
        Self::raw(&topics.bus_topic, encode(&event).expect("a signal is JSON")).key(key)
    }

    /// With that key.
    #[must_use]
    pub fn key(self, key: impl Into<Vec<u8>>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// With those headers.
    #[must_use]
    pub fn headers<'n>(self, headers: impl IntoIterator<Item = (&'n str, String)>) -> Self {
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes()));
        Self { headers: headers.collect(), ..self }
    }

    /// Sent by a service that says who it is.
    #[must_use]
    pub fn sent_by(mut self, origin: &Origin) -> Self {
        self.headers.push((ORIGIN.to_owned(), origin.to_header().into_bytes()));
        self
    }

    /// Without a key.
    #[must_use]
    pub fn without_key(self) -> Self {
        Self { key: None, ..self }
    }

    /// To that partition, whatever the key.
    #[must_use]
    pub fn to_partition(self, partition: i32) -> Self {
        Self { partition: Some(partition), ..self }
    }

    /// With the four headers of LiveCheck all unreadable.
    #[must_use]
    pub fn with_binary_headers(self) -> Self {
        let headers = [TEST_ID, TEST_NAME, TEST_TIMESTAMP, TEST_EXPIRES];
        Self { headers: headers.map(|name| (name.to_owned(), vec![0xff, 0xfe, 0x00])).into(), ..self }
    }
}

/// Sends records, to the partitions that Java and Faust would send them to.
#[derive(Clone)]
pub struct Sender(FutureProducer);

impl Sender {
    /// A sender to the shared broker.
    #[must_use]
    pub fn new() -> Self {
        static SHARED: OnceLock<Sender> = OnceLock::new();
        SHARED.get_or_init(|| Self::with(&[])).clone()
    }

    /// A sender with settings of librdkafka's beside.
    #[must_use]
    pub fn with(settings: &[(&str, &str)]) -> Self {
        let own = [("partitioner", "murmur2_random"), ("linger.ms", "0"), ("enable.idempotence", "true")];
        Self(Kafka::shared().client(&[&own, settings].concat()))
    }

    /// Sends records, and waits until all are acknowledged.
    pub fn send_all(&self, records: impl IntoIterator<Item = Record>) -> Vec<Place> {
        let sent: Vec<_> = records.into_iter().map(|record| self.hand_over(&record)).collect();
        sent.into_iter()
            .map(|delivery| {
                let delivered = block_on(delivery.expect("librdkafka takes the record"));
                let place = delivered.expect("the producer is there").expect("the brokers take the record");
                Place { partition: place.partition, offset: place.offset }
            })
            .collect()
    }

    /// Sends a record, and waits until it is acknowledged.
    pub fn send(&self, record: Record) -> Place {
        self.send_all([record])[0]
    }

    /// Sends a record that is refused, and says why.
    #[must_use]
    pub fn refused(&self, record: &Record) -> KafkaError {
        match self.hand_over(record) {
            Err(error) => error,
            Ok(delivery) => match block_on(delivery).expect("the producer is there") {
                Err((error, _)) => error,
                Ok(place) => panic!("the record was taken: {place:?}"),
            },
        }
    }

    /// Hands a record over to librdkafka, and does not wait.
    pub(crate) fn hand_over(&self, record: &Record) -> Result<DeliveryFuture, KafkaError> {
        let mut headers = OwnedHeaders::new();
        for (key, value) in &record.headers {
            headers = headers.insert(Header { key, value: Some(value) });
        }
        let mut future = FutureRecord::<[u8], [u8]>::to(&record.topic).headers(headers);
        if let Some(partition) = record.partition {
            future = future.partition(partition);
        }
        if let Some(key) = &record.key {
            future = future.key(key);
        }
        if let Some(value) = &record.value {
            future = future.payload(value);
        }
        self.0.send_result(future).map_err(|(error, _)| error)
    }
}

impl Default for Sender {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sender")
    }
}

/// A transaction that is open, with a tombstone of nothing in each partition of a topic. Dropped, it is aborted.
pub struct OpenTransaction(BaseProducer);

impl OpenTransaction {
    /// Opens one on a topic.
    ///
    /// # Panics
    ///
    /// When the brokers refuse it.
    #[must_use]
    pub fn on(topic: &str) -> Self {
        let id = format!("e2e-{topic}");
        let settings = [("transactional.id", &id[..]), ("transaction.timeout.ms", "120000")];
        let producer: BaseProducer = Kafka::shared().client(&settings);
        producer.init_transactions(PATIENCE).expect("a producer of transactions");
        producer.begin_transaction().expect("a transaction");
        for partition in Kafka::shared().ends(topic).into_keys() {
            let tombstone = BaseRecord::<str, [u8]>::to(topic).partition(partition).key("\"nothing\"");
            producer.send(tombstone).map_err(|(error, _)| error).expect("room for a record");
        }
        producer.flush(PATIENCE).expect("they are written");
        Self(producer)
    }
}

impl Drop for OpenTransaction {
    fn drop(&mut self) {
        self.0.abort_transaction(PATIENCE).expect("it is aborted");
    }
}

impl std::fmt::Debug for OpenTransaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenTransaction").finish_non_exhaustive()
    }
}
