//! The tables of the cases: on disk, and on a changelog topic each, from which they can be made again.
//!
//! ```text
//!  an execution ──reads──▶  overlay  ──what it has not──▶  store (on disk)
//!       │                      ▲                               ▲
//!       │ ends: its changes    │ applied, one execution        │ once it is committed,
//!       │                      │ after the other               │ with the changelog's offset
//!       └──────────────────────┴──▶ committer ──▶ changelog ───┘
//! ```
//!
//! The changelog is the truth, and the store what it comes to up to an offset that stands beside it: a store that is
//! behind is brought forward when a partition comes, one that is lost or damaged is made anew. Between them lies what
//! executions have changed that is not yet both committed and on disk.

mod folder;
mod names;
mod overlay;
mod partition;
#[cfg(test)]
mod properties;
mod record;
mod store;
#[cfg(test)]
mod testing;
mod under_way;
mod writes;

pub use folder::FolderError;
pub(crate) use folder::TableFolder;
pub use names::TableNameError;
pub(crate) use names::{TableId, TableSet};
pub(crate) use partition::PartitionTables;
pub(crate) use record::{ChangelogRecord, record_key};
pub(crate) use store::{Batch, Position, Store};
pub(crate) use under_way::UnderWay;
pub(crate) use writes::{ChangelogPositions, TableWrites};
