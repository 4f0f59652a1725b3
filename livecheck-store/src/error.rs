//! What can go wrong with the store.

use crate::Location;

/// What can go wrong with the store. The place that is named shows no password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database cannot be reached or opened.
    #[error("the store {location} cannot be opened: {reason}")]
    Unreachable {
        /// Where it was sought.
        location: Location,
        /// Why not, as the system or the server says.
        reason: String,
    },
    /// The file is no SQLite database, or is one that is damaged.
    #[error("the store {location} is damaged: {reason}")]
    Damaged {
        /// The file.
        location: Location,
        /// What SQLite has found.
        reason: String,
    },
    /// There is nothing in the database yet.
    #[error("there is no history in {location} yet: no runner has written to it")]
    Empty {
        /// The database.
        location: Location,
    },
    /// A later version of LiveCheck has been here.
    #[error(
        "the store {location} was made by a later version of LiveCheck: its schema is version {found}, and this \
         program knows those up to {known}; use a program of that version, or another store"
    )]
    Newer {
        /// The database.
        location: Location,
        /// Its version.
        found: i64,
        /// The latest that this program knows.
        known: i64,
    },
    /// An earlier version of LiveCheck made it, and no runner of this one has brought it up to date.
    #[error(
        "the store {location} was made by an earlier version of LiveCheck, and is brought up to date by the next \
         runner that writes to it"
    )]
    Older {
        /// The database.
        location: Location,
    },
    /// There is no room left to write.
    #[error("the store is full: {reason}")]
    Full {
        /// What the database says.
        reason: String,
    },
    /// The database may be read and not written.
    #[error("the store cannot be written to: {reason}")]
    ReadOnly {
        /// What the database says.
        reason: String,
    },
    /// The connection was lost, or never made.
    #[error("the connection to the store was lost: {reason}")]
    Lost {
        /// What the client says.
        reason: String,
    },
    /// The database refuses a statement, or gives something else than was asked for.
    #[error("the store does not do what it should: {reason}")]
    Refused {
        /// What the database says.
        reason: String,
    },
}
