//! The rows of a table, as the engine has them: JSON, whatever its types.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

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

/// The rows of one table behind a bound, in the order of their keys, where those of several are in one map.
pub fn rows_from<'r, T: Copy + Ord, V>(
    rows: &'r BTreeMap<(T, RowKey), V>,
    table: T,
    from: Bound<&RowKey>,
) -> impl Iterator<Item = (&'r RowKey, &'r V)> + use<'r, T, V> {
    let from = match from {
        Bound::Unbounded => Bound::Included((table, RowKey::plain("".into()))),
        Bound::Included(key) => Bound::Included((table, key.clone())),
        Bound::Excluded(key) => Bound::Excluded((table, key.clone())),
    };
    let of_table = rows.range((from, Bound::Unbounded)).take_while(move |((of, _), _)| *of == table);
    of_table.map(|((_, key), value)| (key, value))
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its key.
    pub key: RowKey,
    /// Its value, as JSON.
    pub value: Arc<str>,
}
