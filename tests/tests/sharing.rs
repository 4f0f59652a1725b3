//! Runners of one group share the partitions.

use livecheck::wire::State;
use livecheck_tests::own_topics::OwnTopics;
use livecheck_tests::records::Sender;
use livecheck_tests::reports;
use livecheck_tests::runner::{Runner, RunnerCommand};

use crate::parcels::{done, ids, parcels, triggers};

fn runner(topics: &OwnTopics) -> Runner {
    RunnerCommand::on(topics)
        .arguments("run")
        .variable("LIVECHECK_STATUS_INTERVAL", "50ms")
        // How soon a member of a group learns that another has come or gone.
        .variable("LIVECHECK_KAFKA_HEARTBEAT_INTERVAL_MS", "300")
        .start_ready()
}

/// Waits until so many tests are in flight in a runner, by the latest of its counts.
fn until_in_flight(runner: &Runner, is_wanted: impl Fn(usize) -> bool) {
    let of = |line: &str| line.split_once("] ")?.1.split_once(" in flight, ")?.0.parse().ok();
    let () = runner.wait_for_lines("how many are in flight", |lines| {
        let latest = lines.filter(|line| line.contains("Running [")).last().and_then(of);
        latest.is_some_and(&is_wanted).then_some(())
    });
}

/// How many tests a runner says that it has passed.
fn passed(stderr: &str) -> usize {
    let summary = stderr.lines().find(|line| line.contains("Summary")).expect("a summary");
    let before = summary.split(" passed").next().unwrap();
    before.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn two_runners_share_the_work_and_one_goes_on_alone_when_the_other_is_stopped() {
    let topics = OwnTopics::named("sharing");
    let one = runner(&topics);
    // It says that it follows the topic once it has partitions, which the first one has given up then.
    let two = runner(&topics);
    let sender = Sender::new();
    let quick = parcels("quick", 60);
    sender.send_all(triggers(&topics, &quick).chain(done(&topics, &quick)));
    let _ = reports::on_each(&topics.names.report_topic, &ids(&quick));

    until_in_flight(&one, |count| count == 0);
    until_in_flight(&two, |count| count == 0);
    let waiting = parcels("waiting", 40);
    sender.send_all(triggers(&topics, &waiting));
    until_in_flight(&one, |count| count > 0);
    until_in_flight(&two, |count| count > 0);
    let one = one.terminated();
    assert_eq!(one.code, Some(0), "{}", one.stderr);
    sender.send_all(done(&topics, &waiting));
    let all = ids(quick.iter().chain(&waiting));
    let _ = reports::on_each(&topics.names.report_topic, &all);
    let two = two.interrupted();
    assert_eq!(two.code, Some(0), "{}", two.stderr);

    reports::assert_one_each(&reports::all(&topics.names.report_topic), &all, State::Pass);
    let (one, two) = (passed(&one.stderr), passed(&two.stderr));
    assert!(one > 0 && two > 40, "each had partitions: {one} and {two}");
    assert_eq!(one + two, 100);
}

#[test]
fn a_runner_that_joins_takes_over_tests_that_wait() {
    let topics = OwnTopics::named("joining");
    let one = runner(&topics);
    let sender = Sender::new();
    let waiting = parcels("waiting", 60);
    sender.send_all(triggers(&topics, &waiting));
    one.wait_for_text("60 in flight");
    let two = runner(&topics);
    until_in_flight(&two, |count| count > 0);
    sender.send_all(done(&topics, &waiting));
    let _ = reports::on_each(&topics.names.report_topic, &ids(&waiting));
    let (one, two) = (one.interrupted(), two.interrupted());
    assert_eq!((one.code, two.code), (Some(0), Some(0)));

    reports::assert_one_each(&reports::all(&topics.names.report_topic), &ids(&waiting), State::Pass);
    let (one, two) = (passed(&one.stderr), passed(&two.stderr));
    assert!(one > 0 && two > 0, "each had partitions: {one} and {two}");
    assert_eq!(one + two, 60);
}
