//! What a user sees of each way in which an execution ends, and what a script gets as exit code.

use livecheck::Case;
use livecheck_tests::own_topics::{OwnTopics, test};
use livecheck_tests::process::Ended;
use livecheck_tests::records::{Record, Sender};
use livecheck_tests::runner::{Runner, RunnerCommand};
use serde_json::{Value, json};

use crate::parcels::{case, delivered, packed, parcel};

/// Hides what differs from run to run.
fn shown(ended: &Ended) -> insta::internals::SettingsBindDropGuard {
    assert_eq!(ended.stdout, "", "what `run` says goes to standard error");
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    for (pattern, replacement) in [
        (r"\[ *\d+\.\d{3}s\]", "[    TIME]"),
        (r"\b\d+\.\d{3}s", "TIME"),
        (r"\b\d{4}-\d\d-\d\dT[0-9:.]+Z", "INSTANT"),
        (r"\b\d\d:\d\d:\d\d\.\d{3}\b", "O'CLOCK"),
        (r"127\.0\.0\.1:\d+", "BROKERS"),
        (r"-[0-9a-f]{8}-run-[0-9a-f-]{36}", "-UNIQUE-run-UUID"),
        (r"-[0-9a-f]{8}\b", "-UNIQUE"),
        (r"cases\.rs:\d+:\d+", "cases.rs:LINE:COLUMN"),
        (r"-v shows \d+ more lines", "-v shows N more lines"),
        // Of this package's own.
        (r"\b\d+ cases in 1 package", "N cases in 1 package"),
        (r"there are \d+", "there are N"),
    ] {
        settings.add_filter(pattern, replacement);
    }
    settings.bind_to_scope()
}

/// A run that ends after one execution of that case, once it waits for triggers.
fn run_for_one(topics: &OwnTopics, case: &Case) -> Runner {
    RunnerCommand::on(topics).arguments("run --max-executions 1").arguments(case.name).start_ready()
}

/// Runs one execution of a case that waits for nothing.
fn one(case: &Case, id: &str, arguments: &[(&str, Value)]) -> Ended {
    let topics = OwnTopics::named("terminal");
    let runner = run_for_one(&topics, case);
    Sender::new().send(Record::trigger(&topics.names, &test(case, id, arguments)));
    runner.ended()
}

#[test]
fn a_pass_is_one_line_and_exit_code_0() {
    let topics = OwnTopics::named("terminal");
    let runner = run_for_one(&topics, case("parcel"));
    let trigger =
        RunnerCommand::on(&topics).arguments("trigger parcel --id parcel-1 --arg ordered=3").output();
    assert_eq!((trigger.code, trigger.stdout.as_str(), trigger.stderr.as_str()), (Some(0), "parcel-1\n", ""));
    let parcel = parcel("parcel-1");
    Sender::new().send_all([
        Record::signal_without_headers(&topics.names, &parcel, "packed", &json!(3)),
        Record::signal_without_headers(&topics.names, &parcel, "delivered", &Value::Null),
    ]);
    let ended = runner.ended();
    assert_eq!(ended.code, Some(0));
    let _filters = shown(&ended);
    insta::assert_snapshot!(ended.stderr);
}

#[test]
fn a_failed_contract_shows_both_sides_and_where_and_exits_with_100() {
    let topics = OwnTopics::named("terminal");
    let runner = run_for_one(&topics, case("parcel"));
    let parcel = parcel("parcel-2");
    Sender::new().send_all([
        Record::trigger(&topics.names, &parcel),
        Record::signal(&topics.names, &parcel, "packed", &json!(2)),
    ]);
    let ended = runner.ended();
    assert_eq!(ended.code, Some(100));
    let _filters = shown(&ended);
    insta::assert_snapshot!(ended.stderr);
}

#[test]
fn a_timeout_names_the_signal_and_exits_with_100() {
    let ended = one(case("invoice"), "invoice-3", &[]);
    assert_eq!(ended.code, Some(100));
    let _filters = shown(&ended);
    insta::assert_snapshot!(ended.stderr);
}

#[test]
fn an_error_shows_its_causes_and_exits_with_100() {
    let ended = one(case("refund"), "refund-4", &[("amount", json!(7))]);
    assert_eq!(ended.code, Some(100));
    let _filters = shown(&ended);
    insta::assert_snapshot!(ended.stderr);
}

