//! The services as processes, on the embedded broker: what do they put on LiveCheck's topics?

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "where a step of a test fails, the test has failed")]

mod records;
mod system;

use std::collections::{BTreeMap, BTreeSet};

use records::{Record, committed, read_all};
use serde_json::{Value, json};
use stock_orders::cache::OrderCache;
use stock_orders::database::OrderDatabase;
use stock_orders::{Order, kafka};
use system::System;

const CASE: &str = "stock_orders::cases::order_flow";
const HEADERS: [&str; 4] =
    ["LiveCheck-Test-Id", "LiveCheck-Test-Name", "LiveCheck-Test-Timestamp", "LiveCheck-Test-Expires"];

#[tokio::test(flavor = "multi_thread")]
async fn twenty_orders_leave_their_tests_and_signals_on_the_topics() {
    let system = System::start(&[]).await;
    let ids = system.post(&["--count", "20"]).await;
    assert_eq!(ids.len(), 20);
    system.until_executed(20).await;
    let system = system.stop().await;

    // The services did their work, with a test or without.
    let cache = OrderCache::create(system.data_dir()).await.unwrap();
    let orders = read_all(system.servers(), kafka::ORDERS);
    assert_eq!(orders.iter().map(|record| record.key.clone()).collect::<BTreeSet<_>>(), ids);
    for record in &orders {
        let order: Order = serde_json::from_value(record.value.clone()).unwrap();
        assert!(cache.contains(&order).await.unwrap());
    }

    // Some of the orders are followed by a test. (All of them, or none: once in half a million runs.)
    let tests = read_all(system.servers(), "livecheck");
    let followed: BTreeMap<&str, &Record> = tests.iter().map(|test| (test.key.as_str(), test)).collect();
    assert_eq!(followed.len(), tests.len(), "an order is followed by one test");
    assert!((1..20).contains(&followed.len()), "{} of 20 are followed", followed.len());
    for test in &tests {
        assert!(ids.contains(&test.key));
        let Value::Object(value) = &test.value else { panic!("{}", test.value) };
        assert_eq!(value["id"], test.key.as_str());
        assert_eq!(value["case_name"], CASE);
        assert_eq!(value["test_args"], json!([]));
        let order = orders.iter().find(|order| order.key == test.key).unwrap();
        assert_eq!(value["test_kwargs"], json!({ "side": order.value["side"] }));
        assert!(HEADERS.iter().all(|name| !test.headers.contains_key(*name)));
    }

    // Each of these has its four signals, in the partition of its number, and no other order has one.
    let signals = read_all(system.servers(), "livecheck-bus");
    let mut names_by_id: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for signal in &signals {
        let test = followed[signal.key.as_str()];
        assert_eq!(signal.partition, test.partition);
        assert_eq!(signal.value["case_name"], CASE);
        assert_eq!(signal.value["key"], signal.key.as_str());
        assert_belongs_to(test, signal);
        let name = signal.value["signal_name"].as_str().unwrap();
        let order = &orders.iter().find(|order| order.key == signal.key).unwrap().value;
        match name {
            "order_sent_to_db" => assert_eq!(&signal.value["value"], order),
            "order_executed" => assert!(signal.value["value"].is_string()),
            _ => assert_eq!(signal.value["value"], Value::Null),
        }
        assert!(names_by_id.entry(&signal.key).or_default().insert(name), "{name} came twice");
    }
    assert!(names_by_id.keys().eq(followed.keys()));
    let all = ["order_cached", "order_executed", "order_sent_to_db", "order_sent_to_kafka"];
    assert!(names_by_id.values().all(|names| names.iter().eq(&all)), "{names_by_id:#?}");

    // The services' own records carry the test on, and so each service knew of it.
    for topic in [kafka::ORDERS, kafka::ORDER_EXECUTION] {
        for record in read_all(system.servers(), topic) {
            match followed.get(record.key.as_str()) {
                Some(test) => assert_belongs_to(test, &record),
                None => assert!(HEADERS.iter().all(|name| !record.headers.contains_key(*name))),
            }
        }
    }
}

/// The headers of `record` are those of the test.
fn assert_belongs_to(test: &Record, record: &Record) {
    let offset = |name: &str| test.value[name].as_str().unwrap().replace('Z', "+00:00");
    let expected = [test.key.clone(), CASE.to_owned(), offset("timestamp"), offset("expires")];
    for (name, expected) in HEADERS.iter().zip(expected) {
        assert_eq!(record.headers.get(*name), Some(&expected), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fake_order_goes_all_the_way_and_is_not_executed() {
    let system = System::start(&[]).await;
    let ids = system.post(&["--count", "1", "--side", "sell", "--fake"]).await;
    system
        .until("the order is on its last topic", async || {
            read_all(system.servers(), kafka::ORDER_EXECUTION).len() == 1
        })
        .await;
    let system = system.stop().await;

    let order = read_all(system.servers(), kafka::ORDER_EXECUTION).remove(0);
    assert!(ids.contains(&order.key));
    assert_eq!((&order.value["side"], &order.value["fake"]), (&json!("sell"), &json!(true)));
    let database = OrderDatabase::create(system.data_dir()).await.unwrap();
    assert_eq!((database.count().await.unwrap(), database.executed().await.unwrap()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_variable_breaks_the_website() {
    let system = System::start(&[("STOCK_ORDERS_BREAK", "wrong-side")]).await;
    system.post(&["--count", "1", "--side", "sell"]).await;
    system.until_executed(1).await;
    let system = system.stop().await;
    assert_eq!(read_all(system.servers(), kafka::ORDERS)[0].value["side"], "buy");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creator_that_skips_the_cache_hands_the_order_on_all_the_same() {
    let system = System::start(&[("STOCK_ORDERS_BREAK", "skip-cache")]).await;
    system.post(&["--count", "1"]).await;
    system.until_executed(1).await;
    let cache = OrderCache::open(system.data_dir()).await.unwrap();
    assert!(!cache.contains(&only_order(&system)).await.unwrap());
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creator_without_a_cache_hands_the_order_on_all_the_same() {
    let system = System::start(&[("STOCK_ORDERS_BREAK", "cache-down")]).await;
    system.post(&["--count", "1"]).await;
    system.until_executed(1).await;
    let cache = OrderCache::open(system.data_dir()).await.unwrap();
    cache.contains(&only_order(&system)).await.unwrap_err();
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_executor_that_forgets_orders_is_done_with_them_all_the_same() {
    let system = System::start(&[("STOCK_ORDERS_BREAK", "drop-execution")]).await;
    system.post(&["--count", "1"]).await;
    system
        .until("the executor is done with the order", async || {
            committed(system.servers(), "order-executor", kafka::ORDER_EXECUTION) == 1
        })
        .await;
    let system = system.stop().await;
    let database = OrderDatabase::create(system.data_dir()).await.unwrap();
    assert_eq!(database.executed().await.unwrap(), 0);
}

fn only_order(system: &System) -> Order {
    let mut orders = read_all(system.servers(), kafka::ORDERS);
    assert_eq!(orders.len(), 1);
    serde_json::from_value(orders.remove(0).value).unwrap()
}
