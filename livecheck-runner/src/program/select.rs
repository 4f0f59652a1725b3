//! Which cases a command is about.

use std::collections::BTreeSet;

use livecheck_core::Cases;

use super::{Program, RunnerError};
use crate::args::Selection;
use crate::list::{NoCases, Wanted};

impl Program {
    /// The cases that the selection names. Where it names no tags, those of the profile hold.
    pub(super) fn select(&self, selection: &Selection, profile: &[String]) -> Result<Cases, RunnerError> {
        let searched = self.command.from_cargo.searched_packages.clone();
        if self.cases.is_empty() {
            return Err(NoCases::Found { searched }.into());
        }
        let Selection { filters, packages, tags } = selection;
        let tags = if tags.is_empty() { profile } else { tags };
        let selected = self.cases.filtered(|case| {
            (packages.is_empty() || packages.iter().any(|package| package == case.location.package))
                && (filters.is_empty() || filters.iter().any(|filter| case.name.contains(filter.as_str())))
                && (tags.is_empty() || tags.iter().any(|tag| case.settings.tags.contains(&tag.as_str())))
        });
        if selected.is_empty() {
            let all = self.cases.iter().flat_map(|case| case.settings.tags);
            let known_tags: BTreeSet<_> = all.map(|tag| (*tag).to_owned()).collect();
            let wanted = Box::new(Wanted {
                filters: filters.clone(),
                packages: packages.clone(),
                tags: tags.to_vec(),
                known_tags: known_tags.into_iter().collect(),
            });
            return Err(NoCases::Selected { searched, there_are: self.cases.len(), wanted }.into());
        }
        Ok(selected)
    }
}
