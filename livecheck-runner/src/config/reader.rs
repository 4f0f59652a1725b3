//! Reading TOML with every problem noted at its place, not only the first.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::problem::{Problem, nearest};
use super::value::{Value, describe};
use super::variables::Variables;

/// A value and where it stands.
pub(super) type At<'t> = Spanned<DeValue<'t>>;

/// Notes what is wrong in a file.
#[derive(Debug)]
pub(super) struct Reader<'f> {
    file: &'f str,
    /// The folder that relative paths start from.
    root: &'f Path,
    variables: &'f Variables,
    problems: Vec<Problem>,
    /// What is wrong only for who needs it.
    unresolved: Vec<Problem>,
    /// Whether lines are not to be shown beside what is meant of them.
    is_discreet: bool,
}

impl<'f> Reader<'f> {
    pub(super) fn new(file: &'f str, root: &'f Path, variables: &'f Variables) -> Self {
        let (problems, unresolved) = (Vec::new(), Vec::new());
        Self { file, root, variables, problems, unresolved, is_discreet: false }
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
        self.problems.push(if self.is_discreet { problem.alone() } else { problem });
    }

    /// From now on lines may hold secrets, or do so no longer.
    pub(super) fn be_discreet(&mut self, is_discreet: bool) {
        self.is_discreet = is_discreet;
    }

    /// Notes what is wrong only for who needs it, such as a secret that is not at hand.
    pub(super) fn leave_unresolved(&mut self, problem: Problem) {
        self.unresolved.push(problem.alone());
    }

    /// What is unresolved since this was last asked.
    pub(super) fn take_unresolved(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.unresolved)
    }

    /// The value of a variable of this process.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        self.variables.any(name)
    }

    /// A path, from the folder that the file is about.
    pub(super) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
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
            self.note(problem.without_secrets());
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
