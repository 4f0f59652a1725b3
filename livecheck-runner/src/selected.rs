//! What a command is about: cases, and checks.

use std::sync::Arc;

use livecheck_core::Cases;

use crate::config::CheckConfig;

/// Cases, and checks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selected {
    pub(crate) cases: Cases,
    pub(crate) checks: Vec<Arc<CheckConfig>>,
}

impl Selected {
    /// Whether it is about nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.cases.is_empty() && self.checks.is_empty()
    }

    /// Whether it is about that case, or a check with that test case.
    pub(crate) fn has(&self, name: &str) -> bool {
        let of_check = |check: &Arc<CheckConfig>| {
            name.strip_prefix(check.name.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        self.cases.get(name).is_some() || self.checks.iter().any(of_check)
    }

    /// The names of all of them.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.cases.iter().map(|case| case.name).chain(self.checks.iter().map(|check| check.name.as_str()))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.cases.len() + self.checks.len()
    }
}
