//! What a service does with a case: triggers and signals, through a client that keeps what it is given.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use livecheck::client::{Client, OutgoingRecord, Rejected, Sink, Topics};
use livecheck::wire::{SignalEvent, TestExecution, decode};
use livecheck::{Context, Signal, current};
use orders::{Order, Side, order_flow};

/// A record that was sent.
struct Sent {
    topic: String,
    key: String,
    value: Vec<u8>,
    headers: Vec<(&'static str, String)>,
}

/// The records sent so far in this program: a client is installed once.
fn records() -> &'static Mutex<Vec<Sent>> {
    static RECORDS: OnceLock<Arc<Mutex<Vec<Sent>>>> = OnceLock::new();

    struct Kept(Arc<Mutex<Vec<Sent>>>);

    impl Sink for Kept {
        fn send(&self, record: OutgoingRecord<'_>) -> Result<(), Rejected> {
            self.0.lock().expect("no test panics here").push(Sent {
                topic: record.topic.to_owned(),
                key: record.key.to_owned(),
                value: record.value.to_owned(),
                headers: record.headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
            });
            Ok(())
        }

        fn flush(&self, _timeout: Duration) {}
    }

    RECORDS.get_or_init(|| {
        let records = Arc::default();
        livecheck::install(Client::new(Kept(Arc::clone(&records)), Topics::default()))
            .expect("only this function installs one");
        records
    })
}

/// The values of the records about that test.
fn sent(topic: &str, id: &str) -> Vec<Vec<u8>> {
    let records = records().lock().expect("no test panics here");
    records
        .iter()
        .filter(|record| record.topic == topic && record.key == id)
        .map(|record| record.value.clone())
        .collect()
}

fn order() -> Order {
    Order { id: "o-1".to_owned(), side: Side::Sell }
}

/// What the arguments of a test are, by name, as JSON.
fn arguments(test: &TestExecution) -> Vec<(&'static str, String)> {
    let named = order_flow::CASE.arguments.iter().enumerate();
    named
        .filter_map(|(index, argument)| {
            test.arguments.get(index, argument.name).map(|json| (argument.name, json.get().to_owned()))
        })
        .collect()
}

#[test]
fn a_trigger_sends_its_arguments_by_name() {
    records();
    let order = order();
    let context = order_flow::trigger(order.side, "me", ["new".to_owned()], 3).id("by name").send();
    let sent = sent("livecheck", "by name");
    let test: TestExecution = decode(sent.first().map(Vec::as_slice)).expect("one test was sent");
    assert_eq!(test.case_name.as_str(), "orders::order_flow");
    assert_eq!(context.as_ref().map(Context::key), Some(&test.key()));
    assert_eq!(
        arguments(&test),
        [
            ("side", "\"Sell\"".to_owned()),
            ("customer", "\"me\"".to_owned()),
            ("tags", "[\"new\"]".to_owned()),
            ("quantity", "3".to_owned()),
        ]
    );
}

/// A literal finds its type, and nothing need be cloned, in whatever form the service has it.
#[test]
#[expect(clippy::needless_borrows_for_generic_args, reason = "that it can be given so is the point")]
fn arguments_are_given_by_value_or_by_reference() {
    let (order, tags) = (order(), vec!["new".to_owned()]);
    let shared = Arc::new(order.clone());
    let triggers = [
        order_flow::trigger(order.side, "me", [], 3),
        order_flow::trigger(&order.side, &order.id, &tags, &3),
        order_flow::trigger(shared.side, &shared.id, tags.as_slice(), 1 + 2),
        order_flow::trigger(Arc::new(order.side), order.id.clone(), vec![], u64::from(3_u8)),
        order_flow::trigger(
            Box::new(order.side),
            order.id.as_str(),
            &["new".to_owned()],
            order.id.len() as u64,
        ),
    ];
    assert_eq!(triggers.len(), 5);
}

#[tokio::test]
async fn signals_sent_in_the_scope_of_a_trigger_belong_to_its_test() {
    records();
    let trigger = order_flow::trigger(Side::Buy, "me", [], 3).id("scope");
    trigger
        .scope(async {
            order_flow::sent_to_db.send(&order());
            order_flow::cached.send();
            order_flow::executed.send(&3);
            order_flow::confirmed.send(&None);
        })
        .await;
    // Outside a test nothing is sent.
    assert_eq!(current(), None);
    order_flow::cached.send();

    let events: Vec<SignalEvent> =
        sent("livecheck-bus", "scope").iter().map(|value| decode(Some(value)).expect("a signal")).collect();
    let names: Vec<_> = events.iter().map(|event| event.signal_name.as_str()).collect();
    assert_eq!(names, ["sent_to_db", "cached", "executed", "confirmed"]);
    assert!(events.iter().all(|event| event.case_name.as_str() == "orders::order_flow"));
}

