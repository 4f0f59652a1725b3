//! The state of a case as a whole: said once, by whichever runner leads, and kept when that one is killed.

use std::time::{Duration, Instant};

use livecheck::Timestamp;
use livecheck::wire::{Arguments, State, TestExecution, TestReport};
use livecheck_tests::PATIENCE;
use livecheck_tests::own_topics::OwnTopics;
use livecheck_tests::records::{Record, Sender};
use livecheck_tests::reports;
use livecheck_tests::runner::{Runner, RunnerCommand};
use serde_json::{Value, json};

/// After how long without an execution the case is stalled.
const STALLED_AFTER: Duration = Duration::from_secs(4);

fn runner(topics: &OwnTopics) -> Runner {
    // A group notices by the session's end that a member was killed.
    RunnerCommand::on(topics)
        .program("lamp-runner")
        .arguments("run")
        .variable("LIVECHECK_KAFKA_SESSION_TIMEOUT_MS", "6000")
        .start_ready()
}

fn test(case: &str, id: &str, arguments: Arguments) -> TestExecution {
    let timestamp = Timestamp::now();
    let expires = timestamp + Duration::from_secs(60);
    TestExecution { id: id.into(), case_name: case.into(), timestamp, expires, arguments }
}

/// A test that passes if the lamp shines, and fails if it does not.
fn lamp(id: &str, shines: bool) -> TestExecution {
    let mut arguments = Arguments::new();
    arguments.insert("shines", &shines).unwrap();
    test("lamp", id, arguments)
}

fn flash(topics: &OwnTopics, sender: &Sender, id: &str) {
    sender.send(Record::trigger(&topics.names, &test("beacon", id, Arguments::new())));
}

fn trigger(topics: &OwnTopics, sender: &Sender, tests: &[(&str, bool)]) {
    let tests = tests.iter().map(|(id, shines)| Record::trigger(&topics.names, &lamp(id, *shines)));
    sender.send_all(tests);
}

/// The reports on a case as a whole, in the order in which they were written.
fn on_the_whole(case: &str, topics: &OwnTopics) -> Vec<TestReport> {
    let reports = reports::all(&topics.names.report_topic).into_iter().map(|report| report.value);
    reports.filter(|report| report.test.is_none() && report.case_name == case).collect()
}

fn states(reports: &[TestReport]) -> Vec<State> {
    reports.iter().map(|report| report.state).collect()
}

/// What `status` says of a case.
fn status(topics: &OwnTopics, case: &str) -> Value {
    let ended = RunnerCommand::on(topics)
        .program("lamp-runner")
        .arguments("status --message-format json")
        .arguments(case)
        .output();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let status: Value = serde_json::from_str(&ended.stdout).unwrap();
    status["cases"][0].clone()
}

#[test]
fn what_is_in_flight_is_counted_while_its_runner_lives() {
    let topics = OwnTopics::named("in-flight");
    let sender = Sender::new();
    let mut runner = runner(&topics);
    let waiting: Vec<_> =
        (0..5).map(|number| test("tide", &format!("tide-{number}"), Arguments::new())).collect();
    sender.send_all(waiting.iter().map(|test| Record::trigger(&topics.names, test)));
    let began = Instant::now();
    while status(&topics, "tide")["counts"]["in_flight"] != json!(5) {
        assert!(runner.is_running() && began.elapsed() < PATIENCE, "five wait");
    }
    assert_eq!(status(&topics, "tide")["counts"]["triggered"], json!(5));
    assert_eq!(runner.interrupted().code, Some(0));
    let left = status(&topics, "tide");
    assert_eq!(left["counts"]["in_flight"], json!(0), "nobody executes them now");
}

#[test]
fn a_status_of_nothing_says_what_to_do() {
    let topics = OwnTopics::named("no-status");
    let ended = RunnerCommand::on(&topics).program("lamp-runner").arguments("status").output();
    assert_eq!(ended.code, Some(96), "{}", ended.stderr);
    assert!(ended.stderr.contains("there is no topic"), "{}", ended.stderr);
}

