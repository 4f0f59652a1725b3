//! The results as JUnit's XML, as most CI systems read it: a suite for each instance.

use std::time::Duration;

use livecheck_core::wire::State;
use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use crate::plan::Planned;
use crate::run::UptestResult;

/// The document.
///
/// An instance without uptests has one case that fails, unless it may have none: a suite without cases is green.
///
/// # Errors
///
/// It cannot be written as XML.
pub fn render(
    plan: &[Planned],
    results: &[UptestResult],
    allow_empty: bool,
    elapsed: Duration,
) -> Result<String, SerializeError> {
    let mut report = Report::new("uptests");
    report.set_time(elapsed);
    let mut rest = results.iter();
    for planned in plan {
        let mut suite = TestSuite::new(planned.instance.to_string());
        suite.add_test_cases(rest.by_ref().take(planned.checks.len()).map(of_uptest));
        if planned.checks.is_empty() && !allow_empty {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message("there is no uptest for it");
            suite.add_test_case(TestCase::new("uptests are there", status));
        }
        report.add_test_suite(suite);
    }
    report.to_string()
}

fn of_uptest(result: &UptestResult) -> TestCase {
    let ending = &result.outcome.ending;
    let state = ending.state();
    let mut status = match state {
        State::Pass => TestCaseStatus::success(),
        State::Skip => TestCaseStatus::skipped(),
        State::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        _ => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    if state != State::Pass {
        status.set_message(ending.to_string()).set_type(state.as_str());
    }
    let mut case = TestCase::new(result.check.name().into_owned(), status);
    case.set_classname(format!("uptests.{}", result.instance.proc)).set_time(result.outcome.elapsed);
    if !result.outcome.output.is_empty() {
        case.set_system_out_lossy(result.outcome.output.bytes());
    }
    case
}
