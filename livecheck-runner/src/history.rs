//! What the store has kept, as `history`, `report` and `export` show it.
//!
//! | module | subject |
//! |---|---|
//! | `find` | which case is meant |
//! | `human` | a list for people |
//! | `json` | a list for programs |
//! | `export` | all of it, as JSON, CSV or JUnit's XML |

mod export;
mod find;
mod human;
mod json;
#[cfg(test)]
mod tests;

pub(crate) use export::{csv, json_lines, junit};
pub(crate) use find::{FindError, find_case};
pub(crate) use human::{History, render};
pub(crate) use json::of_page;
