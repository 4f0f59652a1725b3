//! The brokers go away and come back: a runner waits for them, and judges nothing that it cannot know.

use std::time::{Duration, Instant};

use livecheck::wire::State;
use livecheck_tests::kafka::Kafka;
use livecheck_tests::own_topics::{OwnTopics, test};
use livecheck_tests::proxy::Proxy;
use livecheck_tests::records::{Record, Sender};
use livecheck_tests::reports;
use livecheck_tests::runner::RunnerCommand;
use serde_json::{Value, json};

use crate::parcels::{case, done, ids, parcels, triggers};

const LOST: &str = "no Kafka broker can be reached";
const BACK: &str = "Kafka answers again";
/// What a courier may take, and what a runner that asks the end of the bus then waits beside.
const PAST_EVERY_DEADLINE: Duration = Duration::from_millis(4_500);

#[test]
fn a_runner_that_was_cut_off_says_so_once_and_takes_no_signal_for_missing() {
    let topics = OwnTopics::created("outage", &[]);
    let mut proxy = Proxy::start();
    let mut runner = RunnerCommand::on(&topics)
        .arguments("run")
        .variable("LIVECHECK_BOOTSTRAP_SERVERS", proxy.servers())
        .variable("LIVECHECK_STATUS_INTERVAL", "50ms")
        .start_ready();
    let sender = Sender::new();
    let couriers: Vec<_> =
        (0..20).map(|number| test(case("courier"), &format!("courier-{number}"), &[])).collect();
    sender.send_all(triggers(&topics, &couriers));
    let triggered = Instant::now();
    runner.wait_for_text("20 in flight");

    // The signals come in time, by the log's clock; the runner reads them late. One courier never comes.
    proxy.cut();
    let (came, missing) = couriers.split_at(19);
    let signals = came.iter().map(|test| Record::signal(&topics.names, test, "came", &Value::Null));
    sender.send_all(signals);
    assert!(triggered.elapsed() < Duration::from_secs(3), "this machine is too slow for this test");
    let during = parcels("during", 10);
    sender.send_all(triggers(&topics, &during).chain(done(&topics, &during)));
    runner.wait_for_text(LOST);
    // It is the passing of this time that must not be taken for an answer.
    std::thread::sleep(PAST_EVERY_DEADLINE.saturating_sub(triggered.elapsed()));
    assert!(runner.is_running());
    assert_eq!(runner.count("TIMEOUT"), 0);
    proxy.restore();

    let _ = reports::on_each(&topics.names.report_topic, &ids(couriers.iter().chain(&during)));
    runner.wait_for_text(BACK);
    let after = parcels("after", 10);
    sender.send_all(triggers(&topics, &after).chain(done(&topics, &after)));
    let _ = reports::on_each(&topics.names.report_topic, &ids(&after));
    assert_eq!((runner.count(LOST), runner.count(BACK)), (1, 1), "each is said once");
    let ended = runner.interrupted();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);

    let (missed, passed): (Vec<_>, Vec<_>) = reports::all(&topics.names.report_topic)
        .into_iter()
        .partition(|report| report.id() == missing[0].id.as_str());
    reports::assert_one_each(&missed, &ids(missing), State::Timeout);
    reports::assert_one_each(&passed, &ids(came.iter().chain(&during).chain(&after)), State::Pass);
}

#[test]
fn a_runner_whose_partitions_went_to_another_while_it_was_cut_off_reports_nothing_twice() {
    let topics = OwnTopics::created("fenced", &[]);
    let mut proxy = Proxy::start();
    let runner = |servers: &str| {
        RunnerCommand::on(&topics)
            .arguments("run")
            .variable("LIVECHECK_BOOTSTRAP_SERVERS", servers)
            .variable("LIVECHECK_STATUS_INTERVAL", "50ms")
            // As short as brokers allow: after that the group goes on without a member that says nothing.
            .variable("LIVECHECK_KAFKA_SESSION_TIMEOUT_MS", "6000")
            .variable("LIVECHECK_KAFKA_HEARTBEAT_INTERVAL_MS", "300")
    };
    let one = runner(&proxy.servers()).start_ready();
    let sender = Sender::new();
    let tests = parcels("fenced", 40);
    let (before, waiting) = tests.split_at(20);
    sender.send_all(triggers(&topics, &tests));
    sender.send_all(done(&topics, before));
    one.wait_for_text("20 in flight, 20 passed");

    proxy.cut();
    one.wait_for_text(LOST);
    // It is ready once the group has given up the other, and has given it all partitions.
    let two = runner(Kafka::shared().servers()).start_ready();
    two.wait_for_text("20 in flight");
    sender.send_all(done(&topics, waiting));
    let _ = reports::on_each(&topics.names.report_topic, &ids(&tests));
    // What was cut off reads the same signals now, and comes to the same verdicts.
    proxy.restore();
    one.wait_for_text(BACK);
    let after = parcels("after", 20);
    sender.send_all(triggers(&topics, &after).chain(done(&topics, &after)));
    let all = ids(tests.iter().chain(&after));
    let _ = reports::on_each(&topics.names.report_topic, &all);
    let (one, two) = (one.interrupted(), two.interrupted());
    assert_eq!((one.code, two.code), (Some(0), Some(0)), "{}\n{}", one.stderr, two.stderr);
    reports::assert_one_each(&reports::all(&topics.names.report_topic), &all, State::Pass);
}

#[test]
fn while_brokers_take_nothing_that_is_written_no_more_is_read_than_memory_may_hold() {
    let topics = OwnTopics::created("takes-nothing", &[]);
    let runner = RunnerCommand::on(&topics).arguments("run").start_ready();
    let (report_topic, settings) =
        (&topics.names.report_topic, Kafka::shared().settings(&topics.names.report_topic));
    Kafka::shared().delete_topic(report_topic);
    // 100 MB of arguments, of which 64 MiB may wait to be reported.
    let address = "12 High Street, ".repeat(6_250);
    let label = |number| test(case("label"), &format!("label-{number}"), &[("address", json!(address))]);
    let labels: Vec<_> = (0..1_000).map(label).collect();
    let sender = Sender::new();
    labels.chunks(100).for_each(|labels| drop(sender.send_all(triggers(&topics, labels))));
    runner.wait_for_text("no more tests and signals are read until they do");
    let said = runner.said();
    let records = said.split("records=").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
    assert!((600..850).contains(&records.parse::<u32>().unwrap()), "{records} of 1,000 wait");

    let partitions = i32::try_from(Kafka::shared().partitions(&topics.names.test_topic)).unwrap();
    let kept = settings.iter().filter(|(name, _)| name.as_str() == "message.timestamp.type");
    let kept: Vec<_> = kept.map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Kafka::shared().create_topic(report_topic, partitions, &kept);
    let _ = reports::on_each(report_topic, &ids(&labels));
    runner.wait_for_text("tests and signals are read again");
    assert_eq!(runner.interrupted().code, Some(0));
    reports::assert_one_each(&reports::all(report_topic), &ids(&labels), State::Pass);
}
