//! The records of a changelog.
//!
//! The key is the JSON of the key; where the table has windows, with the window, as Faust writes it: `[key,[start,end]]`
//! in seconds since 1970. The value is the JSON of the value, or null (a tombstone) where the row was removed.

use std::str::Utf8Error;
use std::sync::Arc;

use livecheck_core::Timestamp;
use livecheck_core::table::{RowKey, Window};
use serde_json::value::RawValue;

/// A record of a changelog.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ChangelogRecord {
    /// The row.
    pub(crate) key: RowKey,
    /// What it gets; none removes it.
    pub(crate) value: Option<Arc<str>>,
}

/// A record that is none of a changelog of this table.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    #[error("it has no key")]
    NoKey,
    #[error("it is not text: {0}")]
    NotText(#[from] Utf8Error),
    #[error("its key is not `[key,[start,end]]`, which it is where a table has windows: {0}")]
    Key(#[source] serde_json::Error),
    #[error("it is not JSON: {0}")]
    NotJson(#[source] serde_json::Error),
}

/// The key of the record of a row.
pub(crate) fn record_key(window: Option<Window>, row: &RowKey) -> String {
    match (window, row.window) {
        (Some(window), Some(start)) => {
            let range = window.starting_at(start);
            let seconds = |time: Timestamp| seconds(time);
            format!("[{},[{},{}]]", row.key, seconds(range.start), seconds(range.end))
        }
        _ => row.key.to_string(),
    }
}

/// Seconds since 1970, with as many digits as it takes.
fn seconds(time: Timestamp) -> String {
    let micros = time.as_micros();
    match (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000)) {
        (seconds, 0) => format!("{seconds}.0"),
        // Before 1970 the fraction counts from below: leave that to the float.
        #[expect(
            clippy::cast_precision_loss,
            reason = "microseconds since 1970 are exact in a float until 2255"
        )]
        (seconds, _) if seconds < 0 => (micros as f64 / 1e6).to_string(),
        (seconds, fraction) => format!("{seconds}.{fraction:06}").trim_end_matches('0').to_owned(),
    }
}

impl ChangelogRecord {
    /// Reads a record of the changelog of a table with those windows.
    pub(crate) fn read(
        window: Option<Window>,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<Self, RecordError> {
        let key = std::str::from_utf8(key.ok_or(RecordError::NoKey)?)?;
        let value = value.map(json).transpose()?;
        let key = match window {
            None => RowKey::plain(json(key.as_bytes())?),
            Some(_) => {
                let (key, (start, _)): (&RawValue, (f64, f64)) =
                    serde_json::from_str(key).map_err(RecordError::Key)?;
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "saturates, and such a window is never asked for"
                )]
                let start = Timestamp::from_micros((start * 1e6).round() as i64);
                RowKey::windowed(start, key.get().into())
            }
        };
        Ok(Self { key, value })
    }
}

fn json(bytes: &[u8]) -> Result<Arc<str>, RecordError> {
    let text = std::str::from_utf8(bytes)?;
    serde_json::from_str::<&RawValue>(text).map_err(RecordError::NotJson)?;
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_their_json_and_windows_as_fausts() {
        let row = RowKey::plain("\"a-1\"".into());
        assert_eq!(record_key(None, &row), "\"a-1\"");
        let window = Some(Window::tumbling(Duration::from_secs(3600)));
        let row = RowKey::windowed(Timestamp::from_millis(7_200_000), "\"a-1\"".into());
        assert_eq!(record_key(window, &row), "[\"a-1\",[7200.0,10800.0]]");
        let read = ChangelogRecord::read(window, Some(b"[\"a-1\",[7200.0,10799.9]]"), None).expect("Faust's");
        assert_eq!(read, ChangelogRecord { key: row, value: None });
    }

    #[test]
    fn what_is_none_is_refused() {
        let window = Some(Window::tumbling(Duration::from_secs(1)));
        let said = |window, key, value| {
            ChangelogRecord::read(window, key, value).err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(said(None, None, None), "it has no key");
        assert!(said(None, Some(b"a-1"), Some(b"1")).contains("not JSON"));
        assert!(said(None, Some(b"1"), Some(b"{")).contains("not JSON"));
        assert!(said(None, Some(b"\xff"), None).contains("not text"));
        assert!(said(window, Some(b"\"a-1\""), None).contains("[key,[start,end]]"));
    }

    proptest! {
        #[test]
        fn a_row_is_read_back_as_it_was(
            size in 1u64..10_000_000_000, time in 0i64..4_000_000_000_000_000, key in "[a-z\"\\\\é]{0,8}",
        ) {
            let window = Window::tumbling(Duration::from_micros(size));
            let key: Arc<str> = serde_json::to_string(&key)?.into();
            let row = RowKey::windowed(window.current(Timestamp::from_micros(time)).start, key);
            let text = record_key(Some(window), &row);
            let read = ChangelogRecord::read(Some(window), Some(text.as_bytes()), Some(b"1"));
            prop_assert_eq!(read.map(|record| record.key).map_err(|error| error.to_string()), Ok(row));
        }
    }
}
