//! The test in the headers of Kafka records, by rdkafka.

use rdkafka::message::{Header, Headers, Message, OwnedHeaders, ToBytes};
use rdkafka::producer::{BaseRecord, FutureRecord};
use rdkafka::util::IntoOpaque;

use super::{
    BAGGAGE, Context, TEST_EXPIRES, TEST_ID, TEST_NAME, TEST_PARTITION_KEY, TEST_TIMESTAMP, current,
};

/// The test that a record belongs to, by its headers.
///
/// ```no_run
/// use livecheck_core::{InTest, context::kafka};
/// use rdkafka::message::BorrowedMessage;
///
/// async fn consume(message: &BorrowedMessage<'_>) {
///     handle(message).in_test(kafka::extract(message)).await;
/// }
/// # async fn handle(_: &BorrowedMessage<'_>) {}
/// ```
pub fn extract<M: Message>(message: &M) -> Option<Context> {
    let headers = message.headers()?;
    Context::from_headers(headers.iter().filter_map(|Header { key, value }| Some((key, value?))))
}

/// Carries the test that this task is in along with a record about to be produced.
///
/// ```
/// use livecheck_core::context::InTestRecord;
/// use rdkafka::producer::FutureRecord;
///
/// let record = FutureRecord::to("orders").key("order-1").payload("…").in_current_test();
/// ```
pub trait InTestRecord {
    /// Adds the headers of the test that this task is in, if it is in one. Headers given afterwards would
    /// replace them.
    #[must_use]
    fn in_current_test(self) -> Self;
}

impl<K: ToBytes + ?Sized, P: ToBytes + ?Sized> InTestRecord for FutureRecord<'_, K, P> {
    fn in_current_test(mut self) -> Self {
        add_current_test(&mut self.headers);
        self
    }
}

impl<K: ToBytes + ?Sized, P: ToBytes + ?Sized, D: IntoOpaque> InTestRecord for BaseRecord<'_, K, P, D> {
    fn in_current_test(mut self) -> Self {
        add_current_test(&mut self.headers);
        self
    }
}

fn add_current_test(headers: &mut Option<OwnedHeaders>) {
    if let Some(context) = current() {
        *headers =
            Some(with_test(&context, headers.take().unwrap_or_else(|| OwnedHeaders::new_with_capacity(5))));
    }
}

/// The headers given, and those of the test that this task is in: for a producer whose records are not those
/// of [`InTestRecord`].
#[must_use]
pub fn with_current_test(headers: OwnedHeaders) -> OwnedHeaders {
    match current() {
        Some(context) => with_test(&context, headers),
        None => headers,
    }
}

/// The headers given, and those of that test, for a record about to be produced.
#[must_use]
pub fn with_test(context: &Context, headers: OwnedHeaders) -> OwnedHeaders {
    let before = headers
        .iter()
        .find(|header| header.key == BAGGAGE)
        .and_then(|header| std::str::from_utf8(header.value?).ok().map(str::to_owned));
    // A record that is passed on may carry an older test; the first of a header counts, so it must go.
    let ours = [TEST_ID, TEST_NAME, TEST_TIMESTAMP, TEST_EXPIRES, TEST_PARTITION_KEY];
    let replaced = |key: &str| key == BAGGAGE || ours.iter().any(|name| key.eq_ignore_ascii_case(name));
    let stale = headers.iter().any(|header| replaced(header.key));
    let mut all = if stale {
        let kept = headers.iter().filter(|header| !replaced(header.key));
        kept.fold(OwnedHeaders::new(), OwnedHeaders::insert)
    } else {
        headers
    };
    for (key, value) in context.headers() {
        all = all.insert(Header { key, value: Some(value) });
    }
    all.insert(Header { key: BAGGAGE, value: Some(&context.to_baggage(before.as_deref())) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::ExecutionKey;
    use crate::time::Timestamp;

    #[tokio::test]
    async fn a_record_carries_the_test_it_is_produced_in() {
        fn record() -> FutureRecord<'static, str, str> {
            FutureRecord::to("orders").key("o-1").payload("{}")
        }
        assert!(record().in_current_test().headers.is_none(), "no test, no header");

        let context = Context::for_test("o-1");
        let other = OwnedHeaders::new().insert(Header { key: "tenant", value: Some("a") });
        let (with_others, base) = context
            .clone()
            .scope(async {
                let base = BaseRecord::<str, str>::to("orders").in_current_test();
                (record().headers(other).in_current_test(), base)
            })
            .await;
        for (headers, count) in [(with_others.headers, 6), (base.headers, 5)] {
            let headers = headers.expect("headers");
            assert_eq!(headers.count(), count);
            let read = Context::from_headers(headers.iter().filter_map(|h| Some((h.key, h.value?))));
            assert_eq!(read.as_ref(), Some(&context));
        }
    }

    #[test]
    fn the_headers_of_others_are_kept_and_an_older_test_replaced() {
        let context = |id: &str| {
            let key = ExecutionKey { case: "c".into(), id: id.into(), timestamp: Timestamp::from_micros(1) };
            Context::new(key, Timestamp::from_micros(2))
        };
        let other = Header { key: "tenant", value: Some("a") };
        let old = context("old").with_partition_key(Some("account-7".into()));
        let headers = with_test(&old, OwnedHeaders::new().insert(other));
        let headers = with_test(&context("new"), headers);
        assert_eq!(headers.count(), 6);
        assert_eq!(headers.get(0).key, "tenant");
        let read = Context::from_headers(headers.iter().filter_map(|h| Some((h.key, h.value?))));
        assert_eq!(read, Some(context("new")));
    }
}
