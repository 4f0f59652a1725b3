//! What `list` prints: the cases, for people or as JSON.

mod human;
mod json;
#[cfg(test)]
mod tests;

use std::path::Path;

use livecheck_core::Cases;

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
///       "arguments": [{ "name": "side", "type": "Side" }],
///       "signals": [{ "name": "sent_to_db", "type": "Signal<Order>", "timeout": 30.0 }]
///     }
///   ]
/// }
/// ```
///
/// `settings` has every setting of [`Settings`](livecheck_core::Settings) under its own name.
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
    #[error("no case{} is {}; there are {there_are}", in_packages(searched), asked_for(filters, packages))]
    Selected {
        /// The packages that were searched.
        searched: Vec<String>,
        /// How many cases there are.
        there_are: usize,
        /// The parts of names that were asked for.
        filters: Vec<String>,
        /// The packages that were asked for.
        packages: Vec<String>,
    },
}

/// The list of those cases, with colours as ANSI escape sequences. Files in the folder `root` are named from
/// there.
///
/// An empty list is for [`NoCases`] to explain.
#[must_use]
pub fn render(cases: &Cases, format: ListFormat, verbose: bool, root: &Path) -> String {
    match format {
        ListFormat::Human => human::render(cases, verbose, root),
        ListFormat::Json => json::render(cases, false, root),
        ListFormat::JsonPretty => json::render(cases, true, root),
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

fn asked_for(filters: &[String], packages: &[String]) -> String {
    let named = format!("named like {}", quoted(filters, " or "));
    let within = format!("in package {}", quoted(packages, " or "));
    match (filters, packages) {
        ([], _) => within,
        (_, []) => named,
        _ => format!("{named} and {within}"),
    }
}

fn quoted(names: &[String], between: &str) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(between)
}
