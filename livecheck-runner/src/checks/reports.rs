//! What the runs of a check say, as reports: one on each of its test cases, and one on the check itself.
//!
//! A test has failed if it has failed in each run that it was in; one that has passed in between is flaky. The report on
//! the check itself says whether its command did its work, which is to find out: that a test fails is no failure of that.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use livecheck_core::wire::{Arguments, Attempt, State, TestExecution, TestReport};
use livecheck_core::{CaseName, TestId, Timestamp};

use super::junit::{Ending, TestResult, Trouble};

/// How long a name may be, in characters.
const NAME_KEPT: usize = 300;
/// How much of an error is kept, in characters.
const ERROR_KEPT: usize = 2_000;

/// A run of a check's command.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) tests: Vec<TestResult>,
    /// What is wrong with its results.
    pub(super) problems: Vec<String>,
    pub(super) command: CommandEnded,
    pub(super) took: Duration,
    /// The end of what it wrote.
    pub(super) output: String,
}

/// How the command ended.
#[derive(Debug, PartialEq)]
pub(super) enum CommandEnded {
    /// With exit code 0.
    Well,
    /// In another way, which it may do because of tests that fail.
    Otherwise(String),
    /// Its time was over.
    TimedOut(String),
    /// It could not be started.
    NotStarted(String),
}

/// What is known of something after a number of runs.
struct Known {
    name: CaseName,
    attempts: Vec<Attempt>,
}

/// The reports on a check, whose slot that is, after those runs. There is at least one run.
pub(super) fn reports(check: &str, slot: Timestamp, lifetime: Duration, runs: &[Ran]) -> Vec<TestReport> {
    let known = known(check, runs).into_iter();
    known.map(|Known { name, attempts }| report(check, name, attempts, slot, lifetime)).collect()
}

/// Whether something has failed in each run, and another run may show that it does not.
pub(super) fn is_failing(check: &str, runs: &[Ran]) -> bool {
    known(check, runs)
        .iter()
        .any(|known| decisive(&known.attempts).is_some_and(|last| last.state.is_failure()))
}

/// All that the runs say something of, in the order in which it was first said.
fn known(check: &str, runs: &[Ran]) -> Vec<Known> {
    let mut all = vec![Known { name: check.into(), attempts: Vec::new() }];
    let mut places: HashMap<CaseName, usize> = HashMap::new();
    for run in runs {
        all[0].attempts.push(of_command(run));
        let mut names = Names::of(check, &run.tests);
        for test in &run.tests {
            let name = names.next(test);
            let place = *places.entry(name.clone()).or_insert(all.len());
            if place == all.len() {
                all.push(Known { name, attempts: Vec::new() });
            }
            all[place].attempts.extend(attempts_of(test));
        }
    }
    all
}

/// The attempt that says what became of it: the last one that has not failed, or else the last one.
fn decisive(attempts: &[Attempt]) -> Option<&Attempt> {
    attempts.iter().rev().find(|attempt| !attempt.state.is_failure()).or(attempts.last())
}

fn report(
    check: &str,
    name: CaseName,
    attempts: Vec<Attempt>,
    slot: Timestamp,
    lifetime: Duration,
) -> TestReport {
    let test = TestExecution {
        id: id(check, slot),
        case_name: name.clone(),
        timestamp: slot,
        expires: slot + lifetime,
        arguments: Arguments::new(),
    };
    let Some(decisive) = decisive(&attempts).cloned() else {
        return TestReport::new(name, State::Skip, Some(test));
    };
    TestReport {
        runtime: Some(attempts.iter().map(|attempt| attempt.runtime).sum()),
        error: decisive.error,
        traceback: decisive.traceback,
        attempts: if attempts.len() > 1 { attempts } else { Vec::new() },
        ..TestReport::new(name, decisive.state, Some(test))
    }
}

/// The id of all executions of a check that belong to a slot: it is made of the two.
pub(crate) fn id(check: &str, slot: Timestamp) -> TestId {
    TestId::from(format!("{check}@{slot}"))
}

