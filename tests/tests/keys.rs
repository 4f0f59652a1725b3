//! Signals in other partitions than the tests that wait for them: they find them, whichever runner has them.

use std::time::Duration;

use livecheck::wire::{State, TestExecution};
use livecheck_tests::own_topics::{OwnTopics, test};
use livecheck_tests::records::{Record, Sender};
use livecheck_tests::reports;
use livecheck_tests::runner::{Runner, RunnerCommand};
use serde_json::{Value, json};

use crate::parcels::{case, delivered, done, ids, packed, parcels, triggers};

fn runner(topics: &OwnTopics) -> Runner {
    RunnerCommand::on(topics)
        .arguments("run")
        .variable("LIVECHECK_KAFKA_HEARTBEAT_INTERVAL_MS", "300")
        // The group notices a death by the session's end.
        .variable("LIVECHECK_KAFKA_SESSION_TIMEOUT_MS", "6000")
        .variable("LIVECHECK_COMMIT_INTERVAL", "10ms")
        .variable("LIVECHECK_SAVE_AFTER", "200ms")
        .variable("LIVECHECK_STATUS_INTERVAL", "50ms")
        .start_ready()
}

fn number_of(shipment: &TestExecution) -> String {
    format!("number of {}", shipment.id)
}

/// So many shipments, each with a number of its own, which is what the company that carries it knows.
fn shipments(name: &str, count: usize) -> Vec<TestExecution> {
    let ids = (0..count).map(|number| format!("{name}-{number}"));
    ids.map(|id| test(case("shipment"), &id, &[("number", json!(format!("number of {id}")))])).collect()
}

fn arrived<'r>(topics: &'r OwnTopics, shipments: &'r [TestExecution]) -> impl Iterator<Item = Record> + 'r {
    shipments.iter().map(|shipment| {
        let key = number_of(shipment);
        Record::signal_with_key(&topics.names, &shipment.case_name, &key, "delivered", &json!(3))
    })
}

fn assert_passed(topics: &OwnTopics, tests: &[TestExecution], runners: impl IntoIterator<Item = Runner>) {
    let _ = reports::on_each(&topics.names.report_topic, &ids(tests));
    for runner in runners {
        assert_eq!(runner.interrupted().code, Some(0));
    }
    reports::assert_one_each(&reports::all(&topics.names.report_topic), &ids(tests), State::Pass);
}

#[test]
fn a_signal_with_a_key_finds_its_test_whichever_runner_has_it() {
    let topics = OwnTopics::named("keys");
    let (one, two) = (runner(&topics), runner(&topics));
    let sender = Sender::new();
    let (early, late) = (shipments("early", 40), shipments("late", 40));
    sender.send_all(arrived(&topics, &early));
    sender.send_all(triggers(&topics, &early).chain(triggers(&topics, &late)));
    sender.send_all(arrived(&topics, &late));
    let all: Vec<_> = early.into_iter().chain(late).collect();
    assert_passed(&topics, &all, [one, two]);
}

#[test]
fn every_test_that_waits_for_a_key_gets_its_signal() {
    let topics = OwnTopics::named("one-key");
    let runner = runner(&topics);
    let sender = Sender::new();
    let of_one = |id: usize| test(case("shipment"), &format!("s-{id}"), &[("number", json!("container-7"))]);
    let all: Vec<_> = (0..30).map(of_one).collect();
    let arrived =
        Record::signal_with_key(&topics.names, &all[0].case_name, "container-7", "delivered", &json!(3));
    sender.send_all(triggers(&topics, &all[..15]));
    sender.send(arrived);
    sender.send_all(triggers(&topics, &all[15..]));
    assert_passed(&topics, &all, [runner]);
}

