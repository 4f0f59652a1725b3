//! Records of Kafka to what the engine reads.

use std::sync::Arc;

use livecheck_core::context::Carried;
use livecheck_core::origin::ORIGIN;
use livecheck_core::wire::{DecodeError, SignalEvent, TestExecution, decode};
use livecheck_core::{Origin, PartitionKey, Timestamp};
use rdkafka::Message;
use rdkafka::message::{Header, Headers};

use super::origins;
use super::routes::{MessageInput, SignalInput, TestInput};
use crate::engine::{Logged, Message as ShardMessage, SentIn, SignalRecord, TestRecord};

/// A record that cannot be read, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) error: DecodeError,
}

/// Reads a record of the test topic.
pub(super) fn test<M: Message>(message: &M) -> (TestInput, Option<Unreadable>) {
    match decode::<TestExecution>(message.payload()) {
        Ok(test) => {
            let key = message.key().and_then(|key| std::str::from_utf8(key).ok());
            let partition_key = key.filter(|key| test.id != *key).map(PartitionKey::from);
            let value = TestRecord { test, partition_key, origin: origin(message) };
            let record = Logged { offset: message.offset(), time: log_time(message, Timestamp::now), value };
            (TestInput::Test(record), None)
        }
        Err(error) => (TestInput::Unreadable { offset: message.offset() }, Some(unreadable(message, error))),
    }
}

/// Reads a record of the bus.
pub(super) fn signal<M: Message>(message: &M) -> (SignalInput, Option<Unreadable>) {
    let time = log_time(message, Timestamp::now);
    match decode::<SignalEvent>(message.payload()) {
        Ok(event) => {
            let (carried, origin) = read_headers(message);
            let sent_in = carried.map(|carried| SentIn::of(carried, &event)).unwrap_or_default();
            let value = SignalRecord { event, sent_in, origin };
            (SignalInput::Signal(Logged { offset: message.offset(), time, value }), None)
        }
        Err(error) => {
            let input = SignalInput::Unreadable { offset: message.offset(), time };
            (input, Some(unreadable(message, error)))
        }
    }
}

/// Reads a record of the topic of keys.
pub(super) fn message<M: Message>(message: &M) -> (MessageInput, Option<Unreadable>) {
    let offset = message.offset();
    match decode::<ShardMessage>(message.payload()) {
        Ok(value) => (MessageInput::Message { offset, message: Box::new(value) }, None),
        Err(error) => (MessageInput::Unreadable { offset }, Some(unreadable(message, error))),
    }
}

/// Who sent a record, by its headers.
fn origin<M: Message>(message: &M) -> Option<Arc<Origin>> {
    let header = message.headers()?.iter().find(|header| header.key == ORIGIN)?;
    origins::origin(header.value?)
}

/// The test that a record belongs to, and who sent it, by its headers.
fn read_headers<M: Message>(message: &M) -> (Option<Carried<'_>>, Option<Arc<Origin>>) {
    let Some(headers) = message.headers() else { return (None, None) };
    let mut origin = None;
    // In one go: to look at a header costs a call into librdkafka.
    let others = headers.iter().filter_map(|Header { key, value }| {
        if key == ORIGIN {
            origin = value.and_then(origins::origin);
            return None;
        }
        Some((key, value?))
    });
    let carried = Carried::by_headers(others);
    (carried, origin)
}

/// The time of a record: the log's own, or the producer's where the topic keeps that. A producer's clock that
/// is ahead must not carry the log's time with it.
fn log_time<M: Message>(message: &M, now: impl FnOnce() -> Timestamp) -> Timestamp {
    match message.timestamp() {
        rdkafka::Timestamp::LogAppendTime(millis) => Timestamp::from_millis(millis),
        rdkafka::Timestamp::CreateTime(millis) => Timestamp::from_millis(millis).min(now()),
        rdkafka::Timestamp::NotAvailable => now(),
    }
}

fn unreadable<M: Message>(message: &M, error: DecodeError) -> Unreadable {
    Unreadable {
        topic: message.topic().to_owned(),
        partition: message.partition(),
        offset: message.offset(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rdkafka::message::{Header, OwnedHeaders, OwnedMessage};

    use super::*;

    fn message(payload: Option<Vec<u8>>, key: Option<Vec<u8>>, headers: OwnedHeaders) -> OwnedMessage {
        let time = rdkafka::Timestamp::CreateTime(5);
        OwnedMessage::new(payload, key, "livecheck-bus".into(), time, 0, 9, Some(headers))
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_decoder_panic(
            payload in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..200)),
            key in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..20)),
            header in proptest::collection::vec(any::<u8>(), 0..20),
        ) {
            let headers = OwnedHeaders::new()
                .insert(Header { key: livecheck_core::context::TEST_ID, value: Some(&header) });
            let message = message(payload, key, headers);
            let (_, bad) = signal(&message);
            prop_assert_eq!(bad.map(|bad| bad.offset), Some(9));
            let (_, bad) = test(&message);
            prop_assert_eq!(bad.map(|bad| bad.offset), Some(9));
        }

        #[test]
        fn json_of_any_shape_is_read_or_refused(json in json()) {
            let message = message(Some(json.to_string().into_bytes()), None, OwnedHeaders::new());
            let _ = signal(&message);
            let _ = test(&message);
        }
    }

    /// Objects with the members of our records, of right and of wrong types.
    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            "\\PC{0,12}".prop_map(Into::into),
            Just("2026-11-21T02:03:04.567890Z".into()),
        ];
        let names = ["id", "case_name", "timestamp", "expires", "test_args", "test_kwargs", "key", "value"];
        let names = proptest::sample::select(names.to_vec());
        leaf.prop_recursive(3, 24, 8, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                proptest::collection::btree_map(names.clone(), inner, 0..8).prop_map(|members| {
                    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
                }),
            ]
        })
    }

    #[test]
    fn a_clock_ahead_does_not_carry_the_log_with_it() {
        let now = Timestamp::from_millis(3);
        assert_eq!(log_time(&message(None, None, OwnedHeaders::new()), || now), now);
    }
}
