//! Which cases and checks a command is about.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Program, RunnerError};
use crate::args::Selection;
use crate::config::{CheckConfig, Config};
use crate::list::{NoCases, Wanted};
use crate::selected::Selected;

impl Selection {
    /// Whether what has that name is wanted.
    pub(super) fn has_name(&self, name: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| name.contains(filter.as_str()))
    }

    /// Whether what is of that package is wanted.
    pub(super) fn has_package(&self, package: &str) -> bool {
        self.packages.is_empty() || self.packages.iter().any(|wanted| wanted == package)
    }
}

impl Program {
    /// The cases and the checks that the selection names. Where it names no tags, those of the profile hold.
    pub(super) fn select(&self, selection: &Selection, config: &Config) -> Result<Selected, RunnerError> {
        let searched = self.command.from_cargo.searched_packages.clone();
        if self.cases.is_empty() && config.checks.is_empty() {
            return Err(NoCases::Found { searched }.into());
        }
        let Selection { filters, packages, tags } = selection;
        let tags = if tags.is_empty() { &config.tags } else { tags };
        let cases = self.cases.filtered(|case| {
            selection.has_package(case.location.package)
                && selection.has_name(case.name)
                && (tags.is_empty() || tags.iter().any(|tag| case.settings.tags.contains(&tag.as_str())))
        });
        // A check is of no package.
        let is_wanted = |check: &&CheckConfig| {
            packages.is_empty()
                && selection.has_name(&check.name)
                && (tags.is_empty() || tags.iter().any(|tag| check.tags.contains(tag)))
        };
        let checks = config.checks.iter().filter(is_wanted).cloned().map(Arc::new).collect();
        let selected = Selected { cases, checks };
        if selected.is_empty() {
            let of_cases = self.cases.iter().flat_map(|case| case.settings.tags).map(|tag| (*tag).to_owned());
            let of_checks = config.checks.iter().flat_map(|check| check.tags.clone());
            let known_tags: BTreeSet<String> = of_cases.chain(of_checks).collect();
            let wanted = Box::new(Wanted {
                filters: filters.clone(),
                packages: packages.clone(),
                tags: tags.clone(),
                known_tags: known_tags.into_iter().collect(),
            });
            let there_are = self.cases.len() + config.checks.len();
            return Err(NoCases::Selected { searched, there_are, wanted }.into());
        }
        Ok(selected)
    }
}
