//! The page of a LiveCheck runner, its API and its metrics, over HTTP.
//!
//! A [`Server`] answers on an address; what it shows comes from a [`Source`](view::Source), which the runner is, and what
//! may be changed goes to a [`Control`](control::Control). This crate knows no Kafka and no database.
//!
//! | address | what is there |
//! |---|---|
//! | `/` | all cases |
//! | `/case/NAME` | one case: charts, causes of failures, executions |
//! | `/execution/CASE/ID` | one execution, as a waterfall |
//! | `/api/…` | the same as JSON: see [`view`] |
//! | `/live` | says that something has changed, by server-sent events |
//! | `/badge/NAME.svg` | the state of a case, to be shown elsewhere |
//! | `/metrics` | for Prometheus |
//! | `/health` | says that this answers |
//!
//! | module | subject |
//! |---|---|
//! | [`view`] | what is shown |
//! | [`control`] | what may be changed |
//! | [`elsewhere`] | requests that another server answers |
//! | [`site`] | the addresses, joined to what answers |
//! | `page` | HTML |
//! | `api`, `live`, `badge`, `assets` | JSON, news, badges, and the files of the page |
//! | [`redaction`] | what is masked before it is shown |
//! | [`guard`] | what stands before every request |
//! | [`server`] | binding, answering, stopping |
//! | `words` | how times and numbers are written |
//!
//! The page is rendered here, by templates that escape whatever they show; its scripts are plain modules, so nobody
//! needs Node to work on it. It loads nothing from elsewhere.

mod api;
mod assets;
mod badge;
pub mod control;
pub mod elsewhere;
pub mod guard;
mod live;
mod page;
pub mod redaction;
pub mod server;
pub mod site;
pub mod view;
mod words;

pub use guard::{Guard, Token};
pub use redaction::Redaction;
pub use server::{Bound, ServeError, Server};
pub use site::Site;
