//! `faust.livecheck.models.SignalEvent`: the value of a record on the bus.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::json::text_of_any_json;
use crate::identity::{CaseName, TestId};

/// A signal that a step of a request sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignalEvent {
    /// The name of the signal.
    pub signal_name: String,
    /// The case that it is for.
    pub case_name: CaseName,
    /// The id of the test, unless the sender gave a key of its own.
    #[serde(deserialize_with = "text_of_any_json")]
    pub key: TestId,
    /// The payload. `None` stands for null, and for no such member.
    #[serde(default)]
    pub value: Option<Arc<RawValue>>,
}

/// A [`SignalEvent`] that is sent: the same members, and none of them copied. The payload is written as JSON in its place;
/// `()` stands for none.
#[derive(Debug, Serialize)]
pub(crate) struct SentSignal<'s, V> {
    pub(crate) signal_name: &'s str,
    pub(crate) case_name: &'s str,
    pub(crate) key: &'s str,
    pub(crate) value: &'s V,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{decode, encode};

    #[test]
    fn reads_what_faust_writes() {
        let json = br#"{"signal_name":"order_sent_to_db","case_name":"examples.livecheck.Test_order",
            "key":"o-1","value":{"id":"o","__faust":{"ns":"orders.Order"}},
            "__faust":{"ns":"faust.livecheck.models.SignalEvent"}}"#;
        let event: SignalEvent = decode(Some(json)).expect("Faust's own record");
        assert_eq!(event.signal_name, "order_sent_to_db");
        assert!(event.value.is_some());
    }

    #[test]
    fn a_signal_without_payload_has_a_null_value() {
        let event = SignalEvent {
            signal_name: "cached".into(),
            case_name: "orders::order_flow".into(),
            key: "o-1".into(),
            value: None,
        };
        let written = encode(&event).expect("a record is written");
        assert_eq!(
            String::from_utf8_lossy(&written),
            r#"{"signal_name":"cached","case_name":"orders::order_flow","key":"o-1","value":null}"#
        );
        let sent =
            SentSignal { signal_name: "cached", case_name: "orders::order_flow", key: "o-1", value: &() };
        assert_eq!(encode(&sent).expect("a record is written"), written);
        let again: SignalEvent = decode(Some(&written)).expect("our own record");
        assert!(again.value.is_none());
    }
}
