//! The three topics, and the other things that a run finds wrong before it starts.

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
fn brokers_that_do_not_answer_are_an_error_that_names_them() {
    // Port 9 is that of the discard service, which nobody runs.
    let ended = RunnerCommand::without_topics()
        .variable("LIVECHECK_BOOTSTRAP_SERVERS", "127.0.0.1:9")
        .arguments("run")
        .output();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(96), ""));
    assert!(ended.stderr.contains("error: no Kafka broker at 127.0.0.1:9 answered"), "{}", ended.stderr);
    assert!(ended.stderr.contains("= help: "), "{}", ended.stderr);
}

#[test]
fn two_cases_of_one_name_are_an_error_that_names_both() {
    for command in ["list", "run"] {
        let ended = RunnerCommand::without_topics().program("same-name-runner").arguments(command).output();
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(96), ""), "{command}: {}", ended.stderr);
        assert!(ended.stderr.contains("two cases are named `shop::parcel`"), "{}", ended.stderr);
        assert_eq!(ended.stderr.matches("tests/src/bin/same-name-runner.rs:").count(), 2, "{}", ended.stderr);
        assert!(ended.stderr.contains("name = "), "it says what to do: {}", ended.stderr);
    }
}
