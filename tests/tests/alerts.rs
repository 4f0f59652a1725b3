//! Alerts: told by whoever leads, at least once, and so is their end.

use std::time::{Duration, Instant};

use livecheck::Timestamp;
use livecheck::wire::{Arguments, TestExecution};
use livecheck_tests::PATIENCE;
use livecheck_tests::own_topics::OwnTopics;
use livecheck_tests::process::Ended;
use livecheck_tests::records::{Record, Sender};
use livecheck_tests::runner::{Runner, RunnerCommand};
use livecheck_tests::webhook::Webhook;
use tempfile::NamedTempFile;

/// What nobody is to see.
const TOKEN: &str = "hunter2-hunter2";
/// The same, in a URL.
const PATH: &str = "hooks/T0PSECRET";

/// Alerts on `failing` to a webhook, without a pause.
fn config(webhook: &Webhook) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    let text = format!(
        r#"
[profile.default.alerts]
on = ["failing", "service-down"]
group-wait = "0s"
group-interval = "0s"

[profile.default.alerts.receiver.team]
type = "webhook"
url = "{}"
token = "${{TESTS_TOKEN}}"
"#,
        webhook.url(PATH)
    );
    std::fs::write(file.path(), text).unwrap();
    file
}

fn command(topics: &OwnTopics, config: &NamedTempFile) -> RunnerCommand {
    RunnerCommand::on(topics)
        .program("lamp-runner")
        .variable("LIVECHECK_KAFKA_SESSION_TIMEOUT_MS", "6000")
        .variable("LIVECHECK_CONFIG_FILE", config.path().to_str().unwrap())
        .variable("TESTS_TOKEN", TOKEN)
}

fn runner(topics: &OwnTopics, config: &NamedTempFile) -> Runner {
    command(topics, config).arguments("run").start_ready()
}

fn trigger(topics: &OwnTopics, sender: &Sender, id: &str, shines: bool) {
    let timestamp = Timestamp::now();
    let mut arguments = Arguments::new();
    arguments.insert("shines", &shines).unwrap();
    let expires = timestamp + Duration::from_secs(60);
    let test = TestExecution { id: id.into(), case_name: "lamp".into(), timestamp, expires, arguments };
    sender.send(Record::trigger(&topics.names, &test));
}

fn darken(topics: &OwnTopics, sender: &Sender) {
    (0..3).for_each(|number| trigger(topics, sender, &format!("dark-{number}"), false));
}

