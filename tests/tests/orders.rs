//! The tutorial's orders, through its services: every one that is followed is reported on, once.

use std::collections::BTreeSet;

use livecheck::wire::{State, TestExecution, decode};
use livecheck_tests::reports::{self, TopicReader};
use livecheck_tests::stock_order_system::StockOrderSystem;
use rdkafka::message::Message as _;

const ORDERS: usize = 1_000;

#[test]
fn of_a_thousand_orders_that_are_followed_each_passes_once() {
    let system = StockOrderSystem::start("orders-all");
    let posted = system.post_followed(ORDERS);
    assert_eq!(posted.len(), ORDERS);
    let topics = system.topics().clone();
    let _ = reports::on_each(&topics.names.report_topic, &posted);
    system.stop();

    let reports = reports::all(&topics.names.report_topic);
    reports::assert_one_each(&reports, &posted, State::Pass);
    let signals = ["order_cached", "order_executed", "order_sent_to_db", "order_sent_to_kafka"];
    for report in reports {
        assert!(report.value.signal_latency.keys().eq(&signals), "{:?}", report.value);
    }
}

#[test]
fn at_a_probability_of_one_half_half_of_the_orders_are_followed_and_each_passes_once() {
    let system = StockOrderSystem::start("orders-half");
    let posted = system.post(ORDERS);
    assert_eq!(posted.len(), ORDERS);
    let topics = system.topics().clone();
    let followed = triggered(&topics.names.test_topic);
    assert!(followed.is_subset(&posted));
    // Six standard deviations of the binomial distribution: by chance alone it fails once in 500 million runs.
    let (expected, six_sigma) = (ORDERS / 2, 95);
    assert!(followed.len().abs_diff(expected) <= six_sigma, "{} of {ORDERS} were followed", followed.len());
    let _ = reports::on_each(&topics.names.report_topic, &followed);
    system.stop();

    assert_eq!(triggered(&topics.names.test_topic), followed, "no trigger came late");
    reports::assert_one_each(&reports::all(&topics.names.report_topic), &followed, State::Pass);
}

/// The ids of the tests on the topic.
fn triggered(topic: &str) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    TopicReader::new(topic).read_to_end(|message| {
        let test: TestExecution = decode(message.payload()).expect("a test");
        assert!(ids.insert(test.id.to_string()), "{} was triggered twice", test.id);
    });
    ids
}
