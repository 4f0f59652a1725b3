//! What can be wrong with a table, as a case sees it.

use crate::time::DurationError;
use crate::wire::PayloadError;

/// A table could not be read or changed. A case that returns this ends as ERROR.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// A key cannot be written as JSON.
    #[error("table `{table}`: the key cannot be written as JSON: {reason}")]
    Key {
        /// The table.
        table: &'static str,
        /// What serde said.
        reason: String,
    },
    /// A value cannot be written as JSON.
    #[error("table `{table}`: the value cannot be written as JSON: {reason}")]
    Value {
        /// The table.
        table: &'static str,
        /// What serde said.
        reason: String,
    },
    /// What the table holds does not fit its type: it was written with another one.
    #[error("table `{table}`, key {key}: {cause}. Was it written when the table had another type?")]
    Stored {
        /// The table.
        table: &'static str,
        /// The key, as JSON.
        key: String,
        /// What is there, and what was expected.
        cause: PayloadError,
    },
    /// The table cannot be read.
    #[error("table `{table}` cannot be read: {reason}")]
    Unreadable {
        /// The table.
        table: &'static str,
        /// Why.
        reason: String,
    },
    /// A row would be larger than a changelog takes.
    #[error("table `{table}`: the row of the key {key} would take {bytes} bytes, and the most is {most}")]
    TooLarge {
        /// The table.
        table: &'static str,
        /// The beginning of the key, as JSON.
        key: String,
        /// What its key and its value would take.
        bytes: usize,
        /// The most that they may.
        most: usize,
    },
    /// A duration given is none.
    #[error(transparent)]
    Duration(#[from] DurationError),
}
