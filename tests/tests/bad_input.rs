//! What anybody may put on the topics: it is counted by kind, said once, and stops nothing.

use std::time::Duration;

use livecheck::wire::{State, TestExecution};
use livecheck_tests::own_topics::{OwnTopics, test};
use livecheck_tests::records::{Record, Sender};
use livecheck_tests::reports::{self, Report};
use livecheck_tests::runner::{Runner, RunnerCommand};
use rdkafka::types::RDKafkaErrorCode;
use serde_json::{Value, json};

use crate::parcels::{case, delivered, ids, packed, parcel};

/// Everything goes here, good and bad: what stops a partition stops the test.
const PARTITION: i32 = 2;
/// More than a runner reads.
const TEN_MEGABYTES: usize = 10 << 20;

fn runner(topics: &OwnTopics) -> Runner {
    RunnerCommand::on(topics).arguments("run").start_ready()
}

/// A test passes on the partition on which the bad records stand.
fn assert_a_good_test_passes(topics: &OwnTopics, sender: &Sender) {
    let good = parcel("good");
    let records = [Record::trigger(&topics.names, &good), packed(topics, &good), delivered(topics, &good)];
    sender.send_all(records.map(|record| record.to_partition(PARTITION)));
    let reports = reports::on_each(&topics.names.report_topic, &ids([&good]));
    let report = reports.iter().find(|report| report.id() == "good").unwrap();
    assert_eq!((report.value.state, report.partition), (State::Pass, PARTITION));
}

/// The report on a test that is triggered alone.
fn report_on(topics: &OwnTopics, sender: &Sender, test: &TestExecution) -> Report {
    sender.send(Record::trigger(&topics.names, test).to_partition(PARTITION));
    let reports = reports::on_each(&topics.names.report_topic, &ids([test]));
    reports.into_iter().find(|report| report.id() == test.id.as_str()).unwrap()
}

#[test]
fn records_that_cannot_be_read_are_said_once_per_kind_and_topic_and_stop_no_partition() {
    let limit = (12 << 20).to_string();
    let topics = OwnTopics::created("unreadable", &[("max.message.bytes", &limit)]);
    let sender = Sender::with(&[("message.max.bytes", &limit)]);
    let runner = runner(&topics);
    let huge = format!("\"{}\"", "x".repeat(TEN_MEGABYTES));
    let kinds: [(&str, Option<&[u8]>); 4] = [
        ("malformed-json", Some(b"{\"id\":")),
        ("wrong-shape", Some(b"{\"id\":[1],\"signal_name\":7,\"case_name\":null}")),
        ("no-value", None),
        ("too-large", Some(huge.as_bytes())),
    ];
    let mut expected = Vec::new();
    for topic in [&topics.names.test_topic, &topics.names.bus_topic] {
        for (kind, value) in kinds {
            let record = value.map_or_else(|| Record::tombstone(topic), |value| Record::raw(topic, value));
            let place = sender.send(record.to_partition(PARTITION));
            expected.push((kind, topic, place));
        }
        // Bytes that are no UTF-8 are no JSON either; eleven more of a kind are said when there are ten.
        sender.send_all((0..11).map(|_| Record::raw(topic, [0xff, 0x00, 0xfe]).to_partition(PARTITION)));
    }
    assert_a_good_test_passes(&topics, &sender);
    let ended = runner.interrupted();
    assert_eq!(ended.code, Some(0));

    for (kind, topic, place) in expected {
        let said = format!(
            "Warning {kind}: a record cannot be read at offset {} of partition {PARTITION} of {topic}: ",
            place.offset
        );
        assert_eq!(ended.stderr.matches(&said).count(), 1, "{said}\n{}", ended.stderr);
    }
    for topic in [&topics.names.test_topic, &topics.names.bus_topic] {
        let (said, of) =
            ("malformed-json: 10 records cannot be read, the latest is at", format!(" of {topic}: "));
        let said = ended.stderr.lines().filter(|line| line.contains(said) && line.contains(&of));
        assert_eq!(said.count(), 1, "{}", ended.stderr);
    }
    assert_eq!(ended.stderr.matches("cannot be read").count(), 10, "nothing else is said: {}", ended.stderr);
    assert!(ended.stderr.contains("30 records could not be read"), "all are counted: {}", ended.stderr);
}

