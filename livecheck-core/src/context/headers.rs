//! The headers of LiveCheck, on Kafka records and HTTP requests: four, and one more where a test has a partition key.

use std::borrow::Cow;

use super::{BAGGAGE, Context, baggage};
use crate::identity::ExecutionKey;
use crate::time::Timestamp;

/// The header with the test id.
pub const TEST_ID: &str = "LiveCheck-Test-Id";
/// The header with the name of the case.
pub const TEST_NAME: &str = "LiveCheck-Test-Name";
/// The header with the instant of the trigger.
pub const TEST_TIMESTAMP: &str = "LiveCheck-Test-Timestamp";
/// The header with the instant at which the test expires.
pub const TEST_EXPIRES: &str = "LiveCheck-Test-Expires";
/// The header with the key that decides the test's partition, where that is not its id. Faust has no such header.
pub const TEST_PARTITION_KEY: &str = "LiveCheck-Test-Partition-Key";

impl Context {
    /// The headers that carry this test: four, with Faust's names, and that of the partition key where there is one.
    #[must_use]
    pub fn to_headers(&self) -> Vec<(&'static str, String)> {
        self.headers().map(|(name, value)| (name, value.to_owned())).collect()
    }

    /// The same, not copied.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let texts = self.texts();
        let four = [
            (TEST_ID, self.id().as_str()),
            (TEST_NAME, self.case_name().as_str()),
            (TEST_TIMESTAMP, &texts.timestamp),
            (TEST_EXPIRES, &texts.expires),
        ];
        let partition_key = self.partition_key().map(|key| (TEST_PARTITION_KEY, key.as_str()));
        four.into_iter().chain(partition_key)
    }

    /// The test that these headers carry: LiveCheck's own four, or else W3C baggage.
    ///
    /// All four must be there and readable, or none counts. Where one is repeated, the first counts: a Faust
    /// process with two LiveCheck objects writes each of them twice. Names are compared without regard to
    /// case, so that headers which passed through HTTP are found on a Kafka record too.
    pub fn from_headers<'a>(headers: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Option<Self> {
        Carried::by_headers(headers).map(Self::from)
    }
}

/// The test that headers carry, as it stands in them: a [`Context`] whose texts are not copied.
///
/// ```
/// use livecheck_core::context::{Carried, TEST_ID};
///
/// let alone: [(&str, &[u8]); 1] = [(TEST_ID, b"order-1")];
/// assert_eq!(Carried::by_headers(alone), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried<'h> {
    /// The case that is executed.
    pub case: Cow<'h, str>,
    /// The id of the test.
    pub id: Cow<'h, str>,
    /// When the test was triggered.
    pub timestamp: Timestamp,
    /// When the test expires.
    pub expires: Timestamp,
    /// What decides the partition of the test, where that is not its id.
    pub partition_key: Option<Cow<'h, str>>,
}

impl<'h> Carried<'h> {
    /// The test that these headers carry, as [`Context::from_headers`] has it.
    pub fn by_headers(headers: impl IntoIterator<Item = (&'h str, &'h [u8])>) -> Option<Self> {
        let mut found = Found::default();
        let mut bag = None;
        for (name, value) in headers {
            let Ok(value) = std::str::from_utf8(value) else { continue };
            let seen = match name {
                name if name.eq_ignore_ascii_case(TEST_ID) => &mut found.id,
                name if name.eq_ignore_ascii_case(TEST_NAME) => &mut found.name,
                name if name.eq_ignore_ascii_case(TEST_TIMESTAMP) => &mut found.timestamp,
                name if name.eq_ignore_ascii_case(TEST_EXPIRES) => &mut found.expires,
                name if name.eq_ignore_ascii_case(TEST_PARTITION_KEY) => &mut found.partition_key,
                name if name.eq_ignore_ascii_case(BAGGAGE) => {
                    bag.get_or_insert(value);
                    continue;
                }
                _ => continue,
            };
            seen.get_or_insert(Cow::Borrowed(value));
        }
        found.carried().or_else(|| baggage::read(bag?))
    }
}

impl From<Carried<'_>> for Context {
    fn from(Carried { case, id, timestamp, expires, partition_key }: Carried<'_>) -> Self {
        let key = ExecutionKey { case: case.into(), id: id.into(), timestamp };
        Self::new(key, expires).with_partition_key(partition_key.map(Into::into))
    }
}

/// The values, as far as they were found.
#[derive(Default)]
pub(super) struct Found<'h> {
    pub(super) id: Option<Cow<'h, str>>,
    pub(super) name: Option<Cow<'h, str>>,
    pub(super) timestamp: Option<Cow<'h, str>>,
    pub(super) expires: Option<Cow<'h, str>>,
    pub(super) partition_key: Option<Cow<'h, str>>,
}

impl<'h> Found<'h> {
    pub(super) fn carried(self) -> Option<Carried<'h>> {
        let Self { id, name, timestamp, expires, partition_key } = self;
        let (timestamp, expires) = (timestamp?.parse().ok()?, expires?.parse().ok()?);
        Some(Carried { case: name?, id: id?, timestamp, expires, partition_key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAUST: [(&str, &[u8]); 4] = [
        (TEST_ID, b"o-1"),
        (TEST_NAME, b"examples.livecheck.Test_order"),
        (TEST_TIMESTAMP, b"2026-11-21T02:03:04.567890+00:00"),
        (TEST_EXPIRES, b"2026-11-21T05:03:04.567890+00:00"),
    ];

    #[test]
    fn what_faust_writes_is_read_and_written_alike() {
        let context = Context::from_headers(FAUST).expect("all four are there");
        assert_eq!(context.id().as_str(), "o-1");
        let written = context.to_headers();
        for ((name, value), (expected_name, expected_value)) in written.iter().zip(FAUST) {
            assert_eq!((*name, value.as_bytes()), (expected_name, expected_value));
        }
    }

    #[test]
    fn without_one_of_the_four_there_is_no_test() {
        for missing in 0..FAUST.len() {
            let three = FAUST.into_iter().enumerate().filter(|(i, _)| *i != missing).map(|(_, h)| h);
            assert_eq!(Context::from_headers(three), None);
        }
    }

    #[test]
    fn of_a_header_written_twice_the_first_counts() {
        let twice = FAUST.into_iter().chain([(TEST_ID, b"o-2".as_slice())]);
        assert_eq!(Context::from_headers(twice).map(|c| c.id().to_string()).as_deref(), Some("o-1"));
    }

    #[test]
    fn an_unreadable_header_is_no_header() {
        let broken =
            FAUST.map(|(name, value)| (name, if name == TEST_EXPIRES { b"soon".as_slice() } else { value }));
        assert_eq!(Context::from_headers(broken), None);
        let binary =
            FAUST.map(|(name, value)| (name, if name == TEST_ID { b"\xff\xfe".as_slice() } else { value }));
        assert_eq!(Context::from_headers(binary), None);
    }

    #[test]
    fn a_partition_key_is_a_header_more() {
        let context = Context::from_headers(FAUST).expect("all four are there");
        let with_key = context.clone().with_partition_key(Some("account-7".into()));
        let written = with_key.to_headers();
        let pairs = || written.iter().map(|(name, value)| (*name, value.as_bytes()));
        assert_eq!(Context::from_headers(pairs()), Some(with_key));
        assert_eq!(Context::from_headers(pairs().take(4)), Some(context));
        assert_eq!(Context::from_headers(pairs().skip(1)), None, "alone it is no test");
    }
}
