//! Which cases a command is about.

use livecheck_core::Cases;

use super::{Program, RunnerError};
use crate::args::Selection;
use crate::list::NoCases;

impl Program {
    /// The cases that the selection names.
    pub(super) fn select(&self, selection: &Selection) -> Result<Cases, RunnerError> {
        let searched = self.command.from_cargo.searched_packages.clone();
        if self.cases.is_empty() {
            return Err(NoCases::Found { searched }.into());
        }
        let Selection { filters, packages } = selection;
        let selected = self.cases.filtered(|case| {
            (packages.is_empty() || packages.iter().any(|package| package == case.location.package))
                && (filters.is_empty() || filters.iter().any(|filter| case.name.contains(filter.as_str())))
        });
        if selected.is_empty() {
            let (filters, packages) = (filters.clone(), packages.clone());
            return Err(NoCases::Selected { searched, there_are: self.cases.len(), filters, packages }.into());
        }
        Ok(selected)
    }
}