/// Whether the command did its work.
fn of_command(run: &Ran) -> Attempt {
    let fails = run.tests.iter().any(|test| matches!(test.ending, Ending::Failed(_) | Ending::Errored(_)));
    let problems = || run.problems.join("; ");
    let (state, error) = match &run.command {
        CommandEnded::NotStarted(why) => (State::Error, Some(why.clone())),
        CommandEnded::TimedOut(how) => (State::Timeout, Some(how.clone())),
        CommandEnded::Well if !run.problems.is_empty() => (State::Error, Some(problems())),
        CommandEnded::Otherwise(how) if !run.problems.is_empty() => {
            (State::Error, Some(format!("{}; {how}", problems())))
        }
        // Green for want of tests is not green.
        CommandEnded::Well if run.tests.is_empty() => {
            (State::Error, Some("there is no test case in its results".to_owned()))
        }
        CommandEnded::Otherwise(how) if !fails => {
            (State::Error, Some(format!("{how}, though no test case of its results fails")))
        }
        CommandEnded::Well | CommandEnded::Otherwise(_) => (State::Pass, None),
    };
    let traceback = (error.is_some() && !run.output.is_empty()).then(|| run.output.clone());
    Attempt { state, runtime: run.took.as_secs_f64(), error, traceback }
}

/// What became of a test case in one run: several attempts, where whoever ran it has tried it again.
fn attempts_of(test: &TestResult) -> Vec<Attempt> {
    let failed = |state, trouble: &Trouble, runtime| Attempt {
        state,
        runtime,
        error: Some(
            trouble.said().map_or_else(|| "it says nothing of why".to_owned(), |said| cut(&said, ERROR_KEPT)),
        ),
        traceback: Some(trouble.text.clone()).filter(|text| !text.is_empty()),
    };
    let runtime = test.time.unwrap_or_default();
    let last = match &test.ending {
        Ending::Passed => Attempt { state: State::Pass, runtime, error: None, traceback: None },
        Ending::Skipped(reason) => {
            Attempt { state: State::Skip, runtime, error: reason.clone(), traceback: None }
        }
        Ending::Failed(trouble) => failed(State::Fail, trouble, runtime),
        Ending::Errored(trouble) => failed(State::Error, trouble, runtime),
    };
    let earlier = test.earlier.iter().map(|trouble| failed(State::Fail, trouble, 0.0));
    earlier.chain([last]).collect()
}

/// The names of the test cases of a run, such as cases can have: `api::test_account::test_login`.
struct Names<'r> {
    check: &'r str,
    /// On which hosts each has run: where there are several, as of Playwright's projects, the name says which.
    hosts: HashMap<String, BTreeSet<&'r str>>,
    /// How often each was there. A second one has a number.
    seen: HashMap<String, u32>,
}

impl<'r> Names<'r> {
    fn of(check: &'r str, tests: &'r [TestResult]) -> Self {
        let mut hosts: HashMap<String, BTreeSet<&str>> = HashMap::new();
        for test in tests {
            hosts.entry(own_name(test)).or_default().extend(test.host.as_deref());
        }
        Self { check, hosts, seen: HashMap::new() }
    }

    fn next(&mut self, test: &TestResult) -> CaseName {
        let mut own = own_name(test);
        let has_several = self.hosts.get(&own).is_some_and(|hosts| hosts.len() > 1);
        if let (true, Some(host)) = (has_several, &test.host) {
            own = plain(&format!("{own}[{host}]"));
        }
        let check = self.check;
        let count = self.seen.entry(own.clone()).or_default();
        *count += 1;
        match *count {
            1 => format!("{check}::{own}").into(),
            again => format!("{check}::{own}#{again}").into(),
        }
    }
}

fn own_name(test: &TestResult) -> String {
    plain(&match &test.classname {
        Some(classname) => format!("{classname}::{}", test.name),
        None => test.name.clone(),
    })
}

