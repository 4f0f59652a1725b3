//! The three topics: created alike, and refused where they differ.

use livecheck_tests::kafka::Kafka;
use livecheck_tests::own_topics::{OwnTopics, PARTITIONS};
use livecheck_tests::runner::RunnerCommand;

#[test]
fn a_runner_creates_its_topics_co_partitioned_and_stamped_by_the_brokers() {
    let topics = OwnTopics::named("created");
    let runner = RunnerCommand::on(&topics).arguments("run").start_ready();
    for name in topics.all() {
        assert_eq!(Kafka::shared().partitions(name), usize::try_from(PARTITIONS).unwrap(), "{name}");
        assert_eq!(Kafka::shared().settings(name)["message.timestamp.type"], "LogAppendTime", "{name}");
    }
    assert_eq!(runner.interrupted().code, Some(0));
}

#[test]
fn a_topic_that_is_missing_gets_the_partition_count_of_those_that_are_there() {
    let topics = OwnTopics::named("missing");
    Kafka::shared().create_topic(&topics.names.bus_topic, 3, &[]);
    let runner = RunnerCommand::on(&topics).arguments("run").start_ready();
    for name in topics.all() {
        assert_eq!(Kafka::shared().partitions(name), 3, "{name}");
    }
    assert_eq!(runner.interrupted().code, Some(0));
}

#[test]
fn topics_of_different_partition_counts_are_refused_with_what_to_do() {
    let topics = OwnTopics::named("mismatch");
    Kafka::shared().create_topic(&topics.names.test_topic, 4, &[]);
    Kafka::shared().create_topic(&topics.names.bus_topic, 2, &[]);
    let ended = RunnerCommand::on(&topics).arguments("run").output();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(96), ""));
    let (tests, bus) = (&topics.names.test_topic, &topics.names.bus_topic);
    for said in [
        format!("topic `{tests}` has 4 partitions and topic `{bus}` has 2"),
        format!("kafka-topics.sh --alter --topic {bus} --partitions 4"),
    ] {
        assert!(ended.stderr.contains(&said), "{said}\n{}", ended.stderr);
    }
    assert_eq!(Kafka::shared().partitions(&topics.names.report_topic), 0, "nothing is created then");
}

#[test]
fn a_topic_that_forgets_before_a_test_ends_is_warned_of_with_what_to_do() {
    let topics = OwnTopics::created("forgetful", &[("retention.ms", "60000")]);
    let runner = RunnerCommand::on(&topics).arguments("run").start_ready();
    for topic in topics.all() {
        runner.wait_for_text(&format!("topic {topic}: keeps records for 1m, and a test of"));
    }
    runner.wait_for_text("--add-config retention.ms=21600000");
    assert_eq!(runner.interrupted().code, Some(0));
}
