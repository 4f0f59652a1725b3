//! How a case is called on the terminal: its package, and its path within the package.

use livecheck_core::{CaseName, Cases};

use super::style::{NAME, PACKAGE, PATH, paint};
use super::text::plain;

/// A case's name in parts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DisplayName {
    /// Its package, if the case is known here.
    pub(super) package: Option<&'static str>,
    /// The modules that it is in, with `::` at the end.
    path: String,
    /// The last part.
    name: String,
}

impl DisplayName {
    pub(crate) fn of(cases: &Cases, name: &CaseName) -> Self {
        let package = cases.get(name.as_str()).map(|case| case.location.package);
        // The package is named beside it: the crate's name would say the same again.
        let within = package
            .and_then(|package| name.as_str().strip_prefix(&package.replace('-', "_")))
            .and_then(|rest| rest.strip_prefix("::"))
            .unwrap_or(name.as_str());
        let (path, name) = match within.rfind("::") {
            Some(end) => within.split_at(end + 2),
            None => ("", within),
        };
        Self { package, path: plain(path), name: plain(name) }
    }

    /// In colours.
    pub(crate) fn painted(&self) -> String {
        let Self { package, path, name } = self;
        let package = package.map(|package| format!("{} ", paint(PACKAGE, package))).unwrap_or_default();
        let path = if path.is_empty() { String::new() } else { paint(PATH, path).to_string() };
        format!("{package}{path}{}", paint(NAME, name))
    }

    /// Without colours.
    pub(super) fn plain(&self) -> String {
        let Self { package, path, name } = self;
        match package {
            Some(package) => format!("{package} {path}{name}"),
            None => format!("{path}{name}"),
        }
    }
}
