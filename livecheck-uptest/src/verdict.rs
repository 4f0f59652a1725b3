//! What all the results together say.

use livecheck_terminal::exit_code;
use serde::Serialize;

use crate::instance::Instance;
use crate::outcome::Ending;
use crate::plan::Planned;
use crate::run::UptestResult;

/// What a run says of the instances: the gate is open, or it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// All uptests passed.
    #[serde(rename = "PASS")]
    Passed,
    /// At least one did not.
    #[serde(rename = "FAIL")]
    Failed,
    /// None failed; but of at least one instance nothing was checked.
    NothingFound,
}

impl Verdict {
    /// The exit code that tells scripts.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Passed => exit_code::OK,
            Self::Failed => exit_code::TEST_FAILED,
            Self::NothingFound => exit_code::NO_CASES,
        }
    }
}

/// How many uptests ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Those that passed.
    pub passed: usize,
    /// Those that said that they do not apply.
    pub skipped: usize,
    /// Those that took too long.
    pub timed_out: usize,
    /// Those that failed otherwise.
    pub failed: usize,
    /// Those whose turn never came, or that were stopped.
    pub stopped: usize,
}

impl Counts {
    /// Counts those results.
    #[must_use]
    pub fn of<'a>(results: impl IntoIterator<Item = &'a UptestResult>) -> Self {
        let mut counts = Self::default();
        for result in results {
            *counts.place(&result.outcome.ending) += 1;
        }
        counts
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> usize {
        let Self { passed, skipped, timed_out, failed, stopped } = self;
        passed + skipped + timed_out + failed + stopped
    }

    /// Those that say that an instance is not well, or that nobody knows.
    #[must_use]
    pub fn failures(&self) -> usize {
        self.total() - self.passed - self.skipped
    }

    fn place(&mut self, ending: &Ending) -> &mut usize {
        match ending {
            Ending::Passed => &mut self.passed,
            Ending::Skipped(_) => &mut self.skipped,
            Ending::TimedOut { .. } => &mut self.timed_out,
            Ending::Stopped(_) => &mut self.stopped,
            _ => &mut self.failed,
        }
    }
}

/// Judges a run. With `allow_empty`, an instance without uptests passes.
#[must_use]
pub fn judge(plan: &[Planned], results: &[UptestResult], allow_empty: bool) -> Verdict {
    if Counts::of(results).failures() > 0 {
        Verdict::Failed
    } else if !allow_empty && plan.iter().any(|planned| is_unchecked(&planned.instance, results)) {
        Verdict::NothingFound
    } else {
        Verdict::Passed
    }
}

/// Whether no uptest has said anything of an instance: there is none, or all said that they do not apply.
fn is_unchecked(instance: &Instance, results: &[UptestResult]) -> bool {
    let counts = Counts::of(results.iter().filter(|result| result.instance == *instance));
    counts.total() == counts.skipped
}
