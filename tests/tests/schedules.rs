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
    loop {
        let found = executions(topics, case);
        if found.len() >= count {
            return;
        }
        let ids = || found.iter().filter_map(|report| Some(report.test.as_ref()?.id.as_str()));
        assert!(Instant::now() < deadline, "{count} executions of {case}: {:?}", ids().collect::<Vec<_>>());
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn each_slot_has_one_execution_also_when_the_leader_is_killed_and_what_was_missed_is_known() {
    let topics = OwnTopics::named("schedule");
    // What it says of its partitions, and of leading, is of use where this fails.
    let runner = || clock_runner(&topics).arguments("run -vv").start_ready();
    let (first, second) = (runner(), runner());
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

/// A run that does everything once, with what is selected.
fn once(topics: &OwnTopics, selected: &str) -> RunnerCommand {
    clock_runner(topics).arguments("run --once").arguments(selected)
}

#[test]
fn once_runs_what_is_done_by_the_clock_and_ends_with_its_verdicts() {
    let topics = OwnTopics::named("once");
    let ended = once(&topics, "clock calendar ferry").output();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("3 executions: 3 passed"), "{}", ended.stderr);
    assert!(ended.stderr.contains("as all has been run"), "{}", ended.stderr);
    assert_eq!(reports::all(&topics.names.report_topic).len(), 0, "it is a run of its own");

    let ended = once(&topics, "calendar").variable("TESTS_NO_CALENDAR", "1").output();
    assert_eq!(ended.code, Some(100), "{}", ended.stderr);
    assert!(ended.stderr.contains("there is no calendar"), "{}", ended.stderr);

    let ended = once(&topics, "ferry").variable("TESTS_STORM", "1").output();
    assert_eq!(ended.code, Some(100), "{}", ended.stderr);
    assert!(ended.stderr.contains("service down: there is a storm"), "{}", ended.stderr);
}

#[test]
fn an_embedded_broker_that_ends_with_the_run_is_no_outage() {
    let ended = RunnerCommand::without_topics()
        .program("clock-runner")
        .arguments("run --once --embedded calendar")
        .output();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!ended.stderr.contains("WARN"), "{}", ended.stderr);
}

#[test]
fn once_with_nothing_to_run_says_so() {
    let topics = OwnTopics::named("once-nothing");
    let ended = once(&topics, "ship").output();
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    assert!(ended.stderr.contains("none of the 1 cases has a schedule"), "{}", ended.stderr);
    let ended = once(&topics, "--tag tim").output();
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("the tags are `broken`, `flaky`, `slow`, `time`, `water`"),
        "{}",
        ended.stderr
    );
}

#[test]
fn tags_choose_on_the_command_line_or_in_the_profile() {
    let topics = OwnTopics::named("tags");
    let ended = once(&topics, "--tag time --tag water c").output();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("2 executions: 2 passed"), "clock and calendar: {}", ended.stderr);
    let listed = clock_runner(&topics).arguments("list").variable("LIVECHECK_TAGS", "time").output();
    assert!(listed.stdout.contains("2 cases in 1 package"), "{}", listed.stdout);
    let listed =
        clock_runner(&topics).arguments("list --tag water").variable("LIVECHECK_TAGS", "time").output();
    assert!(listed.stdout.contains("ferry") && listed.stdout.contains("1 case in"), "{}", listed.stdout);
}

#[test]
fn a_failure_counts_only_once_it_is_confirmed() {
    let topics = OwnTopics::named("confirm");
    let ended = once(&topics, "--tag flaky --reports").output();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("TRY 1 ERROR") && ended.stderr.contains("TRY 2 PASS"), "{}", ended.stderr);
    assert!(ended.stderr.contains("FLAKY 2/3"), "{}", ended.stderr);
    let [report] = &executions(&topics, "bell")[..] else { panic!("one report") };
    let states: Vec<_> = report.attempts.iter().map(|attempt| attempt.state).collect();
    assert_eq!((report.state, states), (State::Pass, vec![State::Error, State::Pass]));

    let ended = once(&topics, "--tag broken --reports").output();
    assert_eq!(ended.code, Some(100), "{}", ended.stderr);
    assert!(ended.stderr.contains("TRY 2 FAIL"), "{}", ended.stderr);
    let [report] = &executions(&topics, "gong")[..] else { panic!("one report") };
    assert_eq!((report.state, report.attempts.len()), (State::Fail, 3));
}

#[test]
fn a_scheduled_case_can_be_triggered_by_hand() {
    let topics = OwnTopics::named("by-hand");
    let runner = clock_runner(&topics).arguments("run --max-executions 1 calendar").start_ready();
    let triggered = clock_runner(&topics).arguments("trigger calendar").output();
    assert_eq!(triggered.code, Some(0), "{}", triggered.stderr);
    let ended = runner.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("nothing is done by the clock here"), "{}", ended.stderr);
}
