//! What the report of an execution that did not pass says of it.

use livecheck::Origin;
use livecheck::wire::{Explanation, State, Step};
use livecheck_tests::kafka::Kafka;
use livecheck_tests::own_topics::{OwnTopics, test};
use livecheck_tests::records::{Record, Sender};
use livecheck_tests::reports;
use livecheck_tests::runner::RunnerCommand;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::{Value, json};

use crate::parcels::case;

/// The reports of a runner that has executed so many, by the state; with their explanations.
fn explained(topics: &OwnTopics, count: usize) -> Vec<(State, Option<Explanation>)> {
    let reports = reports::first(&topics.names.report_topic, count);
    reports.into_iter().map(|report| (report.value.state, report.value.explanation.map(|it| *it))).collect()
}

/// Lets a group have read nothing of a topic with so many records, and have no member.
fn left_behind(group: &str, topic: &str, records: usize) {
    Kafka::shared().create_topic(topic, 1, &[]);
    Sender::new().send_all((0..records).map(|_| Record::raw(topic, "a parcel")));
    let consumer: BaseConsumer =
        Kafka::shared().client(&[("group.id", group), ("enable.auto.commit", "false")]);
    let mut read = TopicPartitionList::new();
    read.add_partition_offset(topic, 0, Offset::Offset(0)).unwrap();
    consumer.commit(&read, CommitMode::Sync).unwrap();
}

#[test]
fn a_missing_signal_tells_who_sends_it_and_whether_its_consumer_lags() {
    let topics = OwnTopics::named("explained");
    let (group, parcels) = (format!("{}-printer", topics.group), format!("{}-parcels", topics.group));
    left_behind(&group, &parcels, 7);
    let runner = RunnerCommand::on(&topics).arguments("run").start_ready();
    let sender = Sender::new();
    let printer = Origin {
        service: Some("printer".into()),
        host: Some("print-1".into()),
        consumer_group: Some(group.clone()),
    };
    let web = Origin { service: Some("web".into()), ..Origin::default() };

    // One that passes: from it the runner learns who sends the signal.
    let first = test(case("invoice"), "invoice-1", &[]);
    sender.send_all([
        Record::trigger(&topics.names, &first),
        Record::signal(&topics.names, &first, "printed", &Value::Null).sent_by(&printer),
    ]);
    assert_eq!(explained(&topics, 1), [(State::Pass, None)]);

    // The same id once more, and so the same partition.
    let second = test(case("invoice"), "invoice-1", &[]);
    let triggered = sender.send(Record::trigger(&topics.names, &second).sent_by(&web));
    let mut reports = explained(&topics, 2);
    assert_eq!(runner.interrupted().code, Some(0));
    let (state, explanation) = reports.pop().unwrap();
    let explanation = explanation.expect("it did not pass");
    assert_eq!(state, State::Timeout);
    let [Step::Trigger(trigger), Step::Wait(wait)] = &explanation.timeline[..] else {
        panic!("a trigger and a wait: {explanation:#?}");
    };
    assert_eq!((&trigger.origin, trigger.at.offset), (&web, triggered.offset));
    assert_eq!(trigger.at.topic, topics.names.test_topic);
    assert_eq!(wait.deadline.since(wait.began).as_millis(), 500);

    let missing = explanation.waiting_for.expect("a signal is missing");
    assert_eq!((missing.name.as_str(), missing.origin), ("printed", Some(printer)));
    let consumer = missing.consumer.expect("the brokers know the group");
    assert_eq!((consumer.group, consumer.lag), (group, 7));
    assert_eq!(consumer.topics[0].topic, parcels);
    assert!(consumer.members.is_none_or(|members| members == 0), "{:?}", consumer.members);
}

#[test]
fn what_a_case_has_logged_is_in_its_report_and_told_at_once_where_it_wants_that() {
    let topics = OwnTopics::named("explained");
    let command = RunnerCommand::on(&topics).arguments("run --message-format json");
    let runner = command.start();
    runner.wait_for_text("\"type\":\"started\"");
    Sender::new().send_all([
        Record::trigger(&topics.names, &test(case("refund"), "refund-1", &[("amount", json!(7))])),
        Record::trigger(&topics.names, &test(case("gift"), "gift-1", &[("wrapped", json!(true))])),
    ]);
    let reports = explained(&topics, 2);
    let ended = runner.interrupted();
    let failed = reports.into_iter().find(|(state, _)| *state == State::Error);
    let explanation = failed.and_then(|(_, explanation)| explanation).expect("a refund was refused");
    let [line] = &explanation.logs[..] else { panic!("one line: {explanation:#?}") };
    assert_eq!((line.level.as_str(), line.message.as_str()), ("WARN", "the bank is asked amount=7"));
    assert_eq!(line.target, "livecheck_tests::cases");

    let events = ended.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let told: Vec<Value> = events.filter(|event| event["type"] == "log").collect();
    let [line] = &told[..] else { panic!("one line: {told:?}") };
    assert_eq!((&line["id"], &line["message"]), (&json!("gift-1"), &json!("looking at the paper")));
}