/// Triggers tests that pass until the case has recovered.
fn shine_until_recovered(topics: &OwnTopics, sender: &Sender, runner: &Runner) {
    let began = Instant::now();
    for number in 0.. {
        assert!(began.elapsed() < PATIENCE, "it does not recover");
        if runner.count("executions pass again") > 0 {
            return;
        }
        trigger(topics, sender, &[(&format!("shines-{number}"), true)]);
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_case_fails_as_a_whole_and_recovers_once_it_has_not_failed_for_a_while() {
    let topics = OwnTopics::named("failing");
    let sender = Sender::new();
    let runner = runner(&topics);
    trigger(&topics, &sender, &[("dark-1", false), ("dark-2", false), ("dark-3", false), ("dark-4", false)]);
    runner.wait_for_text("FAILING");
    runner.wait_for_text("3 executions in a row did not pass");
    let status = status(&topics, "lamp");
    assert_eq!((&status["state"], &status["trouble"]["state"]), (&json!("FAIL"), &json!("FAIL")));
    shine_until_recovered(&topics, &sender, &runner);
    assert_eq!(runner.interrupted().code, Some(0));

    let status = self::status(&topics, "lamp");
    assert_eq!((&status["state"], &status["trouble"]), (&json!("PASS"), &Value::Null));
    let counts = &status["counts"];
    assert_eq!((&counts["fail"], &counts["in_flight"]), (&json!(4), &json!(0)));
    assert_eq!(counts["triggered"].as_u64(), Some(counts["pass"].as_u64().unwrap() + 4));
    assert_eq!(status["last_failure"]["error"], "the lamp is dark");

    let reports = on_the_whole("lamp", &topics);
    assert_eq!(states(&reports), [State::Fail, State::Pass]);
    let [failing, _] = &reports[..] else { unreachable!("there are two") };
    assert_eq!(failing.error.as_deref(), Some("3 executions in a row did not pass"));
    assert_eq!((&failing.runtime, failing.signal_latency.len()), (&None, 0));
}

#[test]
fn a_case_of_which_nothing_is_seen_is_stalled_until_it_is_seen_again() {
    let topics = OwnTopics::named("stalled");
    let sender = Sender::new();
    let runner = runner(&topics);
    flash(&topics, &sender, "before");
    let _ = reports::first(&topics.names.report_topic, 1);
    let seen = Instant::now();
    runner.wait_for_text("STALLED");
    assert!(seen.elapsed() >= STALLED_AFTER - Duration::from_secs(1), "{:?}", seen.elapsed());
    runner.wait_for_text("no execution was seen for 4s");
    flash(&topics, &sender, "after");
    runner.wait_for_text("RECOVERED");
    runner.wait_for_text("executions are seen again");
    assert_eq!(runner.interrupted().code, Some(0));
    assert_eq!(states(&on_the_whole("beacon", &topics)), [State::Stall, State::Pass]);
}

#[test]
fn a_leader_that_is_killed_takes_no_failure_with_it_and_none_is_reported_twice() {
    let topics = OwnTopics::named("leader-killed");
    let sender = Sender::new();
    let first = runner(&topics);
    trigger(&topics, &sender, &[("dark-1", false), ("dark-2", false)]);
    let _ = reports::first(&topics.names.report_topic, 2);
    let second = runner(&topics);
    drop(first);
    // Two failures of which the first leader knew, and one of which only the second can know.
    trigger(&topics, &sender, &[("dark-3", false)]);
    second.wait_for_text("3 executions in a row did not pass");
    let third = runner(&topics);
    drop(second);
    // The third goes on with a case that has been failing: it says when that is over, and not that it begins.
    shine_until_recovered(&topics, &sender, &third);
    assert_eq!(third.count("FAILING"), 0);
    assert_eq!(third.interrupted().code, Some(0));
    assert_eq!(states(&on_the_whole("lamp", &topics)), [State::Fail, State::Pass]);
}

#[test]
fn a_leader_that_was_stopped_for_long_writes_nothing_once_another_leads() {
    let topics = OwnTopics::named("leader-stopped");
    let sender = Sender::new();
    let (first, second) = (runner(&topics), runner(&topics));
    trigger(&topics, &sender, &[("dark-1", false), ("dark-2", false)]);
    let _ = reports::first(&topics.names.report_topic, 2);
    first.pause();
    trigger(&topics, &sender, &[("dark-3", false)]);
    second.wait_for_text("3 executions in a row did not pass");
    // It takes itself for the leader still, and has read as much as the second one had then.
    first.resume();
    shine_until_recovered(&topics, &sender, &second);
    assert_eq!((first.count("FAILING"), first.count("executions pass again")), (0, 0));
    assert_eq!((first.interrupted().code, second.interrupted().code), (Some(0), Some(0)));
    assert_eq!(states(&on_the_whole("lamp", &topics)), [State::Fail, State::Pass]);
}

/// The ids of the fake requests that were executed, in the order of their slots.
fn fake_requests(topics: &OwnTopics) -> Vec<String> {
    let reports = reports::all(&topics.names.report_topic).into_iter();
    let mut ids: Vec<_> = reports
        .filter(|report| report.value.case_name == "buoy" && report.value.test.is_some())
        .map(|report| report.id().to_owned())
        .collect();
    ids.sort_unstable();
    ids
}

#[test]
fn each_slot_has_one_fake_request_also_when_the_leader_is_killed() {
    let topics = OwnTopics::named("fake-requests");
    let (first, second) = (runner(&topics), runner(&topics));
    let deadline = Instant::now() + PATIENCE;
    let wait_for = |count: usize| {
        while fake_requests(&topics).len() < count {
            assert!(Instant::now() < deadline, "{count} fake requests");
            std::thread::sleep(Duration::from_millis(200));
        }
    };
    wait_for(2);
    drop(first);
    wait_for(fake_requests(&topics).len() + 3);
    assert_eq!(second.interrupted().code, Some(0));
    let ids = fake_requests(&topics);
    let mut unique = ids.clone();
    unique.dedup();
    assert_eq!(ids, unique, "no slot was fired twice");
    assert!(ids.iter().all(|id| id.starts_with("buoy@") && id.ends_with(".000000Z")), "{ids:?}");
}

#[test]
fn a_fake_request_that_cannot_be_sent_is_a_report_on_the_case() {
    let topics = OwnTopics::named("service-down");
    let runner = RunnerCommand::on(&topics)
        .program("lamp-runner")
        .arguments("run")
        .variable("TESTS_CALM", "1")
        .start_ready();
    runner.wait_for_text("a fake request could not be sent");
    runner.wait_for_text("service down: the sea is calm");
    assert_eq!(runner.interrupted().code, Some(0));
    let reports = on_the_whole("buoy", &topics);
    assert_eq!(states(&reports), [State::Fail], "it is said once");
    assert_eq!(reports[0].error.as_deref(), Some("service down: the sea is calm"));
}

#[test]
fn a_run_of_ones_own_says_nothing_of_cases_as_a_whole() {
    let topics = OwnTopics::named("own-look");
    let sender = Sender::new();
    let runner =
        RunnerCommand::on(&topics).program("lamp-runner").arguments("run --max-executions 4").start_ready();
    trigger(&topics, &sender, &[("1", false), ("2", false), ("3", false), ("4", false)]);
    let ended = runner.ended();
    assert_eq!(ended.code, Some(100));
    assert!(!ended.stderr.contains("FAILING"), "{}", ended.stderr);
}
