//! A runner that is asked to end leaves what is in flight to the next one: each test is reported on, once.

use livecheck::wire::{State, TestExecution};
use livecheck_tests::own_topics::OwnTopics;
use livecheck_tests::process::Ended;
use livecheck_tests::records::Sender;
use livecheck_tests::reports;
use livecheck_tests::runner::{Runner, RunnerCommand};

use crate::parcels::{delivered, done, ids, packed, parcels, triggers};

fn runner(topics: &OwnTopics) -> Runner {
    RunnerCommand::on(topics).arguments("run").variable("LIVECHECK_STATUS_INTERVAL", "50ms").start_ready()
}

fn assert_stopped_with(in_flight: usize, ended: &Ended) {
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let said = format!("Stopping as asked, {in_flight} executions in flight");
    assert!(ended.stderr.contains(&said), "{said}\n{}", ended.stderr);
}

/// One runner begins with those tests, another ends them; then each has one report, and it is a pass.
fn assert_handed_over(topics: &OwnTopics, first: Runner, in_flight: usize, all: &[TestExecution]) {
    first.wait_for_text(&format!("{in_flight} in flight"));
    assert_stopped_with(in_flight, &first.terminated());
    let next = runner(topics);
    let sender = Sender::new();
    sender.send_all(all.iter().map(|test| delivered(topics, test)));
    let _ = reports::on_each(&topics.names.report_topic, &ids(all));
    assert_eq!(next.interrupted().code, Some(0));
    reports::assert_one_each(&reports::all(&topics.names.report_topic), &ids(all), State::Pass);
}

#[test]
fn tests_that_wait_when_a_runner_is_terminated_are_executed_by_the_next_one() {
    let topics = OwnTopics::named("hand-over");
    let first = runner(&topics);
    let waiting = parcels("waiting", 40);
    let sender = Sender::new();
    sender.send_all(triggers(&topics, &waiting));
    // A signal that the first runner has received counts for the next one too.
    sender.send_all(waiting.iter().map(|test| packed(&topics, test)));
    assert_handed_over(&topics, first, waiting.len(), &waiting);
}

#[test]
fn signals_that_come_while_no_runner_is_there_count() {
    let topics = OwnTopics::named("nobody-there");
    let first = runner(&topics);
    let waiting = parcels("waiting", 12);
    let sender = Sender::new();
    sender.send_all(triggers(&topics, &waiting));
    first.wait_for_text("12 in flight");
    assert_stopped_with(12, &first.terminated());
    let later = parcels("later", 8);
    sender.send_all(triggers(&topics, &later));
    sender.send_all(done(&topics, &waiting).chain(done(&topics, &later)));

    let all = ids(waiting.iter().chain(&later));
    let next = runner(&topics);
    let _ = reports::on_each(&topics.names.report_topic, &all);
    assert_eq!(next.interrupted().code, Some(0));
    reports::assert_one_each(&reports::all(&topics.names.report_topic), &all, State::Pass);
}

#[test]
fn tests_that_ended_after_one_that_still_waits_are_not_reported_again() {
    let topics = OwnTopics::named("overtaken");
    let first = runner(&topics);
    let sender = Sender::new();
    let (waiting, overtaking) = (parcels("waiting", 4), parcels("overtaking", 40));
    sender.send_all(triggers(&topics, &waiting).chain(waiting.iter().map(|test| packed(&topics, test))));
    sender.send_all(triggers(&topics, &overtaking));
    sender.send_all(done(&topics, &overtaking));
    let _ = reports::on_each(&topics.names.report_topic, &ids(&overtaking));
    let all: Vec<_> = waiting.into_iter().chain(overtaking).collect();
    assert_handed_over(&topics, first, 4, &all);
}
