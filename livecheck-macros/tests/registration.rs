//! Cases of other crates, and of this one, are found once they are linked.

use std::time::Duration;

use livecheck::{Cases, Settings};
// A crate that no code names would not be linked.
use orders as _;

#[livecheck::case]
async fn here() {}

#[test]
fn the_cases_of_all_linked_crates_are_found() {
    let cases = Cases::linked().expect("no two have one name");
    let names: Vec<_> = cases.iter().map(|case| case.name).collect();
    assert_eq!(names, ["orders.internal", "orders::order_flow", "registration::here"]);
    assert!(std::ptr::eq(cases.get("registration::here").expect("it is in the list"), here::CASE));
}

#[test]
fn a_case_knows_where_it_stands_and_what_it_is_for() {
    let case = orders::order_flow::CASE;
    assert_eq!(case.location.package, "orders");
    assert!(case.location.file.ends_with("lib.rs"), "{}", case.location.file);
    let line = include_str!("../testdata/orders/src/lib.rs").lines().nth(case.location.line as usize - 1);
    assert_eq!(line, Some("pub async fn order_flow("));
    assert_eq!(case.docs, "An order keeps its side all the way to execution.\n\nIt is sampled.");
}

#[test]
fn every_option_becomes_a_setting() {
    let expected = Settings::new()
        .active(true)
        .probability(0.5)
        .warn_stalled_after(Duration::from_secs(30 * 60))
        .test_expires(Duration::from_secs(60 * 60 + 30))
        .frequency(Duration::from_secs(60))
        .max_history(10)
        .max_consecutive_failures(3)
        .state_transition_delay(Duration::from_millis(500))
        .realtime_logs(true)
        .url_timeout_total(Duration::from_secs(60))
        .url_timeout_connect(Duration::from_secs(5))
        .url_error_retries(0)
        .url_error_delay_min(Duration::from_millis(100))
        .url_error_delay_backoff(2.0)
        .url_error_delay_max(Duration::from_secs(1));
    assert_eq!(orders::order_flow::CASE.settings, expected);
    assert_eq!(here::CASE.settings, Settings::new());
}

#[test]
fn parameters_are_told_apart() {
    let case = orders::order_flow::CASE;
    let arguments: Vec<_> =
        case.arguments.iter().map(|argument| (argument.name, argument.type_name)).collect();
    assert_eq!(
        arguments,
        [("side", "Side"), ("customer", "String"), ("tags", "Vec<String>"), ("quantity", "u64")]
    );
    let signals: Vec<_> =
        case.signals.iter().map(|signal| (signal.name, signal.type_name, signal.timeout)).collect();
    assert_eq!(
        signals,
        [
            ("sent_to_db", "Signal<Order>", Some(Duration::from_secs(30))),
            ("cached", "Signal", None),
            ("executed", "Signal<u64>", Some(Duration::from_millis(250))),
            ("confirmed", "Signal<Option<Order>>", None),
        ]
    );
}