#[test]
fn maybe_trigger_triggers_a_share() {
    #[livecheck::case(name = "never", probability = 0.0)]
    async fn never() {}

    #[livecheck::case(name = "inactive", active = false)]
    async fn inactive() {}

    records();
    let share =
        (0..1000).filter(|_| order_flow::maybe_trigger(Side::Buy, "me", [], 3).send().is_some()).count();
    assert!((350..650).contains(&share), "{share} of 1000 with a probability of 50 %");
    assert!((0..1000).all(|_| never::maybe_trigger().send().is_none()));
    assert!(never::trigger().send().is_some());
    assert!(inactive::maybe_trigger().send().is_none());
}

#[tokio::test]
async fn the_function_is_a_unit_test_of_itself() -> livecheck::Result {
    let sent_to_db = || Signal::ready(order());
    let confirmed = || Signal::ready(None);
    order_flow(
        Side::Sell,
        "me".to_owned(),
        vec![],
        3,
        sent_to_db(),
        Signal::arrived(),
        Signal::ready(3),
        confirmed(),
    )
    .await?;

    let late = order_flow(
        Side::Sell,
        "me".to_owned(),
        vec![],
        3,
        sent_to_db(),
        Signal::ready_each([]),
        Signal::ready(3),
        confirmed(),
    );
    assert!(late.await.is_err_and(|error| error.to_string().contains("no further value")));
    Ok(())
}

#[tokio::test]
async fn a_request_that_is_followed_already_is_not_followed_by_a_second_test() {
    #[livecheck::case]
    async fn once() {}

    records();
    let first = once::trigger().id("followed").send().expect("a client is installed");
    let scoped =
        first.clone().scope(async { once::maybe_trigger().id("again").scope(async { current() }).await });
    assert_eq!(scoped.await, Some(first));
    assert!(sent("livecheck", "again").is_empty());
    assert!(once::maybe_trigger().id("another").send().is_some(), "that one is not followed");
}

/// The one record sent to the bus under that key.
fn signal_of_key(key: &str) -> Option<(SignalEvent, Option<Context>)> {
    let records = records().lock().expect("no test panics here");
    let mut found = records.iter().filter(|record| record.topic == "livecheck-bus" && record.key == key);
    let record = found.next()?;
    assert!(found.next().is_none(), "more than one signal of key {key}");
    let headers = record.headers.iter().map(|(name, value)| (*name, value.as_bytes()));
    Some((decode(Some(&record.value)).expect("a signal"), Context::from_headers(headers)))
}

#[tokio::test]
async fn a_signal_with_a_key_is_sent_within_a_test_or_when_it_is_forced() {
    records();
    order_flow::executed.key("outside").send(&3);
    order_flow::executed.key("forced").force().send(&3);
    let test = Context::for_test("keyed");
    test.clone().scope(async { order_flow::cached.key(format_args!("within-{}", 1)).send() }).await;

    assert!(signal_of_key("outside").is_none());
    let (event, context) = signal_of_key("forced").expect("it is forced");
    assert_eq!((event.key.as_str(), event.signal_name.as_str(), context), ("forced", "executed", None));
    let (event, context) = signal_of_key("within-1").expect("it is in a test");
    assert_eq!((event.key.as_str(), context), ("within-1", Some(test)));
}

#[tokio::test]
async fn a_partition_key_is_the_key_of_the_records_and_travels_with_the_test() {
    records();
    let trigger = order_flow::trigger(Side::Buy, "me", [], 3).id("of-account").partition_key("account-7");
    trigger.scope(async { order_flow::cached.send() }).await;
    let test: TestExecution =
        decode(sent("livecheck", "account-7").first().map(Vec::as_slice)).expect("one test was sent");
    assert_eq!(test.id, "of-account");
    let (event, context) = signal_of_key("account-7").expect("it goes where its test is");
    assert_eq!(event.key, "of-account");
    assert_eq!(context.expect("a test").partition_key(), Some(&"account-7".into()));
}
