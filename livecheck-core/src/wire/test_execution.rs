//! `faust.livecheck.models.TestExecution`: the value of a record on the test topic.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::json::{Arguments, text_of_any_json};
use crate::identity::{CaseName, ExecutionKey, TestId};
use crate::schedule::Slot;
use crate::time::Timestamp;

/// A request to execute a case.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "OnTheWire")]
pub struct TestExecution {
    /// The id of the test.
    pub id: TestId,
    /// The case to execute.
    pub case_name: CaseName,
    /// When the test was triggered, by the clock of the process that did.
    pub timestamp: Timestamp,
    /// When it expires, by the same clock.
    pub expires: Timestamp,
    /// The arguments: `test_args` and `test_kwargs`.
    pub arguments: Arguments,
}

impl TestExecution {
    /// The execution of that slot of a case: the same, whoever asks for it.
    #[must_use]
    pub fn of_slot(slot: Slot) -> Self {
        let (case, timestamp) = (slot.case(), slot.time());
        Self {
            id: slot.id(),
            case_name: case.name.into(),
            timestamp,
            expires: timestamp + case.settings.test_expires,
            arguments: Arguments::new(),
        }
    }

    /// What tells this execution from every other.
    #[must_use]
    pub fn key(&self) -> ExecutionKey {
        ExecutionKey { case: self.case_name.clone(), id: self.id.clone(), timestamp: self.timestamp }
    }
}

impl Serialize for TestExecution {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut record = serializer.serialize_struct("TestExecution", 6)?;
        record.serialize_field("id", &self.id)?;
        record.serialize_field("case_name", &self.case_name)?;
        record.serialize_field("timestamp", &self.timestamp)?;
        record.serialize_field("expires", &self.expires)?;
        record.serialize_field("test_args", self.arguments.positional())?;
        record.serialize_field("test_kwargs", self.arguments.named())?;
        record.end()
    }
}

/// The members as they are read. (`#[serde(flatten)]` would save this mirror, but it buffers, and
/// raw JSON does not survive that.)
#[derive(Deserialize)]
struct OnTheWire {
    #[serde(deserialize_with = "text_of_any_json")]
    id: TestId,
    case_name: CaseName,
    timestamp: Timestamp,
    expires: Timestamp,
    #[serde(default, deserialize_with = "null_is_empty")]
    test_args: Vec<Arc<RawValue>>,
    #[serde(default, deserialize_with = "null_is_empty")]
    test_kwargs: BTreeMap<String, Arc<RawValue>>,
}

fn null_is_empty<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl From<OnTheWire> for TestExecution {
    fn from(record: OnTheWire) -> Self {
        let OnTheWire { id, case_name, timestamp, expires, test_args, test_kwargs } = record;
        let arguments = Arguments::given(test_args, test_kwargs);
        Self { id, case_name, timestamp, expires, arguments }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{decode, encode};

    const FAUST: &str = r#"{"id":"o-1","case_name":"examples.livecheck.Test_order",
        "timestamp":"2026-11-21T02:03:04.567890Z","expires":"2026-11-21T05:03:04.567890Z",
        "test_args":[{"id":"o","side":"sell","price":1.0,"__faust":{"ns":"orders.Order"}}],
        "test_kwargs":{"side":"sell"},"__faust":{"ns":"faust.livecheck.models.TestExecution"}}"#;

    #[test]
    fn reads_what_faust_writes() {
        let test: TestExecution = decode(Some(FAUST.as_bytes())).expect("Faust's own record");
        assert_eq!(test.id.as_str(), "o-1");
        assert_eq!(test.case_name.as_str(), "examples.livecheck.Test_order");
        assert_eq!(test.expires.since(test.timestamp).as_secs(), 3 * 60 * 60);
        assert_eq!(test.arguments.get(1, "side").map(RawValue::get), Some("\"sell\""));
    }

    #[test]
    fn writes_what_it_reads() {
        let test: TestExecution = decode(Some(FAUST.as_bytes())).expect("Faust's own record");
        let written = encode(&test).expect("a record is written");
        let again: TestExecution = decode(Some(&written)).expect("our own record");
        assert_eq!(again.key(), test.key());
        assert!(String::from_utf8_lossy(&written).contains(r#""timestamp":"2026-11-21T02:03:04.567890Z""#));
    }

    #[test]
    fn arguments_may_be_null_or_absent() {
        let json = br#"{"id":7,"case_name":"c","timestamp":"2026-11-21T02:03:04Z",
            "expires":"2026-11-21T05:03:04Z","test_args":null}"#;
        let test: TestExecution = decode(Some(json)).expect("nothing that is needed is missing");
        assert_eq!(test.id.as_str(), "7");
        assert_eq!(test.arguments.describe(), "no arguments");
    }
}