/// Triggers tests that pass until the receiver knows that it is over.
fn shine_until_told(topics: &OwnTopics, sender: &Sender, webhook: &Webhook) {
    let began = Instant::now();
    while !webhook.statuses("lamp").iter().any(|status| status == "resolved") {
        assert!(began.elapsed() < PATIENCE, "it is not told that it is over");
        trigger(topics, sender, &format!("shines-{}", began.elapsed().as_millis()), true);
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Waits until one of the runners has said that, and takes it out of them.
fn who_says(text: &str, runners: &mut Vec<Runner>) -> Runner {
    let began = Instant::now();
    loop {
        assert!(began.elapsed() < PATIENCE, "nobody says `{text}`");
        if let Some(index) = runners.iter().position(|runner| runner.count(text) > 0) {
            return runners.remove(index);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn leaders_that_are_killed_and_a_receiver_that_is_down_leave_no_alert_untold() {
    let topics = OwnTopics::named("alerts");
    let (sender, webhook) = (Sender::new(), Webhook::with_token(Some(TOKEN)));
    let config = config(&webhook);
    webhook.is_down(true);
    let mut runners: Vec<_> = (0..3).map(|_| runner(&topics, &config)).collect();
    darken(&topics, &sender);
    // The leader knows of it, and cannot tell.
    let leader = who_says("Not told", &mut runners);
    assert!(leader.count("503 Service Unavailable") > 0, "{}", leader.said());
    drop(leader);
    webhook.is_down(false);
    webhook.wait_for("lamp", "firing");
    let leader = who_says("Alerted", &mut runners);
    assert_eq!(leader.count("FAILING"), 0, "what the first had written is not said again");
    // The next one is killed before it can tell the end.
    webhook.is_down(true);
    drop(leader);
    let last = runners.remove(0);
    webhook.is_down(false);
    shine_until_told(&topics, &sender, &webhook);
    last.wait_for_text("[RESOLVED] lamp failing");
    assert_eq!(last.interrupted().code, Some(0));

    let messages = webhook.messages();
    let alerts = messages.iter().flat_map(|message| message["alerts"].as_array().unwrap());
    assert!(
        alerts.clone().all(|alert| alert["case"] == "lamp" && alert["kind"] == "failing"),
        "{messages:?}"
    );
    assert!(alerts.clone().all(|alert| alert["summary"] == "3 executions in a row did not pass"));
    let statuses = webhook.statuses("lamp");
    assert_eq!(statuses.first().map(String::as_str), Some("firing"));
    let first_end = statuses.iter().position(|status| status == "resolved").unwrap();
    assert!(statuses[first_end..].iter().all(|status| status == "resolved"), "{statuses:?}");
}

/// With virtual time the heart's own tests say the same: this one is for who wants to see it.
#[test]
#[ignore = "it takes ten minutes"]
fn a_receiver_that_is_down_for_ten_minutes_is_told_of_the_beginning_and_of_the_end() {
    let topics = OwnTopics::named("alert-outage");
    let (sender, webhook) = (Sender::new(), Webhook::with_token(Some(TOKEN)));
    let config = config(&webhook);
    webhook.is_down(true);
    let first = runner(&topics, &config);
    let second = runner(&topics, &config);
    let began = Instant::now();
    darken(&topics, &sender);
    let mut runners = vec![first, second];
    // It is over before anybody could be told that it began, and who leads is killed meanwhile.
    drop(who_says("Not told", &mut runners));
    let last = runners.remove(0);
    let mut number = 0;
    while began.elapsed() < Duration::from_secs(600) {
        number += 1;
        trigger(&topics, &sender, &format!("shines-{number}"), true);
        std::thread::sleep(Duration::from_secs(1));
    }
    webhook.is_down(false);
    // A minute at most lies between two attempts.
    let deadline = Instant::now() + Duration::from_secs(90);
    while webhook.statuses("lamp").len() < 2 {
        assert!(
            Instant::now() < deadline,
            "{:?}; the runner said: {}",
            webhook.statuses("lamp"),
            last.said()
        );
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(last.interrupted().code, Some(0));
    assert_eq!(webhook.statuses("lamp"), ["firing", "resolved"]);
}

#[test]
fn three_runners_tell_of_an_alert_once() {
    let topics = OwnTopics::named("alert-once");
    let (sender, webhook) = (Sender::new(), Webhook::start());
    let config = config(&webhook);
    let runners: Vec<_> = (0..3).map(|_| runner(&topics, &config)).collect();
    darken(&topics, &sender);
    webhook.wait_for("lamp", "firing");
    shine_until_told(&topics, &sender, &webhook);
    for runner in runners {
        assert_eq!(runner.interrupted().code, Some(0));
    }
    assert_eq!(webhook.statuses("lamp"), ["firing", "resolved"]);
}

fn silence(topics: &OwnTopics, config: &NamedTempFile, arguments: &str) -> Ended {
    command(topics, config).variable("USER", "ada").arguments("silence").arguments(arguments).output()
}

#[test]
fn a_silence_hides_an_alert_until_it_is_ended() {
    let topics = OwnTopics::named("silence");
    let (sender, webhook) = (Sender::new(), Webhook::start());
    let config = config(&webhook);
    let runner = runner(&topics, &config);
    let begun = silence(&topics, &config, "lamp --for 2h --reason repair");
    assert_eq!((begun.code, begun.stderr.as_str()), (Some(0), ""));
    assert!(
        begun.stdout.contains(r#"case="lamp""#) && begun.stdout.contains("by ada: repair"),
        "{}",
        begun.stdout
    );
    let id = begun.stdout.split_whitespace().nth(1).unwrap().trim_end_matches(':').to_owned();
    darken(&topics, &sender);
    runner.wait_for_text("3 executions in a row did not pass");
    let listed = silence(&topics, &config, "list");
    assert!(listed.stdout.contains(&id), "{}", listed.stdout);
    assert_eq!(webhook.statuses("lamp"), [""; 0]);
    let ended = silence(&topics, &config, &format!("end {id}"));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    webhook.wait_for("lamp", "firing");
    assert!(silence(&topics, &config, "list").stdout.contains("no silence is on"));
    assert_eq!(silence(&topics, &config, &format!("end {id}")).code, Some(2));
    assert_eq!(silence(&topics, &config, "lamp").code, Some(2), "for how long, and why?");
    assert_eq!(runner.interrupted().code, Some(0));
}

#[test]
fn no_output_has_a_secret_in_it() {
    let topics = OwnTopics::named("secrets");
    let (sender, webhook) = (Sender::new(), Webhook::with_token(Some("another")));
    let config = config(&webhook);
    let human = command(&topics, &config).arguments("run -vvv").variable("RUST_LOG", "trace").start_ready();
    darken(&topics, &sender);
    // The token is wrong: it is refused, and that is said.
    human.wait_for_text("401 Unauthorized");
    let mut said = vec![human.interrupted()];
    let json = command(&topics, &config).arguments("run --message-format json --log-format json").start();
    json.wait_for_text("401 Unauthorized");
    said.push(json.interrupted());
    for arguments in
        ["list --message-format json", "status", "doctor", "doctor --send-test-alert", "silence list"]
    {
        said.push(command(&topics, &config).arguments(arguments).output());
    }
    let doctor = &said[said.len() - 2];
    assert!(doctor.stdout.contains("401 Unauthorized") && doctor.code == Some(100), "{}", doctor.stdout);
    // Nor do the messages for a configuration that is wrong.
    for (wrong, right) in [("url =", "ulr ="), ("token =", "tokn ="), ("[\"failing\"", "[\"faling\"")] {
        let text = std::fs::read_to_string(config.path()).unwrap().replace("${TESTS_TOKEN}", TOKEN);
        let other = NamedTempFile::new().unwrap();
        std::fs::write(other.path(), text.replace(wrong, right)).unwrap();
        let ended = command(&topics, &other).arguments("run").output();
        assert_eq!(ended.code, Some(96), "{wrong}: {}", ended.stderr);
        said.push(ended);
    }
    for ended in said {
        let all = ended.stdout + &ended.stderr;
        assert!(!all.is_empty() && !all.contains(TOKEN) && !all.contains("T0PSECRET"), "{all}");
    }
}

#[test]
fn a_secret_that_is_not_at_hand_is_missed_only_where_it_is_needed() {
    let topics = OwnTopics::named("no-secret");
    let webhook = Webhook::start();
    let config = config(&webhook);
    let without =
        |arguments: &str| command(&topics, &config).variable("TESTS_TOKEN", "").arguments(arguments).output();
    let run = without("run");
    assert_eq!(run.code, Some(96));
    assert!(
        run.stderr.contains("the variable TESTS_TOKEN is not set") && run.stderr.contains(":10:1"),
        "{}",
        run.stderr
    );
    assert_eq!(without("list").code, Some(0));
    assert!(without("doctor").stdout.contains("the variable TESTS_TOKEN is not set"));
}

#[test]
fn a_test_alert_says_what_came_back() {
    let topics = OwnTopics::named("test-alert");
    let webhook = Webhook::with_token(Some(TOKEN));
    let config = config(&webhook);
    let doctor =
        |arguments: &str| command(&topics, &config).arguments("doctor").arguments(arguments).output().stdout;
    assert!(doctor("--send-test-alert=team").contains("test alert to team: firing in"));
    assert_eq!(webhook.statuses("livecheck::test_alert"), ["firing", "resolved"]);
    assert!(doctor("--send-test-alert=taem").contains("there is no receiver `taem`"));
}
