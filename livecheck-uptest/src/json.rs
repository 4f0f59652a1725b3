//! The results as one JSON object.

use std::collections::BTreeMap;
use std::time::Duration;

use livecheck_core::Timestamp;
use livecheck_core::wire::State;
use serde::Serialize;

use crate::outcome::Ending;
use crate::plan::{Check, Planned};
use crate::run::UptestResult;
use crate::verdict::{Counts, Verdict};

/// A run.
#[derive(Serialize)]
struct Run<'a> {
    verdict: Verdict,
    elapsed: f64,
    #[serde(flatten)]
    counts: Counts,
    instances: Vec<OfInstance<'a>>,
}

/// What was asked of one instance, and what came of it.
#[derive(Serialize)]
struct OfInstance<'a> {
    proc: &'a str,
    host: &'a str,
    port: u16,
    facts: &'a BTreeMap<String, String>,
    uptests: Vec<OfUptest>,
}

/// One uptest.
#[derive(Serialize)]
struct OfUptest {
    name: String,
    kind: &'static str,
    state: State,
    reason: Option<String>,
    exit_code: Option<i32>,
    output: String,
    bytes_not_kept: u64,
    started: Timestamp,
    elapsed: f64,
    tries: u32,
    left_behind: Option<String>,
}

/// The object, on one line, with its end. Times are in seconds.
///
/// # Errors
///
/// None that is known of: all of it can be written as JSON.
pub fn render(
    plan: &[Planned],
    results: &[UptestResult],
    verdict: Verdict,
    elapsed: Duration,
) -> serde_json::Result<String> {
    let mut rest = results.iter();
    let mut instances = Vec::new();
    for Planned { instance, checks, .. } in plan {
        instances.push(OfInstance {
            proc: instance.proc.as_str(),
            host: instance.target.host(),
            port: instance.target.port(),
            facts: &instance.facts,
            uptests: rest.by_ref().take(checks.len()).map(of_uptest).collect(),
        });
    }
    let run = Run { verdict, elapsed: elapsed.as_secs_f64(), counts: Counts::of(results), instances };
    Ok(serde_json::to_string(&run)? + "\n")
}

fn of_uptest(result: &UptestResult) -> OfUptest {
    let UptestResult { check, outcome, started, tries, .. } = result;
    let ending = &outcome.ending;
    OfUptest {
        name: check.name().into_owned(),
        kind: match check {
            Check::Executable(_) => "executable",
            Check::Function(_) => "function",
        },
        state: ending.state(),
        reason: (!ending.is_pass()).then(|| ending.to_string()),
        exit_code: match ending {
            Ending::Passed if matches!(check, Check::Executable(_)) => Some(0),
            Ending::Exited(code) => Some(*code),
            _ => None,
        },
        output: outcome.output.text(),
        bytes_not_kept: outcome.output.cut(),
        started: *started,
        elapsed: outcome.elapsed.as_secs_f64(),
        tries: *tries,
        left_behind: outcome.left_behind.as_ref().map(ToString::to_string),
    }
}
