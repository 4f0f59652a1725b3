//! A runner that is killed loses nothing and repeats nothing: the next one goes on from what was committed.

use livecheck::wire::State;
use livecheck_tests::PATIENCE;
use livecheck_tests::kafka::Kafka;
use livecheck_tests::own_topics::OwnTopics;
use livecheck_tests::records::Sender;
use livecheck_tests::reports;
use livecheck_tests::runner::{Runner, RunnerCommand};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

use crate::parcels::{done, ids, parcels, triggers};

fn runner(topics: &OwnTopics) -> Runner {
    // The group notices a death by the session's end.
    RunnerCommand::on(topics)
        .arguments("run")
        .variable("LIVECHECK_KAFKA_SESSION_TIMEOUT_MS", "6000")
        .variable("LIVECHECK_COMMIT_INTERVAL", "10ms")
        .start_ready()
}

#[test]
fn runners_that_are_killed_at_their_work_leave_one_report_on_each_test() {
    let topics = OwnTopics::named("killed");
    let sender = Sender::new();
    let mut all = Vec::new();
    for round in 0..2 {
        let victim = runner(&topics);
        let waiting = parcels(&format!("waiting-{round}"), 20);
        let ending = parcels(&format!("ending-{round}"), 200);
        sender.send_all(triggers(&topics, &waiting).chain(triggers(&topics, &ending)));
        sender.send_all(done(&topics, &ending));
        // In the midst of it: some reports are committed, some are in a transaction, some are not written.
        let _ = reports::first(&topics.names.report_topic, all.len() + 20);
        drop(victim);
        sender.send_all(done(&topics, &waiting));
        all.extend(waiting.into_iter().chain(ending));
    }
    let last = runner(&topics);
    let _ = reports::on_each(&topics.names.report_topic, &ids(&all));
    assert_eq!(last.interrupted().code, Some(0));
    reports::assert_one_each(&reports::all(&topics.names.report_topic), &ids(&all), State::Pass);
}

#[test]
fn a_trigger_that_is_repeated_after_a_take_over_is_known() {
    let topics = OwnTopics::named("repeated");
    let sender = Sender::new();
    let victim = runner(&topics);
    let first = parcels("first", 20);
    sender.send_all(triggers(&topics, &first).chain(done(&topics, &first)));
    let _ = reports::on_each(&topics.names.report_topic, &ids(&first));
    drop(victim);

    // As a producer does whose acknowledgement got lost.
    sender.send_all(triggers(&topics, &first).chain(done(&topics, &first)));
    let then = parcels("then", 40);
    sender.send_all(triggers(&topics, &then).chain(done(&topics, &then)));
    let successor = runner(&topics);
    let _ = reports::on_each(&topics.names.report_topic, &ids(&then));
    assert_eq!(successor.interrupted().code, Some(0));
    let all: Vec<_> = first.into_iter().chain(then).collect();
    reports::assert_one_each(&reports::all(&topics.names.report_topic), &ids(&all), State::Pass);
}

#[test]
fn a_runner_with_a_name_of_its_own_that_is_killed_goes_on_before_its_session_ends() {
    let topics = OwnTopics::named("named");
    let sender = Sender::new();
    let named = || {
        RunnerCommand::on(&topics)
            .arguments("run")
            .variable("LIVECHECK_KAFKA_GROUP_INSTANCE_ID", "runner-1")
            // Nobody waits for that: who has the name has the partitions.
            .variable("LIVECHECK_KAFKA_SESSION_TIMEOUT_MS", "300000")
            .variable("LIVECHECK_COMMIT_INTERVAL", "10ms")
            .start_ready()
    };
    let victim = named();
    let (waiting, ending) = (parcels("waiting", 20), parcels("ending", 200));
    sender.send_all(triggers(&topics, &waiting).chain(triggers(&topics, &ending)));
    sender.send_all(done(&topics, &ending));
    let _ = reports::first(&topics.names.report_topic, 20);
    drop(victim);

    let successor = named();
    sender.send_all(done(&topics, &waiting));
    let all: Vec<_> = waiting.into_iter().chain(ending).collect();
    let _ = reports::on_each(&topics.names.report_topic, &ids(&all));
    assert_eq!(successor.interrupted().code, Some(0));
    reports::assert_one_each(&reports::all(&topics.names.report_topic), &ids(&all), State::Pass);
}

#[test]
fn what_a_runner_of_that_name_left_open_is_ended_when_it_is_there_again() {
    let topics = OwnTopics::created("left-open", &[]);
    // As a runner that is killed between a record and its commit; brokers would wait for it for five minutes.
    let id = format!("livecheck-{}-runner-1", topics.group);
    let dead: BaseProducer =
        Kafka::shared().client(&[("transactional.id", &id), ("transaction.timeout.ms", "300000")]);
    dead.init_transactions(PATIENCE).unwrap();
    dead.begin_transaction().unwrap();
    let partitions = i32::try_from(Kafka::shared().partitions(&topics.names.bus_topic)).unwrap();
    for partition in 0..partitions {
        let left =
            BaseRecord::<(), str>::to(&topics.names.bus_topic).partition(partition).payload("left open");
        dead.send(left).unwrap();
    }
    dead.flush(PATIENCE).unwrap();

    // Nobody reads what is behind that until it is ended.
    let parcels = parcels("behind", 20);
    Sender::new().send_all(triggers(&topics, &parcels).chain(done(&topics, &parcels)));
    let runner = RunnerCommand::on(&topics)
        .arguments("run")
        .variable("LIVECHECK_KAFKA_GROUP_INSTANCE_ID", "runner-1")
        .start_ready();
    let _ = reports::on_each(&topics.names.report_topic, &ids(&parcels));
    assert_eq!(runner.interrupted().code, Some(0));
    reports::assert_one_each(&reports::all(&topics.names.report_topic), &ids(&parcels), State::Pass);
}
