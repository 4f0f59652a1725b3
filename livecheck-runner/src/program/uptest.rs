//! `uptest`: the executables, and the uptests that are linked into this program.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use livecheck_core::wire::{Arguments, TestExecution, TestReport};
use livecheck_core::{Result, Uptest};
use livecheck_uptest::function::Caught;
use livecheck_uptest::outcome::Panicked;
use livecheck_uptest::{Terminal, UptestArgs, UptestResult, uptest};
use tokio::task::spawn_blocking;

use super::broker::running_broker;
use super::keeping::to_read;
use super::stop::Stop;
use super::{Program, RunnerError};
use crate::config::StorePlace;
use crate::execute::{capture_panics, caught};
use crate::kafka::reports;
use crate::store::write_now;

/// How much of an output is reported: its end, in bytes. A record has a megabyte at most.
const OUTPUT: usize = 32 * 1024;
/// How long an uptest is valid, as the wire format wants to know of every test.
const EXPIRES: Duration = Duration::from_secs(3 * 60 * 60);

pub(super) async fn ask(program: &Program, args: &UptestArgs) -> Result<u8, RunnerError> {
    let config = program.config()?;
    // Where reports cannot be sent, that is said before anything is run.
    let is_reported = args.reports || config.uptest_reports;
    let connection = is_reported.then(|| running_broker(&config)).transpose()?;
    // A file of LiveCheck's own choice is the leading runner's; what is named is meant for these, too.
    let store = matches!(config.store.place, StorePlace::At(_)).then(|| to_read(&config)).transpose()?;
    capture_panics();
    let output = &program.command.output;
    let terminal = Terminal { verbose: output.verbose > 0, quiet: output.quiet };
    let mut stop = Stop::new().map_err(RunnerError::Runtime)?;
    let ran = uptest(args, terminal, &Uptest::linked(), catch, stop.asked()).await?;
    let all: Vec<TestReport> = ran.results.iter().filter_map(report).collect();
    if let Some(store) = store {
        let all = all.clone();
        let written = spawn_blocking(move || write_now(&store, all)).await;
        // What came of the uptests stands, whether it can be kept or not.
        if let Err(error) = written.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic())) {
            tracing::warn!("the results are not kept in the store: {error}");
        }
    }
    if let Some(connection) = connection {
        connection.ask(move |connection| reports::write(connection, &all)).await?;
    }
    Ok(ran.verdict.exit_code())
}

/// Runs an uptest as a case is run, with its panics kept from the terminal.
fn catch(
    uptest: Pin<Box<dyn Future<Output = Result> + Send>>,
) -> Pin<Box<dyn Future<Output = Caught> + Send>> {
    Box::pin(async {
        caught(uptest).await.map_err(|panic| Panicked { message: panic.message, location: panic.location })
    })
}

/// The report of an uptest, in the form that the reports of cases have. One that was not run has none.
fn report(result: &UptestResult) -> Option<TestReport> {
    if result.tries == 0 {
        return None;
    }
    let UptestResult { instance, check, started, outcome, .. } = result;
    let case_name: livecheck_core::CaseName = case_name(instance.proc.as_str(), &check.name()).into();
    let mut arguments = Arguments::new();
    arguments.insert("host", instance.target.host()).ok()?;
    arguments.insert("port", &instance.target.port()).ok()?;
    let test = TestExecution {
        // Whoever looks for an instance finds what was asked of it.
        id: format!("{}-{}", instance.target, uuid::Uuid::new_v4()).into(),
        case_name: case_name.clone(),
        timestamp: *started,
        expires: *started + EXPIRES,
        arguments,
    };
    let is_failure = outcome.ending.is_failure();
    Some(TestReport {
        case_name,
        state: outcome.ending.state(),
        test: Some(test),
        runtime: Some(outcome.elapsed.as_secs_f64()),
        signal_latency: std::collections::BTreeMap::new(),
        error: (!outcome.ending.is_pass()).then(|| outcome.ending.to_string()),
        traceback: (is_failure && !outcome.output.is_empty()).then(|| outcome.output.end(OUTPUT)),
        explanation: None,
        attempts: Vec::new(),
    })
}

/// `uptest::web::answers`, for a file and for a function of that name. A case's name has no white space.
fn case_name(proc: &str, name: &str) -> String {
    let last = name.rsplit("::").next().unwrap_or(name);
    let last: String =
        last.chars().map(|c| if c.is_whitespace() || c.is_control() { '_' } else { c }).collect();
    format!("uptest::{proc}::{last}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_uptest_is_one_that_a_case_can_have() {
        assert_eq!(case_name("web", "10-answers.sh"), "uptest::web::10-answers.sh");
        assert_eq!(case_name("web", "orders::uptests::answers"), "uptest::web::answers");
        assert_eq!(case_name("web", "a b"), "uptest::web::a_b");
    }
}
