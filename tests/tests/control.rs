//! Which requests are followed, changed while services and runners run: by processes that know of each other only
//! by the control topic.

use std::time::Duration;

use livecheck::wire::State;
use livecheck_tests::cases::gift;
use livecheck_tests::kafka::Kafka;
use livecheck_tests::own_topics::{OwnTopics, test};
use livecheck_tests::process::{Ended, Process};
use livecheck_tests::records::{Record, Sender};
use livecheck_tests::reports;
use livecheck_tests::runner::{RunnerCommand, clean_command};
use serde_json::{Value, json};

fn service(topics: &OwnTopics, variables: &[(&str, &str)]) -> Process {
    let mut command = clean_command("sampling-service");
    command.env("LIVECHECK_BOOTSTRAP_SERVERS", Kafka::shared().servers());
    // One that starts before there is a control topic finds it this soon.
    command.env("LIVECHECK_KAFKA_TOPIC_METADATA_REFRESH_INTERVAL_MS", "500");
    command.envs(topics.variables()).envs(variables.iter().copied());
    Process::start(command)
}

fn set(topics: &OwnTopics, arguments: &str) -> Ended {
    RunnerCommand::on(topics).arguments("set").arguments(arguments).variable("USER", "anna").output()
}

fn set_well(topics: &OwnTopics, arguments: &str) {
    let ended = set(topics, arguments);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn a_service_follows_what_is_set_without_a_restart() {
    let topics = OwnTopics::created("control-service", &[]);
    let service = service(&topics, &[("LIVECHECK_CASES_GIFT_PROBABILITY", "0%")]);
    service.wait_for_text("0% by Profile: 0 of 100");
    set_well(&topics, "gift probability 100%");
    service.wait_for_text("100% by Control: 100 of 100");
    set_well(&topics, "gift active false");
    service.wait_for_text("100%, inactive by Control: 0 of 100");
    set_well(&topics, "gift active --reset");
    set_well(&topics, "gift probability --reset");
    let () = service.wait_for_lines("the profile holds again", |lines| {
        (lines.filter(|line| line.starts_with("0% by Profile")).count() > 1).then_some(())
    });
}

#[test]
fn what_is_set_for_a_time_goes_back_by_itself_and_steps_follow_each_other() {
    let topics = OwnTopics::created("control-steps", &[]);
    set_well(&topics, "gift probability 2%");
    set_well(&topics, "gift probability --reset");
    let service = service(&topics, &[]);
    service.wait_for_text("100% by Code: 100 of 100");
    set_well(&topics, "gift probability --steps 0%,50%,1% --every 2s --for 6s");
    let shares = service.wait_for_lines("it goes back", |lines| {
        let shares: Vec<_> = lines.filter_map(|line| Some(line.split_once(':')?.0.to_owned())).collect();
        (shares.len() > 1 && shares.ends_with(&["100% by Code".to_owned()])).then_some(shares)
    });
    // A machine that is busy may overlook a step, and none may come out of its turn.
    let mut planned =
        ["100% by Code", "0% by Control", "50% by Control", "1% by Control", "100% by Code"].iter();
    assert!(
        shares.len() > 2 && shares.iter().all(|share| planned.any(|planned| planned == share)),
        "{shares:?}"
    );
}

#[test]
fn a_service_that_starts_later_reads_what_was_set_and_none_of_what_was_before() {
    let topics = OwnTopics::created("control-later", &[]);
    for share in ["1%", "2%", "100%", "0%"] {
        set_well(&topics, &format!("gift probability {share}"));
    }
    let service = service(&topics, &[]);
    service.wait_for_text("0% by Control: 0 of 100");
    assert_eq!(service.count("by Control"), 1, "{}", service.said());
}

#[test]
fn a_runner_skips_the_tests_of_a_case_that_was_stopped() {
    let topics = OwnTopics::created("control-runner", &[]);
    let runner = RunnerCommand::on(&topics).arguments("run").start_ready();
    let sender = Sender::new();
    let follow = |id: &str| {
        sender.send(Record::trigger(&topics.names, &test(gift::CASE, id, &[("wrapped", json!(true))])));
    };
    follow("before");
    assert_eq!(reports::first(&topics.names.report_topic, 1)[0].value.state, State::Pass);
    set_well(&topics, "gift active false");
    // The runner has it when its services have: it says nothing of it, so tests are sent until one is skipped.
    let mut count = 1;
    let skipped = loop {
        follow(&format!("during-{count}"));
        count += 1;
        let reports = reports::first(&topics.names.report_topic, count);
        if reports.iter().any(|report| report.value.state == State::Skip) {
            break reports.into_iter().find(|report| report.value.state == State::Skip);
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let reason = skipped.and_then(|report| report.value.error);
    assert_eq!(reason.as_deref(), Some("the case is not active"));
    drop(runner.interrupted());

    // One that starts now knows from its first test on.
    let runner = RunnerCommand::on(&topics).arguments("run").start_ready();
    follow("after");
    let last = reports::first(&topics.names.report_topic, count + 1);
    let last = last.iter().find(|report| report.id() == "after").expect("it is reported");
    assert_eq!(last.value.state, State::Skip);
    drop(runner.interrupted());
}

#[test]
fn what_is_set_is_shown_by_set_list_and_status() {
    let topics = OwnTopics::created("control-shown", &[]);
    let runner = RunnerCommand::on(&topics).arguments("run").start_ready();
    set_well(&topics, "gift probability 10% --for 1h");
    let json = |arguments: &str| -> Value {
        let ended =
            RunnerCommand::on(&topics).arguments(arguments).arguments("--message-format json").output();
        serde_json::from_str(&ended.stdout).expect("JSON")
    };
    let set = &json("set")["set"][0];
    assert_eq!((&set["value"], &set["setting"]), (&json!(0.1), &json!("probability")));
    assert!(set["by"].as_str().is_some_and(|by| by.starts_with("anna@")), "{set}");
    let expected = json!({ "value": 0.1, "from": "control" });
    assert_eq!(json("list gift")["cases"][0]["sampling"]["probability"], expected);
    // The leader says how the cases do as soon as it leads.
    let sampled = (0..200).find_map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        let status = RunnerCommand::on(&topics).arguments("status gift --message-format json").output();
        let status: Value = serde_json::from_str(&status.stdout).ok()?;
        Some(status["cases"][0]["sampling"]["probability"].clone()).filter(|sampling| !sampling.is_null())
    });
    assert_eq!(sampled, Some(expected));
    drop(runner.interrupted());
}

#[test]
fn what_cannot_be_set_is_refused() {
    let topics = OwnTopics::created("control-refused", &[]);
    let ended = set(&topics, "gfit probability 10%");
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(ended.stderr.contains("did you mean"), "{ended:?}");
    let ended = set(&topics, "gift probability 110%");
    assert_eq!(ended.code, Some(2), "{ended:?}");
}
