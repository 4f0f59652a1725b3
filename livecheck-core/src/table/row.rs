//! The rows of a table, as the engine has them: JSON, whatever its types.

use std::sync::Arc;

use crate::time::Timestamp;

/// What names a row: a key and, in a table with windows, a window.
///
/// The order is by window and then by the JSON of the key, which puts the rows of old windows first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    /// Where the window begins.
    pub window: Option<Timestamp>,
    /// The key, as JSON.
    pub key: Arc<str>,
}

impl RowKey {
    /// A row of a table without windows.
    #[must_use]
    pub fn plain(key: Arc<str>) -> Self {
        Self { window: None, key }
    }

    /// A row of the window that begins there.
    #[must_use]
    pub fn windowed(start: Timestamp, key: Arc<str>) -> Self {
        Self { window: Some(start), key }
    }
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its key.
    pub key: RowKey,
    /// Its value, as JSON.
    pub value: Arc<str>,
}
