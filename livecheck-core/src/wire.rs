//! What stands on the topics: the JSON of Faust LiveCheck, read leniently and written so that Faust reads it.
//!
//! Unknown members are ignored, among them `__faust`, which every Faust record carries. The rules come from
//! faust-streaming 0.15.3 (`faust/livecheck/models.py`, `faust/utils/iso8601.py`).

mod attempt;
mod explanation;
mod json;
mod report;
mod signal_event;
mod test_execution;

pub use attempt::Attempt;
pub use explanation::{
    ConsumerLag, Difference, Explanation, LogLine, MissingStep, Place, SignalStep, Step, TopicLag,
    TriggerStep, WaitEnd, WaitSpan, WaitStep,
};
pub use json::{Arguments, FromWire, PayloadError};
pub use report::{State, TestReport, UnknownState};
pub(crate) use signal_event::SentSignal;
pub use signal_event::SignalEvent;
pub use test_execution::TestExecution;

use serde::de::DeserializeOwned;

/// The largest value of a record that is read, in bytes. Kafka's own default limit is about 1 MiB.
pub const MAX_VALUE_BYTES: usize = 4 * 1024 * 1024;

/// Why a record cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// There is no value: a tombstone.
    #[error("the record has no value")]
    NoValue,
    /// The value is longer than [`MAX_VALUE_BYTES`].
    #[error("the value has {bytes} bytes, more than the {MAX_VALUE_BYTES} that are read")]
    TooLarge {
        /// Its length in bytes.
        bytes: usize,
    },
    /// The value is not JSON, or not UTF-8.
    #[error("the value is not JSON: {reason}")]
    MalformedJson {
        /// What the parser said.
        reason: String,
    },
    /// The value is JSON, but a member is missing or has another type.
    #[error("the value does not fit: {reason}")]
    WrongShape {
        /// What the parser said.
        reason: String,
    },
}

impl DecodeError {
    /// A short name of the kind, as metrics and counters use it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::NoValue => "no-value",
            Self::TooLarge { .. } => "too-large",
            Self::MalformedJson { .. } => "malformed-json",
            Self::WrongShape { .. } => "wrong-shape",
        }
    }
}

/// Reads the value of a record: a [`TestExecution`], a [`SignalEvent`] or a [`TestReport`].
///
/// ```
/// use livecheck_core::wire::{decode, SignalEvent};
///
/// let event: SignalEvent = decode(Some(
///     br#"{"signal_name":"cached","case_name":"orders::order_flow","key":"o-1","value":null}"#,
/// ))?;
/// assert_eq!(event.key.as_str(), "o-1");
/// assert_eq!(decode::<SignalEvent>(Some(b"{")).unwrap_err().kind(), "malformed-json");
/// # Ok::<(), livecheck_core::wire::DecodeError>(())
/// ```
///
/// # Errors
///
/// There is no value, it is too large, it is not JSON, or it is JSON of another shape.
pub fn decode<T: DeserializeOwned>(value: Option<&[u8]>) -> Result<T, DecodeError> {
    let value = value.ok_or(DecodeError::NoValue)?;
    if value.len() > MAX_VALUE_BYTES {
        return Err(DecodeError::TooLarge { bytes: value.len() });
    }
    serde_json::from_slice(value).map_err(|error| {
        let reason = json::brief(&error.to_string());
        match error.classify() {
            serde_json::error::Category::Data => DecodeError::WrongShape { reason },
            _ => DecodeError::MalformedJson { reason },
        }
    })
}

/// Writes the value of a record.
///
/// # Errors
///
/// None of this crate's own types fails; a payload's `Serialize` may.
pub fn encode<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(value)
}
