//! A case, as `#[livecheck::case]` registers it, and all the cases linked into a program.

mod added;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

pub use added::{AddedCase, CaseBuilder};

use crate::execution::{Executing, Execution};
use crate::settings::Settings;
use crate::table::TableDefinition;

/// An end-to-end test: an async fn, its signals, and its settings.
///
/// The attribute macro makes one, in a `static`, for each function that it annotates.
#[derive(Debug)]
pub struct Case {
    /// The name on the topics: the Rust path of the function, or the one given with `name = "…"`.
    pub name: &'static str,
    /// The documentation comment of the function.
    pub docs: &'static str,
    /// Where the function stands.
    pub location: Location,
    /// The settings.
    pub settings: Settings,
    /// The parameters that a trigger fills, in order.
    pub arguments: &'static [Argument],
    /// The parameters under `#[signal]`, in order.
    pub signals: &'static [SignalDefinition],
    /// The parameters under `#[table]`, in order.
    pub tables: &'static [TableDefinition],
    /// Calls the function with what an execution has.
    pub run: fn(Execution) -> Executing,
}

/// Where a case is defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// The package, as `CARGO_PKG_NAME` gave it.
    pub package: &'static str,
    /// The source file, as the compiler was given it.
    pub file: &'static str,
    /// The line of the function, from 1.
    pub line: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A parameter that a trigger fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argument {
    /// The name of the parameter, which is its name on the wire.
    pub name: &'static str,
    /// Its type, as written.
    pub type_name: &'static str,
}

/// A parameter under `#[signal]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalDefinition {
    /// The name of the parameter, which is the signal's name on the wire.
    pub name: &'static str,
    /// Its type, as written.
    pub type_name: &'static str,
    /// How long a wait for it lasts where the wait itself does not say: `#[signal(timeout = "30s")]`.
    /// Without one, until the test expires.
    pub timeout: Option<Duration>,
    /// The consumer group of the service that sends it: `#[signal(consumer_group = "order-executor")]`. Where the signal
    /// stays out the report says how far the group is behind. Without one it is that which the sender itself
    /// [names](crate::Origin::consumer_group), once it has sent one.
    pub consumer_group: Option<&'static str>,
    /// Whether what it carries is kept out of reports: `#[signal(redact = true)]`.
    pub is_redacted: bool,
}

impl SignalDefinition {
    /// A signal of that name and type, with nothing set.
    #[must_use]
    pub const fn new(name: &'static str, type_name: &'static str) -> Self {
        Self { name, type_name, timeout: None, consumer_group: None, is_redacted: false }
    }
}

impl Case {
    /// A case without arguments, signals and tables, with nothing said of it and nothing set.
    ///
    /// ```
    /// use livecheck_core::case::{Case, Location};
    /// use livecheck_core::Settings;
    ///
    /// static TOKEN: Case = Case {
    ///     settings: Settings::new().probability(0.5),
    ///     ..Case::new(
    ///         "payments::token_works",
    ///         Location { package: "payments", file: "src/cases.rs", line: 7 },
    ///         |_| Box::pin(async { Ok(()) }),
    ///     )
    /// };
    /// assert_eq!(TOKEN.signal("paid"), None);
    /// ```
    #[must_use]
    pub const fn new(name: &'static str, location: Location, run: fn(Execution) -> Executing) -> Self {
        let settings = Settings::new();
        Self { name, docs: "", location, settings, arguments: &[], signals: &[], tables: &[], run }
    }

    /// The position of the signal of that name.
    #[must_use]
    pub fn signal(&self, name: &str) -> Option<usize> {
        self.signals.iter().position(|signal| signal.name == name)
    }
}

/// A case registered with `inventory`: what the attribute macro submits.
#[doc(hidden)]
#[derive(Debug)]
pub struct Registered(pub &'static Case);

inventory::collect!(Registered);

/// The cases linked into this program, and those [added](CaseBuilder::run) so far; two may have one name.
pub(crate) fn registered() -> impl Iterator<Item = &'static Case> {
    inventory::iter::<Registered>().map(|registered| registered.0).chain(added::all())
}

/// Cases by name: all those linked into this program, or a selection of them.
#[derive(Clone, Debug, Default)]
pub struct Cases(BTreeMap<&'static str, &'static Case>);

/// Two cases have one name, so that a record on the topics could mean either.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "two cases are named `{name}`: one in package `{}` at {first}, one in package `{}` at {second}; \
     give one of them another name with #[livecheck::case(name = \"…\")]",
    first.package,
    second.package
)]
pub struct DuplicateCase {
    /// The name that both have.
    pub name: &'static str,
    /// Where one of them stands.
    pub first: Location,
    /// Where the other stands.
    pub second: Location,
}

impl Cases {
    /// All the cases linked into this program, and those [added](CaseBuilder::run) so far.
    ///
    /// # Errors
    ///
    /// Two cases of one name.
    pub fn linked() -> Result<Self, DuplicateCase> {
        Self::new(registered())
    }

    /// Those cases.
    ///
    /// # Errors
    ///
    /// Two cases of one name.
    pub fn new(cases: impl IntoIterator<Item = &'static Case>) -> Result<Self, DuplicateCase> {
        let mut by_name = BTreeMap::new();
        for case in cases {
            if let Some(other) = by_name.insert(case.name, case) {
                // The linker's order is no order at all: sort, so that the message is always the same.
                let mut locations = [other.location, case.location];
                locations.sort_by_key(|location| (location.package, location.file, location.line));
                let [first, second] = locations;
                return Err(DuplicateCase { name: case.name, first, second });
            }
        }
        Ok(Self(by_name))
    }

    /// The case of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'static Case> {
        self.0.get(name).copied()
    }

    /// The cases in the order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'static Case> + '_ {
        self.0.values().copied()
    }

    /// Those cases that `keep` says yes to.
    #[must_use]
    pub fn filtered(&self, mut keep: impl FnMut(&'static Case) -> bool) -> Self {
        Self(self.iter().filter(|&case| keep(case)).map(|case| (case.name, case)).collect())
    }

    /// How many cases there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no case.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
