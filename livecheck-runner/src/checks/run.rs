//! Runs a check: its command, and again as often as a failure is to be confirmed.

use std::time::{Duration, Instant};

use livecheck_core::Timestamp;
use livecheck_core::wire::TestReport;
use livecheck_uptest::executable::run_with_input;
use livecheck_uptest::{Ending, Outcome};

use super::reports::{CommandEnded, Ran, is_failing, reports};
use super::results::Results;
use crate::config::CheckConfig;
use crate::services::command;

/// The pause before a check of which something has failed is run again.
const BEFORE_RETRY: Duration = Duration::from_secs(1);
/// How much of the end of what a command wrote is kept, in bytes.
const OUTPUT_KEPT: usize = 8 * 1024;

/// Runs a check for that slot; gives a report on each of its test cases, and one on itself. Dropping it kills the command
/// and all that it has started.
pub(crate) async fn run(check: &CheckConfig, slot: Timestamp) -> Vec<TestReport> {
    let mut runs = Vec::new();
    loop {
        runs.push(once(check).await);
        if runs.len() > check.confirm || !is_failing(&check.name, &runs) {
            return reports(&check.name, slot, check.lasts_at_most(), &runs);
        }
        tokio::time::sleep(BEFORE_RETRY).await;
    }
}

async fn once(check: &CheckConfig) -> Ran {
    let results = Results::before(&check.cwd, &check.junit);
    let mut command = command(&check.command);
    command.current_dir(&check.cwd).envs(&check.env);
    let began = Instant::now();
    let outcome = run_with_input(command, Vec::new(), check.timeout).await;
    let took = began.elapsed();
    match outcome {
        Ok(Outcome { ending, output, .. }) => {
            let found = results.read();
            let (command, output) = (ended(&ending), output.end(OUTPUT_KEPT));
            Ran { tests: found.tests, problems: found.problems, command, took, output }
        }
        Err(error) => {
            let (program, cwd) = (&check.command, check.cwd.display());
            let command =
                CommandEnded::NotStarted(format!("`{program}` cannot be started in {cwd}: {error}"));
            Ran { tests: Vec::new(), problems: Vec::new(), command, took, output: String::new() }
        }
    }
}

fn ended(ending: &Ending) -> CommandEnded {
    match ending {
        Ending::Passed => CommandEnded::Well,
        Ending::TimedOut { .. } => CommandEnded::TimedOut(ending.to_string()),
        other => CommandEnded::Otherwise(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use livecheck_core::wire::State;
    use livecheck_schedule::Schedule;

    use super::*;
    use crate::config::ServiceCommand;

    fn check(folder: &std::path::Path, script: &str) -> CheckConfig {
        CheckConfig {
            name: "api".to_owned(),
            command: ServiceCommand::Shell(script.to_owned()),
            schedule: Schedule::every(Duration::from_secs(900)).expect("a schedule"),
            junit: "results/*.xml".to_owned(),
            timeout: Duration::from_secs(60),
            cwd: folder.to_owned(),
            env: [("WHO".to_owned(), "me".to_owned())].into(),
            tags: Vec::new(),
            confirm: 0,
            max_consecutive_failures: 1,
        }
    }

    async fn said(check: &CheckConfig) -> Vec<(State, String, Option<String>)> {
        let reports = run(check, Timestamp::now()).await.into_iter();
        reports.map(|report| (report.state, report.case_name.to_string(), report.error)).collect()
    }

    #[tokio::test]
    async fn each_test_case_is_a_report() {
        let folder = tempfile::tempdir().expect("a folder");
        let script = r#"mkdir -p results
            echo "<testsuite><testcase name='$WHO'/><testcase name='b'><failure message='no'/></testcase></testsuite>" > results/a.xml
            exit 1"#;
        let no = Some("no".to_owned());
        assert_eq!(
            said(&check(folder.path(), script)).await,
            [
                (State::Pass, "api".to_owned(), None),
                (State::Pass, "api::me".to_owned(), None),
                (State::Fail, "api::b".to_owned(), no)
            ]
        );
    }

    #[tokio::test]
    async fn a_command_that_crashes_shows_its_last_output() {
        let folder = tempfile::tempdir().expect("a folder");
        let check = check(folder.path(), "echo ImportError: no module named requests; exit 4");
        let reports = run(&check, Timestamp::now()).await;
        let [report] = &reports[..] else { panic!("one report: {reports:?}") };
        assert_eq!(report.state, State::Error);
        let error = report.error.as_deref().unwrap_or_default();
        assert!(error.starts_with("it has not written ") && error.ends_with("; exit status 4"), "{error}");
        assert_eq!(report.traceback.as_deref(), Some("ImportError: no module named requests\n"));
    }

    #[tokio::test]
    async fn a_command_that_cannot_be_started_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let program = ServiceCommand::Program { program: "no-such-pytest".to_owned(), arguments: Vec::new() };
        let check = CheckConfig { command: program, ..check(folder.path(), "") };
        let said = said(&check).await;
        assert_eq!(said[0].0, State::Error);
        let error = said[0].2.as_deref().unwrap_or_default();
        assert!(error.starts_with("`no-such-pytest` cannot be started in "), "{error}");
    }

    #[tokio::test]
    async fn the_process_group_ends_when_the_time_is_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let timeout = Duration::from_millis(200);
        let check = CheckConfig { timeout, ..check(folder.path(), "sleep 600 & echo waiting; wait") };
        let began = Instant::now();
        let said = said(&check).await;
        assert!(began.elapsed() < Duration::from_secs(60));
        assert_eq!(said[0].0, State::Timeout);
    }

    #[tokio::test]
    async fn a_failure_is_confirmed_by_another_run() {
        let folder = tempfile::tempdir().expect("a folder");
        let script = r#"mkdir -p results; [ -e again ] || fails="<failure message='no'/>"; touch again
            echo "<testsuite><testcase name='a'>$fails</testcase></testsuite>" > results/a.xml"#;
        let check = CheckConfig { confirm: 2, ..check(folder.path(), script) };
        let reports = run(&check, Timestamp::now()).await;
        assert!(reports[1].is_flaky(), "{reports:?}");
        assert_eq!(reports[1].attempts.len(), 2, "it was run no more often than needed");
    }
}