#[test]
fn an_error_shows_where_it_was_made_if_backtraces_are_on() {
    let topics = OwnTopics::named("terminal");
    let runner = RunnerCommand::on(&topics)
        .arguments("run --max-executions 1 cases::refund")
        .variable("RUST_BACKTRACE", "1")
        .start_ready();
    let refund = test(case("refund"), "refund-10", &[("amount", json!(7))]);
    Sender::new().send(Record::trigger(&topics.names, &refund));
    let ended = runner.ended();
    let mut lines =
        ended.stderr.lines().map(str::trim_start).skip_while(|line| !line.starts_with("paying back"));
    let place = lines.nth(1).unwrap();
    assert!(place.starts_with("at ") && place.contains("tests/src/cases.rs:"), "{place}\n{}", ended.stderr);
}

#[test]
fn a_panic_shows_where_and_exits_with_100() {
    let ended = one(case("label"), "label-5", &[("address", Value::Null)]);
    assert_eq!(ended.code, Some(100));
    assert!(ended.stderr.contains("tests/src/cases.rs:"), "{}", ended.stderr);
    let _filters = shown(&ended);
    insta::assert_snapshot!(ended.stderr);
}

#[test]
fn a_skip_says_why_and_exits_with_0() {
    let ended = one(case("gift"), "gift-6", &[("wrapped", Value::Null)]);
    assert_eq!(ended.code, Some(0));
    let _filters = shown(&ended);
    insta::assert_snapshot!(ended.stderr);
}

#[test]
fn an_inactive_case_is_skipped() {
    let ended = one(case("catalogue"), "catalogue-7", &[]);
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.contains("catalogue-7: the case is not active"), "{}", ended.stderr);
}

#[test]
fn ctrl_c_says_what_is_left_and_exits_with_0() {
    let topics = OwnTopics::named("terminal");
    let runner = RunnerCommand::on(&topics)
        .arguments("run")
        .variable("LIVECHECK_STATUS_INTERVAL", "50ms")
        .start_ready();
    let sender = Sender::new();
    let (waiting, passing) = (parcel("parcel-8"), parcel("parcel-9"));
    sender.send_all([
        Record::trigger(&topics.names, &passing),
        packed(&topics, &passing),
        delivered(&topics, &passing),
        Record::trigger(&topics.names, &waiting),
    ]);
    runner.wait_for_text("1 in flight, 1 passed");
    let mut ended = runner.interrupted();
    assert_eq!(ended.code, Some(0));
    // How often the counts were printed is a matter of time.
    ended.stderr = ended
        .stderr
        .lines()
        .filter(|line| !line.contains("Running ["))
        .fold(String::new(), |text, line| text + line + "\n");
    let _filters = shown(&ended);
    insta::assert_snapshot!(ended.stderr);
}

#[test]
fn for_programs_each_event_is_a_line_of_json_on_standard_output() {
    let topics = OwnTopics::named("terminal");
    let runner = RunnerCommand::on(&topics)
        .arguments("run --max-executions 1 --message-format json cases::refund")
        .start();
    runner.wait_for_text("\"type\":\"started\"");
    let refund = test(case("refund"), "refund-11", &[("amount", json!(7))]);
    Sender::new().send(Record::trigger(&topics.names, &refund));
    let ended = runner.ended();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(100), ""));
    let events: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of =
        |kind: &str| events.iter().find(|event| event["type"] == kind).unwrap_or_else(|| panic!("{kind}"));
    assert_eq!(of("report")["id"], "refund-11");
    assert_eq!(of("report")["state"], "ERROR");
    assert_eq!(of("stopping")["reason"], "enough-executions");
    let counts = &of("finished")["cases"]["livecheck_tests::cases::refund"];
    assert_eq!((&counts["triggered"], &counts["error"]), (&json!(1), &json!(1)));
}

#[test]
fn a_filter_that_no_case_matches_exits_with_4() {
    let topics = OwnTopics::named("terminal");
    let ended = RunnerCommand::on(&topics).arguments("run nowhere").output();
    assert_eq!(ended.code, Some(4));
    let _filters = shown(&ended);
    insta::assert_snapshot!(ended.stderr);
}

#[test]
fn a_command_line_that_is_wrong_exits_with_2() {
    let topics = OwnTopics::named("terminal");
    for arguments in ["run --for soon", "run --max-executions 0", "walk", "trigger parcel --arg orderd=3"] {
        let ended = RunnerCommand::on(&topics).arguments(arguments).output();
        assert_eq!(ended.code, Some(2), "{arguments}: {}", ended.stderr);
    }
}

#[test]
fn without_a_broker_to_talk_to_it_exits_with_96_and_says_what_to_do() {
    let ended =
        RunnerCommand::without_topics().variable("LIVECHECK_BOOTSTRAP_SERVERS", "").arguments("run").output();
    assert_eq!(ended.code, Some(96));
    let _filters = shown(&ended);
    insta::assert_snapshot!(ended.stderr);
}