#[test]
fn a_payload_of_ten_megabytes_is_refused_by_producer_or_broker_where_nobody_raised_their_limits() {
    let topics = OwnTopics::created("refused", &[]);
    let huge = Record::raw(&topics.names.test_topic, vec![b'x'; TEN_MEGABYTES]);
    let refusals = [Sender::new(), Sender::with(&[("message.max.bytes", "12582912")])];
    for sender in refusals {
        let code = sender.refused(&huge).rdkafka_error_code();
        assert_eq!(code, Some(RDKafkaErrorCode::MessageSizeTooLarge));
    }
}

#[test]
fn a_trigger_as_large_as_brokers_take_is_executed_and_reported_and_holds_up_nothing() {
    // The runner creates the topics.
    let topics = OwnTopics::named("large");
    let runner = runner(&topics);
    let sender = Sender::with(&[("message.max.bytes", "1048000")]);
    let address = "x".repeat(1_047_000);
    let large = test(case("label"), "large", &[("address", json!(address))]);
    let report = report_on(&topics, &sender, &large);
    assert_eq!(report.value.state, State::Pass);
    assert_a_good_test_passes(&topics, &sender);
    assert_eq!(runner.interrupted().code, Some(0));
}

#[test]
fn a_report_that_its_topic_does_not_take_is_written_without_what_makes_it_large() {
    let topics = OwnTopics::created("small-reports", &[("max.message.bytes", "20000")]);
    let sender = Sender::new();
    let runner = runner(&topics);
    // A report has what its trigger had, and more.
    let large = test(case("label"), "large", &[("address", json!("x".repeat(19_500)))]);
    let report = report_on(&topics, &sender, &large);
    assert_eq!((report.value.state, report.id()), (State::Pass, "large"));
    assert_a_good_test_passes(&topics, &sender);
    let ended = runner.interrupted();
    assert_eq!(ended.code, Some(0));
    assert_eq!(
        ended.stderr.matches("give the topic a larger max.message.bytes").count(),
        1,
        "{}",
        ended.stderr
    );
}

#[test]
fn a_test_without_keys_and_readable_headers_is_executed_all_the_same() {
    let topics = OwnTopics::created("no-keys", &[]);
    let sender = Sender::new();
    let runner = runner(&topics);
    let plain = parcel("plain");
    let signal = |name: &str, value: &Value| {
        Record::signal_without_headers(&topics.names, &plain, name, value).to_partition(PARTITION)
    };
    sender.send_all([
        Record::trigger(&topics.names, &plain).without_key().to_partition(PARTITION),
        signal("packed", &json!(3)).key([0xff, 0xfe, 0x00]).with_binary_headers(),
        signal("delivered", &Value::Null).without_key(),
    ]);
    let reports = reports::first(&topics.names.report_topic, 1);
    reports::assert_one_each(&reports, &ids([&plain]), State::Pass);
    assert_eq!(runner.interrupted().code, Some(0));
}

#[test]
fn a_test_of_an_unknown_case_is_a_skip_and_an_unknown_signal_is_said_once() {
    let topics = OwnTopics::created("unknown", &[]);
    let sender = Sender::new();
    let runner = runner(&topics);
    let mut stranger = parcel("stranger");
    stranger.case_name = "shop::removed".into();
    let skipped = report_on(&topics, &sender, &stranger);
    assert_eq!(skipped.value.state, State::Skip);
    assert_eq!(
        skipped.value.error.as_deref(),
        Some("no case of the name `shop::removed` is linked into this runner")
    );

    let known = parcel("known");
    let send = |test: &TestExecution, name: &str| {
        let signal = Record::signal(&topics.names, test, name, &Value::Null);
        sender.send_all((0..3).map(|_| signal.clone().to_partition(PARTITION)));
    };
    send(&known, "lost");
    send(&stranger, "packed");
    assert_a_good_test_passes(&topics, &sender);
    let stderr = runner.interrupted().stderr;
    for said in
        ["signal `lost` of case `livecheck_tests::cases::parcel`", "signal `packed` of case `shop::removed`"]
    {
        assert_eq!(stderr.matches(said).count(), 1, "{said}\n{stderr}");
    }
}

