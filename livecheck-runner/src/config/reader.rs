//! Reading TOML with every problem noted at its place, not only the first.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::problem::{Problem, nearest};
use super::value::{Value, describe};

/// A value and where it stands.
pub(super) type At<'t> = Spanned<DeValue<'t>>;

/// Notes what is wrong in a file.
#[derive(Debug)]
pub(super) struct Reader<'f> {
    file: &'f str,
    problems: Vec<Problem>,
}

impl<'f> Reader<'f> {
    pub(super) fn new(file: &'f str) -> Self {
        Self { file, problems: Vec::new() }
    }

    /// What has been noted, in the order of the lines.
    pub(super) fn into_problems(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| (problem.line, problem.column));
        self.problems
    }

    /// A problem with those bytes, to be noted with [`Reader::note`].
    pub(super) fn problem(&self, span: Range<usize>, message: impl Into<String>) -> Problem {
        Problem::at(self.file, span, message)
    }

    pub(super) fn note(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The whole file.
    pub(super) fn document<'t>(&mut self) -> DeTable<'t>
    where
        'f: 't,
    {
        let (table, errors) = DeTable::parse_recoverable(self.file);
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            let problem = self.problem(span, format!("this is not TOML: {}", error.message()));
            self.note(problem);
        }
        table.into_inner()
    }

    /// A value that must be a table.
    pub(super) fn table<'v, 't>(&mut self, key: &str, value: &'v At<'t>) -> Option<&'v DeTable<'t>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.unexpected(key, value, "a table");
        }
        table
    }

    /// A value of a type, where there is one.
    pub(super) fn get<T: Value>(&mut self, table: &DeTable<'_>, key: &str) -> Option<T> {
        let value = table.get(key)?;
        let read = T::from_toml(value.get_ref());
        if read.is_none() {
            self.unexpected(key, value, T::EXPECTED);
        }
        read
    }

    /// A value of a type, which must be there.
    pub(super) fn require<T: Value>(
        &mut self,
        table: &DeTable<'_>,
        span: Range<usize>,
        key: &str,
    ) -> Option<T> {
        if table.get(key).is_none() {
            let problem = self.problem(span, format!("`{key}` is missing; expected {}", T::EXPECTED));
            self.note(problem);
        }
        self.get(table, key)
    }

    /// Notes that a value is of a wrong type.
    pub(super) fn unexpected(&mut self, key: &str, value: &At<'_>, expected: &str) {
        let message = format!("`{key}` is {}; expected {expected}", describe(value.get_ref()));
        let problem = self.problem(value.span(), message);
        self.note(problem);
    }

    /// Notes the keys that are none of `known`. `place` says what has no such key: "a profile".
    pub(super) fn only(&mut self, table: &DeTable<'_>, place: &str, known: &[&str]) {
        for key in table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            self.unknown(key, place, known);
        }
    }

    fn unknown(&mut self, key: &Spanned<DeString<'_>>, place: &str, known: &[&str]) {
        let name = key.get_ref();
        let problem = self.problem(key.span(), format!("{place} has no key `{name}`"));
        let help = match nearest(name, known.iter().copied()) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("its keys are {}", list(known)),
        };
        self.note(problem.help(help));
    }
}

/// Names for a message: `a`, `b`.
pub(super) fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