#[test]
fn a_runner_that_is_killed_while_tests_wait_for_keys_loses_nothing() {
    let topics = OwnTopics::named("keys-killed");
    let (victim, survivor) = (runner(&topics), runner(&topics));
    let sender = Sender::new();
    let (long, short, held) = (shipments("long", 30), shipments("short", 30), shipments("held", 30));
    sender.send_all(triggers(&topics, &long));
    sender.send_all(arrived(&topics, &held));
    // Some of what they wait for has been asked and saved by then, and some has not.
    survivor.wait_for_text(" in flight");
    sender.send_all(triggers(&topics, &short));
    drop(victim);
    sender.send_all(arrived(&topics, &short));
    sender.send_all(triggers(&topics, &held).chain(arrived(&topics, &long)));
    let all: Vec<_> = long.into_iter().chain(short).chain(held).collect();
    assert_passed(&topics, &all, [survivor]);
}

#[test]
fn after_an_outage_longer_than_tests_live_a_partition_that_is_behind_still_finds_its_signals() {
    let topics = OwnTopics::created("keys-outage", &[]);
    let sender = Sender::new();
    let label = |id: &str| test(case("label"), id, &[("address", json!("12 High Street"))]);
    let of_one_account = |tests: &[TestExecution]| {
        triggers(&topics, tests).map(|trigger| trigger.key("account-7")).collect::<Vec<_>>()
    };
    // One partition has much to do before the tests that wait.
    let before: Vec<_> = (0..5_000).map(|number| label(&format!("before-{number}"))).collect();
    sender.send_all(of_one_account(&before));
    let numbers = (0..20).map(|number| format!("number-{number}"));
    let fetched: Vec<_> = numbers
        .enumerate()
        .map(|(id, number)| test(case("pickup"), &format!("p-{id}"), &[("number", json!(number))]))
        .collect();
    sender.send_all(of_one_account(&fetched));
    let case = &fetched[0].case_name;
    sender.send_all((0..20).map(|number| {
        Record::signal_with_key(&topics.names, case, &format!("number-{number}"), "fetched", &Value::Null)
    }));
    // Nobody is there for longer than such a test lives. Then there is something new in each of the others.
    std::thread::sleep(Duration::from_millis(2_500));
    let after: Vec<_> = (0..20).map(|number| label(&format!("after-{number}"))).collect();
    sender.send_all(triggers(&topics, &after));
    let runner = runner(&topics);
    let all: Vec<_> = before.into_iter().chain(fetched).chain(after).collect();
    assert_passed(&topics, &all, [runner]);
}

#[test]
fn a_key_that_does_not_come_is_a_timeout() {
    let topics = OwnTopics::named("keys-timeout");
    let runner = runner(&topics);
    let sender = Sender::new();
    let collections: Vec<_> = (0..8)
        .map(|id| test(case("collection"), &format!("c-{id}"), &[("number", json!(format!("number-{id}")))]))
        .collect();
    sender.send_all(triggers(&topics, &collections));
    let _ = reports::on_each(&topics.names.report_topic, &ids(&collections));
    assert_eq!(runner.interrupted().code, Some(0));
    let reports = reports::all(&topics.names.report_topic);
    reports::assert_one_each(&reports, &ids(&collections), State::Timeout);
    let said = |id: usize| format!("signal `collected` with key `number-{id}` did not come within 500ms");
    let mut errors: Vec<_> = reports.iter().filter_map(|report| report.value.error.clone()).collect();
    errors.sort_unstable();
    assert_eq!(errors, (0..8).map(said).collect::<Vec<_>>());
}

#[test]
fn tests_of_one_account_meet_in_one_partition_and_their_signals_find_them() {
    let topics = OwnTopics::named("accounts");
    let (one, two) = (runner(&topics), runner(&topics));
    let sender = Sender::new();
    let all = parcels("of-account", 40);
    sender.send_all(triggers(&topics, &all).map(|trigger| trigger.key("account-7")));
    // Our clients pass the partition key on; Faust's do not.
    sender.send_all(all.iter().map(|parcel| packed(&topics, parcel).key("account-7")));
    sender.send_all(all.iter().map(|parcel| delivered(&topics, parcel)));
    assert_passed(&topics, &all, [one, two]);
    let reports = reports::all(&topics.names.report_topic);
    assert!(reports.iter().all(|report| report.partition == reports[0].partition), "{reports:?}");
}