/// In one word.
fn plain(name: &str) -> String {
    let is_gap = |c: char| c.is_whitespace() || c.is_control();
    cut(name, NAME_KEPT).chars().map(|c| if is_gap(c) { '_' } else { c }).collect()
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot() -> Timestamp {
        "2026-11-21T09:00:00Z".parse().expect("a time")
    }

    fn ran(xml: &str, command: CommandEnded) -> Ran {
        let document = super::super::junit::read(xml.as_bytes());
        Ran {
            tests: document.tests,
            problems: document.problem.into_iter().collect(),
            command,
            took: Duration::from_secs(2),
            output: "collected 2 items\n".to_owned(),
        }
    }

    fn said(runs: &[Ran]) -> Vec<String> {
        let reports = reports("api", slot(), Duration::from_secs(60), runs);
        let said = |report: &TestReport| {
            let attempts: Vec<_> = report.attempts.iter().map(|attempt| attempt.state.as_str()).collect();
            let error = report.error.as_deref().unwrap_or("-");
            format!("{} {} [{}] {error}", report.state, report.case_name, attempts.join(" "))
        };
        reports.iter().map(said).collect()
    }

    const ONE_FAILS: &str = "<testsuite><testcase classname='test_a' name='logs in'/>\
                             <testcase classname='test_a' name='pays'><failure message='refused'/></testcase></testsuite>";
    const OTHER_FAILS: &str = "<testsuite><testcase classname='test_a' name='logs in'><error message='502'/></testcase>\
                               <testcase classname='test_a' name='pays'/></testsuite>";
    const TWICE: &str = "<testsuite><testcase name='logs in'/><testcase name='logs in'/></testsuite>";

    fn one() -> CommandEnded {
        CommandEnded::Otherwise("exit status 1".to_owned())
    }

    #[test]
    fn a_test_that_fails_is_no_failure_of_the_command() {
        let runs = [ran(ONE_FAILS, one())];
        assert!(is_failing("api", &runs));
        assert_eq!(
            said(&runs),
            ["PASS api [] -", "PASS api::test_a::logs_in [] -", "FAIL api::test_a::pays [] refused"]
        );
        let reports = reports("api", slot(), Duration::from_secs(60), &runs);
        let test = reports[2].test.as_ref().expect("it has a test");
        assert_eq!((test.id.as_str(), test.timestamp), ("api@2026-11-21T09:00:00.000000Z", slot()));
    }

    #[test]
    fn what_has_passed_in_one_run_is_flaky() {
        let runs = [ran(ONE_FAILS, one()), ran(OTHER_FAILS, one())];
        assert!(!is_failing("api", &runs));
        assert_eq!(
            said(&runs),
            [
                "PASS api [PASS PASS] -",
                "PASS api::test_a::logs_in [PASS ERROR] -",
                "PASS api::test_a::pays [FAIL PASS] -"
            ]
        );
        let confirmed = [ran(ONE_FAILS, one()), ran(ONE_FAILS, one())];
        assert!(is_failing("api", &confirmed));
        assert_eq!(said(&confirmed)[2], "FAIL api::test_a::pays [FAIL FAIL] refused");
    }

    #[test]
    fn a_command_that_finds_nothing_out_is_an_error_that_shows_its_output() {
        let of_check = |xml: &str, command: CommandEnded| {
            let reports = reports("api", slot(), Duration::from_secs(60), &[ran(xml, command)]);
            let TestReport { state, error, traceback, .. } = &reports[0];
            assert_eq!(traceback.as_deref(), Some("collected 2 items\n"));
            format!("{state} {}", error.as_deref().unwrap_or("-"))
        };
        let crashed = of_check("", CommandEnded::Otherwise("ended by signal 11 (SIGSEGV)".to_owned()));
        assert!(
            crashed.starts_with("ERROR it is no JUnit XML") && crashed.ends_with("(SIGSEGV)"),
            "{crashed}"
        );
        assert_eq!(
            of_check("<testsuite/>", CommandEnded::Well),
            "ERROR there is no test case in its results"
        );
        assert_eq!(
            of_check(TWICE, CommandEnded::Otherwise("exit status 2".to_owned())),
            "ERROR exit status 2, though no test case of its results fails"
        );
        assert_eq!(
            of_check(ONE_FAILS, CommandEnded::TimedOut("not done after 5m".to_owned())),
            "TIMEOUT not done after 5m"
        );
    }

    #[test]
    fn names_are_those_of_cases_and_none_is_there_twice() {
        assert_eq!(
            said(&[ran(TWICE, CommandEnded::Well)]),
            ["PASS api [] -", "PASS api::logs_in [] -", "PASS api::logs_in#2 [] -"]
        );
        let nextest = ran(include_str!("../../testdata/junit/nextest.xml"), one());
        assert!(
            said(&[nextest]).contains(&"PASS api::orders::basic::order_is_cached [FAIL PASS] -".to_owned())
        );
    }

    #[test]
    fn what_ran_on_several_hosts_says_on_which() {
        let playwright = ran(include_str!("../../testdata/junit/playwright.xml"), one());
        let names = said(&[playwright]);
        let names: Vec<_> = names.iter().filter_map(|line| line.split(' ').nth(1)).collect();
        assert_eq!(
            names,
            [
                "api",
                "api::account.spec.ts::account_›_logs_in[desktop]",
                "api::account.spec.ts::account_›_keeps_the_language",
                "api::account.spec.ts::account_›_is_found_at_the_second_look",
                "api::account.spec.ts::account_›_answers_in_time",
                "api::account.spec.ts::account_›_pays",
                "api::account.spec.ts::account_›_logs_in[phone]",
            ]
        );
    }
}
