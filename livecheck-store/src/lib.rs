//! The results of executions in a database: an embedded SQLite file, or PostgreSQL.
//!
//! Reports go in, in batches, each with how far the log was read; answers to questions come out, for pages, charts and
//! the command line. This crate knows no Kafka. It blocks; [`Store::ask`] is for async code.
//!
//! | what | where |
//! |---|---|
//! | where the database is | [`Location`] |
//! | the store, and its connections | [`Store`] |
//! | writing, and removing what is old | [`Writer`], [`Positions`], [`Retention`] |
//! | asking | [`Queries`]: [`cases`](Queries::cases), [`series`](Queries::series), [`causes`](Queries::causes), [`page`](Queries::page), [`reports`](Queries::reports) |
//!
//! ```
//! use std::time::Duration;
//!
//! use livecheck_core::wire::State;
//! use livecheck_store::{Filter, Location, Store, Window};
//!
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("history.db");
//! let store = Store::at(Location::sqlite(file)); // or "postgres://…".parse()?
//! # drop(store.writer()?);
//! let day = Window::last(Duration::from_secs(86_400));
//! store.read(|queries| {
//!     for case in queries.cases(day, 48)? {
//!         println!("{} {:?} {:?}", case.case, case.counts.success_rate(), case.runtime);
//!     }
//!     let failures = Filter { states: vec![State::Fail, State::Timeout], ..Filter::default() };
//!     let page = queries.page(&failures, None, 50)?;
//!     if let Some(next) = page.next {
//!         queries.page(&failures, Some(next), 50)?;
//!     }
//!     Ok(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What is counted (by case, signal and cause of failure, for each minute, hour and day) is added up while reports are
//! written, so that no answer depends on how many reports there are, and outlives the reports.

mod cause;
mod database;
mod error;
mod location;
mod queries;
mod resolution;
mod retention;
mod row;
mod schema;
mod sketch;
mod store;
mod writer;

pub use cause::cause_of;
pub use error::StoreError;
pub use location::{Location, LocationError};
pub use queries::{
    CaseSummary, CauseSummary, Counts, Cursor, CursorError, Filter, LastFailure, Latency, Page, Point,
    Queries, ReportRow, Series, SignalPoint, Totals, Window,
};
pub use resolution::Resolution;
pub use retention::{Pruned, Retention};
pub use row::{Reported, is_kept_whole};
pub use sketch::{Sketch, SketchError};
pub use store::Store;
pub use writer::{Positions, Writer, Written};