#[test]
fn a_test_that_has_expired_is_a_skip_that_says_so() {
    let topics = OwnTopics::created("expired", &[]);
    let sender = Sender::new();
    let runner = runner(&topics);
    let mut old = parcel("old");
    // Not a whole number of quarters of an hour, which would be the sender's time zone.
    let age = Duration::from_secs(4 * 3600 + 7 * 60);
    old.timestamp = old.timestamp - age;
    old.expires = old.expires - age;
    let report = report_on(&topics, &sender, &old);
    assert_eq!(report.value.state, State::Skip);
    let error = report.value.error.unwrap();
    assert!(error.starts_with(&format!("expired at {}, before it was logged at ", old.expires)), "{error}");
    assert_a_good_test_passes(&topics, &sender);
    assert_eq!(runner.interrupted().code, Some(0));
}

#[test]
fn a_clock_an_hour_off_is_said_once_and_breaks_no_test() {
    let topics = OwnTopics::created("skewed", &[]);
    let sender = Sender::new();
    let runner = runner(&topics);
    let hour = Duration::from_secs(3600);
    let (mut behind, mut ahead) = (parcel("behind"), parcel("ahead"));
    behind.timestamp = behind.timestamp - hour;
    behind.expires = behind.expires - hour;
    ahead.timestamp = ahead.timestamp + hour;
    ahead.expires = ahead.expires + hour;
    for test in [&behind, &ahead] {
        sender.send_all([
            Record::trigger(&topics.names, test),
            packed(&topics, test),
            delivered(&topics, test),
        ]);
    }
    let reports = reports::first(&topics.names.report_topic, 2);
    reports::assert_one_each(&reports, &ids([&behind, &ahead]), State::Pass);
    for report in reports {
        let runtime = report.value.runtime.unwrap();
        assert!(runtime < 60.0, "by the log's clock: {runtime}");
        assert!(report.value.signal_latency.values().all(|latency| *latency < 60.0), "{:?}", report.value);
    }
    let stderr = runner.interrupted().stderr;
    assert_eq!(stderr.matches("the sender's clock or time zone is off").count(), 1, "{stderr}");
}

#[test]
fn arguments_that_do_not_fit_are_an_error_that_shows_what_came_and_what_was_expected() {
    let topics = OwnTopics::created("arguments", &[]);
    let sender = Sender::new();
    let runner = runner(&topics);
    let error_of = |id: &str, arguments: &[(&str, Value)]| {
        let report = report_on(&topics, &sender, &test(case("parcel"), id, arguments));
        assert_eq!(report.value.state, State::Error);
        report.value.error.unwrap()
    };
    assert_eq!(
        error_of("text", &[("ordered", json!("three"))]),
        "argument `ordered: u32`: came \"three\", expected u32: invalid type: string \"three\", expected u32 at \
         line 1 column 7"
    );
    assert_eq!(
        error_of("misspelt", &[("orderd", json!(3))]),
        "argument `ordered: u32` is missing: the test has arguments by name: orderd"
    );
    assert_a_good_test_passes(&topics, &sender);
    assert_eq!(runner.interrupted().code, Some(0));
}

#[test]
fn a_payload_that_does_not_fit_is_an_error_that_shows_what_came_and_where() {
    let topics = OwnTopics::created("payload", &[]);
    let sender = Sender::new();
    let runner = runner(&topics);
    let odd = parcel("odd");
    let signal = Record::signal(&topics.names, &odd, "packed", &json!({"count": 3}));
    let place = sender.send(signal.to_partition(PARTITION));
    let report = report_on(&topics, &sender, &odd);
    assert_eq!(report.value.state, State::Error);
    let error = report.value.error.unwrap();
    let expected = format!(
        "signal `packed` at partition {PARTITION}, offset {} of the bus: came {{\"count\":3}}, expected u32",
        place.offset
    );
    assert!(error.starts_with(&expected), "{error}");
    assert_a_good_test_passes(&topics, &sender);
    assert_eq!(runner.interrupted().code, Some(0));
}
