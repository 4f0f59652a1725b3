//! What an execution has changed and nobody else sees: the pure heart of tables.

use std::collections::BTreeMap;
use std::collections::btree_map;
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

use super::error::TableError;
use super::row::{RowKey, rows_from};

/// From the JSON that a row has, if it has any, to what it gets; none removes it.
pub(super) type Update = Arc<dyn Fn(Option<&str>) -> Result<Option<Arc<str>>, TableError> + Send + Sync>;

/// What is done to one row.
#[derive(Clone)]
struct RowChange {
    /// What it has to begin with, where that does not matter any more.
    set: Option<Option<Arc<str>>>,
    /// What is done to it then, in order.
    updates: Vec<Update>,
}

/// The changes of one execution, in the order in which they were made.
///
/// A change is a function from what a row has to what it gets. Of one row they are applied one after the other;
/// different rows have nothing to do with each other.
///
/// ```
/// use livecheck_core::table::{Changes, RowKey};
///
/// let mut changes = Changes::default();
/// let row = RowKey::plain("\"a-1\"".into());
/// changes.set(0, row.clone(), Some("60".into()));
/// assert_eq!(changes.applied(0, &row, None)?.as_deref(), Some("60"));
/// # Ok::<(), livecheck_core::table::TableError>(())
/// ```
#[derive(Clone, Default)]
pub struct Changes {
    rows: BTreeMap<(usize, RowKey), RowChange>,
}

impl Changes {
    /// That row of the table at that position gets this value, or is removed.
    pub fn set(&mut self, table: usize, key: RowKey, value: Option<Arc<str>>) {
        self.rows.insert((table, key), RowChange { set: Some(value), updates: Vec::new() });
    }

    /// That row is changed by a function.
    ///
    /// # Errors
    ///
    /// What it begins with is known, and the function fails with it: then nothing is changed.
    pub(super) fn update(&mut self, table: usize, key: RowKey, update: Update) -> Result<(), TableError> {
        match self.rows.entry((table, key)) {
            btree_map::Entry::Vacant(entry) => {
                entry.insert(RowChange { set: None, updates: vec![update] });
            }
            btree_map::Entry::Occupied(mut entry) => match &mut entry.get_mut().set {
                // What it begins with is known: nothing need be kept but what it has now.
                Some(value) => *value = update(value.as_deref())?,
                None => entry.get_mut().updates.push(update),
            },
        }
        Ok(())
    }

    /// What a row gets that has `base`.
    ///
    /// # Errors
    ///
    /// What it has does not fit the type of the table.
    pub fn applied(
        &self,
        table: usize,
        key: &RowKey,
        base: Option<Arc<str>>,
    ) -> Result<Option<Arc<str>>, TableError> {
        match self.rows.get(&(table, key.clone())) {
            None => Ok(base),
            Some(RowChange { set, updates }) => {
                let begin = set.clone().unwrap_or(base);
                updates.iter().try_fold(begin, |value, update| update(value.as_deref()))
            }
        }
    }

    /// Whether what that row has does not matter to what it gets.
    pub(super) fn decides(&self, table: usize, key: &RowKey) -> bool {
        self.rows.get(&(table, key.clone())).is_some_and(|change| change.set.is_some())
    }

    /// The rows that are changed.
    pub fn rows(&self) -> impl Iterator<Item = (usize, &RowKey)> {
        self.rows.keys().map(|(table, key)| (*table, key))
    }

    /// The rows of a table behind a bound that are changed, in the order of their keys.
    pub(super) fn rows_from<'c>(
        &'c self,
        table: usize,
        from: Bound<&RowKey>,
    ) -> impl Iterator<Item = &'c RowKey> + use<'c> {
        rows_from(&self.rows, table, from).map(|(key, _)| key)
    }

    /// Whether nothing is changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.rows()).finish()
    }
}
