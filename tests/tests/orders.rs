//! The tutorial's orders, through its services: every one that is followed is reported on, once.

use std::collections::BTreeSet;

use livecheck::wire::{State, TestExecution, decode};
use livecheck_tests::reports::{self, TopicReader};
use livecheck_tests::stock_order_system::StockOrderSystem;
use rdkafka::message::Message as _;

const ORDERS: usize = 1_000;

#[test]
fn every_order_that_is_followed_passes_once_all_of_a_thousand_and_half_of_another_thousand() {
    let system = StockOrderSystem::start("orders");
    let topics = system.topics().names.clone();

    // At a probability of 1.0 each order is followed.
    let all = system.post_followed(ORDERS);
    assert_eq!(all.len(), ORDERS);
    assert_eq!(triggered(&topics.test_topic), all);
    let _ = reports::on_each(&topics.report_topic, &all);

    // At a probability of 0.5, that of the case, half of them are.
    let posted = system.post(ORDERS);
    assert_eq!(posted.len(), ORDERS);
    let followed = &triggered(&topics.test_topic) - &all;
    assert!(followed.is_subset(&posted));
    // Six standard deviations of the binomial distribution: by chance alone it fails once in 500 million runs.
    let (expected, six_sigma) = (ORDERS / 2, 95);
    assert!(followed.len().abs_diff(expected) <= six_sigma, "{} of {ORDERS} were followed", followed.len());
    let _ = reports::on_each(&topics.report_topic, &followed);
    system.stop();

    let followed = &all | &followed;
    assert_eq!(triggered(&topics.test_topic), followed, "no trigger came late");
    let reports = reports::all(&topics.report_topic);
    reports::assert_one_each(&reports, &followed, State::Pass);
    let signals = ["order_cached", "order_executed", "order_sent_to_db", "order_sent_to_kafka"];
    for report in reports {
        assert!(report.value.signal_latency.keys().eq(&signals), "{:?}", report.value);
    }
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
