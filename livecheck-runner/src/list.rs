//! What `list` prints: the cases, for people or as JSON.

mod human;
mod json;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use livecheck_core::control::Sampling;
use livecheck_core::{Case, Cases, Timestamp, Uptest};

use crate::config::CheckConfig;

/// Who reads a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListFormat {
    /// People; with all settings where more is asked for.
    #[default]
    Human,
    /// Programs; see [`json_structure`].
    Json,
    /// The same, indented.
    JsonPretty,
}

/// What `list --message-format json` prints.
///
/// Members are only ever added; what reads this must ignore those that it does not know. Durations are in
/// seconds, and null where there is none. A file in the working folder is named from there.
///
/// ```json
/// {
///   "cases": [
///     {
///       "name": "stock_orders::cases::order_flow",
///       "package": "stock-orders",
///       "file": "examples/stock-orders/src/cases.rs",
///       "line": 31,
///       "docs": "An order keeps its side all the way to execution.",
///       "settings": { "active": true, "probability": 0.5, "warn_stalled_after": 1800.0 },
///       "next_slot": null,
///       "sampling": { "active": { "value": true, "from": "code" }, "probability": { "value": 0.1, "from": "control" } },
///       "arguments": [{ "name": "side", "type": "Side" }],
///       "signals": [{ "name": "sent_to_db", "type": "Signal<Order>", "timeout": 30.0 }]
///     }
///   ],
///   "checks": [
///     { "name": "api", "command": "pytest --junit-xml=results.xml", "schedule": "every 15m", "tags": ["smoke"],
///       "next_slot": "2026-11-21T02:15:00.000000Z" }
///   ],
///   "uptests": [
///     { "name": "stock_orders::uptests::takes_orders", "package": "stock-orders",
///       "file": "examples/stock-orders/src/uptests.rs", "line": 10, "docs": "The website takes an order.",
///       "proc": "order-web", "timeout": 10.0 }
///   ]
/// }
/// ```
///
/// `next_slot` is when the case is due next by its schedule, or by the frequency of its fake request.
///
/// `settings` has every setting of [`Settings`](livecheck_core::Settings) under its own name, as the code has it.
/// `sampling` is what holds: by the `code`, by the `profile`, or by what was set at run time (`control`).
pub mod json_structure {}

/// There is nothing to list or to run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoCases {
    /// No case is linked into this program.
    #[error(
        "no cases were found{}\n  = help: put #[livecheck::case] on an async fn in a library that depends on \
         `livecheck`; cases in main.rs, tests/ and examples/ are not seen",
        in_packages(searched)
    )]
    Found {
        /// The packages that were searched.
        searched: Vec<String>,
    },
    /// None of the cases is one of those asked for.
    #[error(
        "no case{} is {}; there are {there_are}{}",
        in_packages(searched),
        asked_for(wanted),
        known(wanted)
    )]
    Selected {
        /// The packages that were searched.
        searched: Vec<String>,
        /// How many cases there are.
        there_are: usize,
        /// What was asked for.
        wanted: Box<Wanted>,
    },
    /// None of the cases is done by the clock, and so none can be run without a trigger.
    #[error(
        "nothing can be run without a trigger: none of the {of} cases has a schedule, or a fake request with a frequency\n  \
         = help: #[livecheck::case(every = \"15m\")] gives it one"
    )]
    NotByClock {
        /// How many cases were selected.
        of: usize,
    },
}

/// Which cases were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Parts of their names.
    pub filters: Vec<String>,
    /// Their packages.
    pub packages: Vec<String>,
    /// Their tags.
    pub tags: Vec<String>,
    /// The tags that there are.
    pub known_tags: Vec<String>,
}

/// What cases are listed by.
#[derive(Clone, Copy)]
pub struct View<'v> {
    /// Files in this folder are named from there.
    pub root: &'v Path,
    /// What is due next is so after this.
    pub now: Timestamp,
    /// What holds of a case.
    pub sampling: &'v dyn Fn(&Case) -> Sampling,
    /// The checks beside the cases.
    pub checks: &'v [Arc<CheckConfig>],
    /// The uptests beside them: those that are functions.
    pub uptests: &'v [&'static Uptest],
}

/// The list of those cases, with colours as ANSI escape sequences.
///
/// An empty list is for [`NoCases`] to explain.
#[must_use]
pub fn render(cases: &Cases, format: ListFormat, verbose: bool, view: View<'_>) -> String {
    match format {
        ListFormat::Human => human::render(cases, verbose, view),
        ListFormat::Json => json::render(cases, false, view),
        ListFormat::JsonPretty => json::render(cases, true, view),
    }
}

fn in_packages(packages: &[String]) -> String {
    match packages {
        // A program that was not built by `cargo livecheck` knows nothing of packages.
        [] => " in this program".to_owned(),
        [package] => format!(" in package `{package}`"),
        packages => format!(" in the packages {}", quoted(packages, ", ")),
    }
}

fn asked_for(Wanted { filters, packages, tags, .. }: &Wanted) -> String {
    let asked = [("named like", filters), ("in package", packages), ("tagged", tags)];
    let asked = asked.into_iter().filter(|(_, names)| !names.is_empty());
    let asked: Vec<_> = asked.map(|(what, names)| format!("{what} {}", quoted(names, " or "))).collect();
    asked.join(" and ")
}

fn known(Wanted { tags, known_tags, .. }: &Wanted) -> String {
    match &known_tags[..] {
        _ if tags.is_empty() => String::new(),
        [] => "\n  = help: no case has a tag; #[livecheck::case(tags(\"smoke\"))] gives it one".to_owned(),
        tags => format!("\n  = help: the tags are {}", quoted(tags, ", ")),
    }
}

fn quoted(names: &[String], between: &str) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(between)
}
