//! Runs that end by themselves, and what they leave to the runners that do not.

use livecheck::wire::State;
use livecheck_tests::own_topics::{OwnTopics, test};
use livecheck_tests::records::{Record, Sender};
use livecheck_tests::reports;
use livecheck_tests::runner::RunnerCommand;
use serde_json::json;

use crate::parcels::{case, done, ids, parcels, triggers};

#[test]
fn a_run_for_a_time_ends_when_it_is_up() {
    let topics = OwnTopics::named("for");
    let runner = RunnerCommand::on(&topics).arguments("run --for 2s").start_ready();
    let tests = parcels("passing", 2);
    Sender::new().send_all(triggers(&topics, &tests).chain(done(&topics, &tests)));
    let ended = runner.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("Stopping as the time is up"), "{}", ended.stderr);
    assert!(ended.stderr.contains("2 executions: 2 passed"), "{}", ended.stderr);
}

#[test]
fn a_run_with_an_end_that_saw_nothing_is_not_green() {
    let topics = OwnTopics::named("for-nothing");
    let ended = RunnerCommand::on(&topics).arguments("run --for 100ms").output();
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    assert!(ended.stderr.contains("no trigger came"), "{}", ended.stderr);
}

#[test]
fn a_run_for_a_time_says_what_it_has_left_in_flight() {
    let topics = OwnTopics::named("for-left");
    let runner = RunnerCommand::on(&topics).arguments("run --for 2s").start_ready();
    Sender::new().send_all(triggers(&topics, &parcels("waiting", 2)));
    let ended = runner.ended();
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    assert!(ended.stderr.contains("0 executions: 2 left in flight"), "{}", ended.stderr);
}

#[test]
fn a_run_for_a_time_fails_if_an_execution_did() {
    let topics = OwnTopics::named("for-failed");
    let runner = RunnerCommand::on(&topics).arguments("run --for 2s").start_ready();
    Sender::new().send(Record::trigger(&topics.names, &test(case("refund"), "r-1", &[("amount", json!(7))])));
    let ended = runner.ended();
    assert_eq!(ended.code, Some(100));
    assert!(ended.stderr.contains("Stopping as the time is up"), "{}", ended.stderr);
    assert!(ended.stderr.contains("1 execution: 0 passed, 1 error"), "{}", ended.stderr);
}

#[test]
fn a_run_of_so_many_executions_ends_after_them() {
    let topics = OwnTopics::named("max");
    let runner = RunnerCommand::on(&topics).arguments("run --max-executions 3").start_ready();
    let sender = Sender::new();
    let (waiting, passing) = (parcels("waiting", 2), parcels("passing", 3));
    sender.send_all(triggers(&topics, &waiting).chain(triggers(&topics, &passing)));
    sender.send_all(done(&topics, &passing));
    let ended = runner.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("Stopping as the executions asked for are done"), "{}", ended.stderr);
    assert!(ended.stderr.contains("3 executions: 3 passed"), "{}", ended.stderr);
}

#[test]
fn a_run_that_fails_fast_ends_at_the_first_failure_and_not_at_a_pass_or_a_skip() {
    let topics = OwnTopics::named("fail-fast");
    let runner = RunnerCommand::on(&topics).arguments("run --fail-fast").start_ready();
    let sender = Sender::new();
    let passing = parcels("passing", 1);
    let skipped = test(case("gift"), "skipped", &[("wrapped", json!(null))]);
    sender.send_all(triggers(&topics, &passing).chain([Record::trigger(&topics.names, &skipped)]));
    sender.send_all(done(&topics, &passing));
    runner.wait_for_text("PASS");
    runner.wait_for_text("SKIP");
    sender.send(Record::trigger(&topics.names, &test(case("refund"), "failing", &[("amount", json!(7))])));
    let ended = runner.ended();
    assert_eq!(ended.code, Some(100));
    assert!(ended.stderr.contains("Stopping at the first failure"), "{}", ended.stderr);
    assert!(ended.stderr.contains("3 executions: 1 passed, 1 error, 1 skipped"), "{}", ended.stderr);
}

#[test]
fn a_filtered_run_takes_nothing_away_from_the_shared_runners_and_reports_nothing() {
    let topics = OwnTopics::named("filtered");
    let shared = RunnerCommand::on(&topics).arguments("run").start_ready();
    let sender = Sender::new();
    // What came before the look began is not looked at.
    let before = parcels("before", 3);
    sender.send_all(triggers(&topics, &before).chain(done(&topics, &before)));
    let _ = reports::on_each(&topics.names.report_topic, &ids(&before));

    let filtered = RunnerCommand::on(&topics).arguments("run cases::parcel --max-executions 5").start_ready();
    let during = parcels("during", 5);
    let other = test(case("refund"), "other", &[("amount", json!(7))]);
    sender.send(Record::trigger(&topics.names, &other));
    sender.send_all(triggers(&topics, &during).chain(done(&topics, &during)));
    let ended = filtered.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("5 executions: 5 passed"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("before-"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("refund"), "{}", ended.stderr);

    let passed = ids(before.iter().chain(&during));
    let _ = reports::on_each(&topics.names.report_topic, &ids(before.iter().chain(&during).chain([&other])));
    let ended = shared.interrupted();
    assert_eq!(ended.code, Some(0));
    let (passes, others): (Vec<_>, Vec<_>) = reports::all(&topics.names.report_topic)
        .into_iter()
        .partition(|report| report.value.case_name.as_str().ends_with("parcel"));
    reports::assert_one_each(&passes, &passed, State::Pass);
    reports::assert_one_each(&others, &ids([&other]), State::Error);
}

#[test]
fn a_bounded_run_reports_where_it_is_asked_to() {
    let topics = OwnTopics::named("reports");
    let runner = RunnerCommand::on(&topics).arguments("run --max-executions 4 --reports").start_ready();
    let tests = parcels("reported", 4);
    Sender::new().send_all(triggers(&topics, &tests).chain(done(&topics, &tests)));
    assert_eq!(runner.ended().code, Some(0));
    reports::assert_one_each(&reports::all(&topics.names.report_topic), &ids(&tests), State::Pass);
}
