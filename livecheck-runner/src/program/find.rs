//! The case that a command line names.

use livecheck_core::Case;
use strsim::jaro_winkler;

use super::{Program, RunnerError};
use crate::args::exit_code;

impl Program {
    /// The case of that name, or the one whose name ends with it.
    pub(super) fn case_named(&self, name: &str) -> Result<&'static Case, RunnerError> {
        if let Some(case) = self.cases.get(name) {
            return Ok(case);
        }
        let is_its_end = |rest: &str| rest.ends_with("::") || rest.ends_with('.');
        let ending: Vec<_> =
            self.cases.iter().filter(|case| case.name.strip_suffix(name).is_some_and(is_its_end)).collect();
        match &ending[..] {
            [case] => Ok(case),
            [] => {
                let names = self.cases.iter().map(|case| case.name);
                let message = format!("there is no case `{name}`");
                Err(RunnerError::refused(message, did_you_mean(name, names), exit_code::NO_CASES))
            }
            several => {
                let names = several.iter().map(|case| case.name).collect::<Vec<_>>().join("`, `");
                let message = format!("`{name}` could be any of `{names}`");
                Err(RunnerError::refused(message, "give the whole name", exit_code::USAGE))
            }
        }
    }
}

/// The name that is most like it, or those that there are.
pub(super) fn did_you_mean<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    // Who types a name types the end of it.
    let likeness = |other: &str| {
        let end = other.rsplit([':', '.']).next().unwrap_or(other);
        jaro_winkler(name, other).max(jaro_winkler(name, end))
    };
    let mut near: Vec<(f64, &str)> = names.map(|other| (likeness(other), other)).collect();
    near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    match near.first() {
        Some((similarity, other)) if *similarity > 0.7 => format!("did you mean `{other}`?"),
        Some(_) => {
            let all = near.iter().take(10).map(|(_, name)| *name).collect::<Vec<_>>().join("`, `");
            format!("there are `{all}`")
        }
        None => "it takes none".to_owned(),
    }
}
