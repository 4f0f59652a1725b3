//! What nobody triggers: cases with a schedule are executed at their slots, each once, whoever leads.

use std::time::{Duration, Instant};

use livecheck::wire::{State, TestReport};
use livecheck_tests::PATIENCE;
use livecheck_tests::own_topics::OwnTopics;
use livecheck_tests::reports;
use livecheck_tests::runner::{Runner, RunnerCommand};

fn clock_runner(topics: &OwnTopics) -> RunnerCommand {
    // A group notices by the session's end that a member was killed.
    RunnerCommand::on(topics).program("clock-runner").variable("LIVECHECK_KAFKA_SESSION_TIMEOUT_MS", "6000")
}

fn runner(topics: &OwnTopics) -> Runner {
    clock_runner(topics).arguments("run").start_ready()
}

/// The reports on executions of a case, in the order of their slots.
fn executions(topics: &OwnTopics, case: &str) -> Vec<TestReport> {
    let reports = reports::all(&topics.names.report_topic).into_iter().map(|report| report.value);
    let mut of_case: Vec<_> =
        reports.filter(|report| report.case_name == case && report.test.is_some()).collect();
    of_case.sort_by_key(|report| report.test.as_ref().map(|test| test.timestamp));
    of_case
}

fn wait_for_executions(topics: &OwnTopics, case: &str, count: usize) {
    let deadline = Instant::now() + PATIENCE;
    while executions(topics, case).len() < count {
        assert!(Instant::now() < deadline, "{count} executions of {case}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn each_slot_has_one_execution_also_when_the_leader_is_killed_and_what_was_missed_is_known() {
    let topics = OwnTopics::named("schedule");
    let (first, second) = (runner(&topics), runner(&topics));
    wait_for_executions(&topics, "clock", 2);
    drop(first);
    second.wait_for_text("nobody was there to fire");
    wait_for_executions(&topics, "clock", executions(&topics, "clock").len() + 2);
    assert_eq!(second.interrupted().code, Some(0));
    let executed = executions(&topics, "clock");
    let slots: Vec<_> = executed.iter().filter_map(|report| report.test.as_ref()).collect();
    for pair in slots.windows(2) {
        assert!(pair[0].timestamp < pair[1].timestamp, "no slot was fired twice: {pair:?}");
    }
    for test in slots {
        assert_eq!(test.timestamp.as_micros() % 1_000_000, 0, "slots do not drift");
        assert_eq!(test.id.as_str(), format!("clock@{}", test.timestamp));
    }
    assert!(executed.iter().all(|report| report.state == State::Pass));

    let status = clock_runner(&topics).arguments("status --message-format json clock").output();
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    let schedule = &status["cases"][0]["schedule"];
    assert_eq!(schedule["rule"], "every 1s");
    assert!(schedule["missed"]["count"].as_u64() > Some(0), "{schedule}");
    assert!(schedule["fired"].is_string() && schedule["next"].is_string(), "{schedule}");
}

#[test]
fn a_run_is_not_started_while_the_one_before_is_under_way() {
    let topics = OwnTopics::named("overlap");
    let runner = runner(&topics);
    runner.wait_for_text("is left out: the run of");
    wait_for_executions(&topics, "mill", 2);
    assert_eq!(runner.interrupted().code, Some(0));
    let starts: Vec<_> =
        executions(&topics, "mill").into_iter().filter_map(|report| Some(report.test?.timestamp)).collect();
    for pair in starts.windows(2) {
        assert!(pair[1].since(pair[0]) >= Duration::from_secs(3), "{starts:?}");
    }
}