#[test]
fn a_run_of_ones_own_finds_signals_of_all_partitions() {
    let topics = OwnTopics::created("keys-alone", &[]);
    let alone = RunnerCommand::on(&topics).arguments("run --max-executions 40").start_ready();
    let sender = Sender::new();
    let all = shipments("alone", 40);
    sender.send_all(triggers(&topics, &all).chain(arrived(&topics, &all)));
    let ended = alone.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("40 passed"), "{}", ended.stderr);
}

#[test]
fn a_signal_that_fits_no_type_is_said_with_the_place_where_it_stands() {
    let topics = OwnTopics::named("keys-payload");
    let runner = runner(&topics);
    let sender = Sender::new();
    let shipment = shipments("wrong", 1).remove(0);
    let key = number_of(&shipment);
    let wrong =
        Record::signal_with_key(&topics.names, &shipment.case_name, &key, "delivered", &Value::from("all"));
    let place = sender.send(wrong);
    sender.send_all(triggers(&topics, std::slice::from_ref(&shipment)));
    let reports = reports::on_each(&topics.names.report_topic, &ids([&shipment]));
    assert_eq!(runner.interrupted().code, Some(0));
    let error = reports[0].value.error.clone().unwrap();
    let at = format!("partition {}, offset {} of the bus", place.partition, place.offset);
    assert!(error.contains(&at), "{error}");
}

/// A sender with the partitioner that librdkafka has by default.
fn astray() -> Sender {
    Sender::with(&[("partitioner", "consistent_random")])
}

#[test]
fn signals_of_a_sender_with_another_partitioner_find_their_tests_and_it_is_told_what_to_set() {
    let topics = OwnTopics::named("partitioner");
    let (one, two) = (runner(&topics), runner(&topics));
    let sender = Sender::new();
    let (parcels, shipments) = (parcels("packed", 30), shipments("carried", 30));
    // Some come before their tests, some after; some have the id of their test as key, and some another one.
    astray()
        .send_all(parcels.iter().map(|parcel| packed(&topics, parcel)).chain(arrived(&topics, &shipments)));
    sender.send_all(triggers(&topics, &parcels).chain(triggers(&topics, &shipments)));
    astray().send_all(parcels.iter().map(|parcel| delivered(&topics, parcel)));
    one.wait_for_text("Let that sender set partitioner=murmur2_random");
    let all: Vec<_> = parcels.into_iter().chain(shipments).collect();
    assert_passed(&topics, &all, [one, two]);
}

#[test]
fn a_sender_with_another_partitioner_may_trigger_too() {
    let topics = OwnTopics::named("partitioner-trigger");
    let (one, two) = (runner(&topics), runner(&topics));
    let all = parcels("astray", 30);
    astray().send_all(triggers(&topics, &all).chain(done(&topics, &all)));
    assert_passed(&topics, &all, [one, two]);
}

#[test]
fn a_runner_that_is_killed_before_it_hands_signals_on_makes_no_timeout() {
    let topics = OwnTopics::named("partitioner-killed");
    let (victim, survivor) = (runner(&topics), runner(&topics));
    let sender = Sender::new();
    let seen = parcels("seen", 20);
    sender.send_all(triggers(&topics, &seen));
    astray().send_all(done(&topics, &seen));
    let _ = reports::on_each(&topics.names.report_topic, &ids(&seen));
    drop(victim);
    // Half a second is soon over, and what the victim had is read by nobody until the group has noticed.
    let invoices: Vec<_> = (0..40).map(|id| test(case("invoice"), &format!("invoice-{id}"), &[])).collect();
    let printed = |invoice| Record::signal(&topics.names, invoice, "printed", &Value::Null);
    astray().send_all(invoices.iter().map(printed));
    sender.send_all(triggers(&topics, &invoices));
    let all: Vec<_> = seen.into_iter().chain(invoices).collect();
    assert_passed(&topics, &all, [survivor]);
}
