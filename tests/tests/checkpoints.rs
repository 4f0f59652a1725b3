//! What has been in flight for a while is saved: whoever takes over needs no log of it.

use std::time::{Duration, Instant};

use livecheck::wire::State;
use livecheck_tests::PATIENCE;
use livecheck_tests::commits::needs_no_log;
use livecheck_tests::kafka::Kafka;
use livecheck_tests::own_topics::OwnTopics;
use livecheck_tests::records::Sender;
use livecheck_tests::reports;
use livecheck_tests::runner::{Runner, RunnerCommand};

use crate::parcels::{delivered, done, ids, packed, parcels, triggers};

fn runner(topics: &OwnTopics) -> Runner {
    RunnerCommand::on(topics)
        .arguments("run")
        // The group notices a death by the session's end.
        .variable("LIVECHECK_KAFKA_SESSION_TIMEOUT_MS", "6000")
        .variable("LIVECHECK_COMMIT_INTERVAL", "10ms")
        .variable("LIVECHECK_SAVE_AFTER", "200ms")
        .start_ready()
}

#[test]
fn a_runner_that_takes_over_needs_no_log_of_what_was_saved() {
    let topics = OwnTopics::named("saved");
    let sender = Sender::new();
    let (triggered, to_come) = (parcels("triggered", 50), parcels("to-come", 10));
    let victim = runner(&topics);
    sender.send_all(triggers(&topics, &triggered));
    // One signal of each has been waited for; and some have come before their test.
    sender.send_all(triggered.iter().map(|parcel| packed(&topics, parcel)));
    sender.send_all(done(&topics, &to_come));
    let deadline = Instant::now() + PATIENCE;
    while !needs_no_log(&topics) {
        assert!(Instant::now() < deadline, "what was in flight was not saved");
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(victim);

    Kafka::shared().empty(&topics.names.test_topic);
    Kafka::shared().empty(&topics.names.bus_topic);
    let successor = runner(&topics);
    sender.send_all(triggered.iter().map(|parcel| delivered(&topics, parcel)));
    sender.send_all(triggers(&topics, &to_come));
    let all: Vec<_> = triggered.into_iter().chain(to_come).collect();
    let _ = reports::on_each(&topics.names.report_topic, &ids(&all));
    assert_eq!(successor.interrupted().code, Some(0));
    reports::assert_one_each(&reports::all(&topics.names.report_topic), &ids(&all), State::Pass);
}
