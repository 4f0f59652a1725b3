//! The test as W3C baggage, so that a service in any language that already propagates OpenTelemetry baggage
//! passes it on with no change. The format is that of <https://www.w3.org/TR/baggage/>.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::Context;
use super::headers::{Carried, Found};

/// The header that W3C baggage stands in.
pub const BAGGAGE: &str = "baggage";

const ID: &str = "livecheck-test-id";
const NAME: &str = "livecheck-test-name";
const TIMESTAMP: &str = "livecheck-test-timestamp";
const EXPIRES: &str = "livecheck-test-expires";
const PARTITION_KEY: &str = "livecheck-test-partition-key";

/// What must not stand as it is in a baggage value: all but the `baggage-octet`s of the specification, and the
/// percent sign.
const RESERVED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b',').add(b';').add(b'\\').add(b'%');

impl Context {
    /// A `baggage` header with this test in it, and with what stood in the header before but for another test.
    #[must_use]
    pub fn to_baggage(&self, before: Option<&str>) -> String {
        let others = before.unwrap_or_default().split(',').map(str::trim).filter(|member| {
            let key = member.split(['=', ';']).next().unwrap_or_default().trim();
            !key.is_empty() && ![ID, NAME, TIMESTAMP, EXPIRES, PARTITION_KEY].contains(&key)
        });
        let ours = self.texts().baggage.get_or_init(|| members(self));
        others.chain([ours.as_str()]).collect::<Vec<_>>().join(",")
    }
}

/// The members of a `baggage` header that carry that test.
fn members(context: &Context) -> String {
    let (timestamp, expires) = (context.timestamp().to_string(), context.expires().to_string());
    let four = [
        (ID, context.id().as_str()),
        (NAME, context.case_name().as_str()),
        (TIMESTAMP, &timestamp),
        (EXPIRES, &expires),
    ];
    let partition_key = context.partition_key().map(|key| (PARTITION_KEY, key.as_str()));
    let members = four.into_iter().chain(partition_key);
    let members = members.map(|(key, value)| format!("{key}={}", utf8_percent_encode(value, RESERVED)));
    members.collect::<Vec<_>>().join(",")
}

/// The test in a `baggage` header, if all of it is there.
pub(super) fn read(header: &str) -> Option<Carried<'_>> {
    let members: Vec<(&str, Cow<'_, str>)> = header
        .split(',')
        .filter_map(|member| {
            let (key, value) = member.split(';').next()?.split_once('=')?;
            Some((key.trim(), percent_decode_str(value.trim()).decode_utf8().ok()?))
        })
        .collect();
    let get = |wanted| members.iter().find(|(key, _)| *key == wanted).map(|(_, value)| value.clone());
    let found = Found {
        id: get(ID),
        name: get(NAME),
        timestamp: get(TIMESTAMP),
        expires: get(EXPIRES),
        partition_key: get(PARTITION_KEY),
    };
    found.carried()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::identity::ExecutionKey;
    use crate::time::Timestamp;

    fn context(id: &str, case: &str) -> Context {
        let key = ExecutionKey { case: case.into(), id: id.into(), timestamp: Timestamp::from_micros(1) };
        Context::new(key, Timestamp::from_micros(2))
    }

    proptest! {
        #[test]
        fn whatever_the_id_it_comes_back(
            id in "\\PC*",
            case in "\\PC*",
            partition_key in proptest::option::of("\\PC*"),
        ) {
            let context = context(&id, &case).with_partition_key(partition_key.map(Into::into));
            let header = context.to_baggage(None);
            prop_assert!(header.is_ascii());
            prop_assert_eq!(read(&header).map(Context::from), Some(context));
        }

        #[test]
        fn no_header_makes_it_panic(header in "\\PC*") {
            let _ = read(&header);
        }
    }

    #[test]
    fn the_baggage_of_others_is_kept_and_an_older_test_replaced() {
        let before = format!("user=1;secret, {},  tenant=a", context("old", "c").to_baggage(None));
        let header = context("new", "c").to_baggage(Some(&before));
        assert!(header.starts_with("user=1;secret,tenant=a,livecheck-test-id=new,"), "{header}");
        assert_eq!(header.matches("livecheck-test-id").count(), 1);
    }
}
