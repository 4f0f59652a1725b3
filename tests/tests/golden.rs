//! What Faust LiveCheck really puts on the topics, byte for byte: all of it is read, and read right.

use std::path::Path;

use livecheck::wire::{FromWire as _, SignalEvent, State, TestExecution, TestReport, decode, encode};
use livecheck::{Context, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A line of a golden file.
#[derive(Deserialize)]
struct Golden {
    key: Option<String>,
    value: String,
    timestamp: i64,
    headers: Vec<(String, String)>,
}

impl Golden {
    fn context(&self) -> Option<Context> {
        Context::from_headers(self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())))
    }

    fn read<T: DeserializeOwned>(&self) -> T {
        decode(Some(self.value.as_bytes())).unwrap_or_else(|error| panic!("{error}: {}", self.value))
    }
}

fn golden(topic: &str) -> Vec<Golden> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("faust/golden/{topic}.jsonl"));
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The one record of that key.
fn of_key<'g>(records: &'g [Golden], key: &str) -> &'g Golden {
    let mut found = records.iter().filter(|record| record.key.as_deref() == Some(key));
    let first = found.next().unwrap_or_else(|| panic!("no record of key {key}"));
    assert!(found.next().is_none(), "more than one record of key {key}");
    first
}

/// What Faust wrote, as we write it: without its own member, a pass under its own name, and six digits of
/// fraction. What users put into it (arguments, payloads) stays as it is.
fn as_ours(mut value: Value) -> Value {
    let members = value.as_object_mut().unwrap();
    members.remove("__faust");
    for name in ["timestamp", "expires"] {
        if let Some(instant) = members.get_mut(name) {
            let read: Timestamp = instant.as_str().unwrap().parse().unwrap();
            *instant = json!(read.to_string());
        }
    }
    if members.get("state") == Some(&json!("111/***/111")) {
        members.insert("state".to_owned(), json!("PASS"));
    }
    if let Some(test) = members.get_mut("test").filter(|test| test.is_object()) {
        *test = as_ours(test.take());
    }
    value
}

/// Reads and writes all records of a topic: nothing is lost on the way.
fn assert_all_survive<T: DeserializeOwned + serde::Serialize>(topic: &str, expected: usize) {
    let records = golden(topic);
    assert_eq!(records.len(), expected);
    for record in records {
        let written = encode(&record.read::<T>()).unwrap();
        let written: Value = serde_json::from_slice(&written).unwrap();
        let faust: Value = serde_json::from_str(&record.value).unwrap();
        assert_eq!(written, as_ours(faust));
    }
}

#[test]
fn every_record_that_faust_wrote_is_read_and_written_again_without_loss() {
    assert_all_survive::<TestExecution>("livecheck", 14);
    assert_all_survive::<SignalEvent>("livecheck-bus", 47);
    assert_all_survive::<TestReport>("livecheck-report", 7);
}

#[test]
fn tests_are_keyed_by_their_ids_and_live_for_three_hours() {
    for record in golden("livecheck") {
        let test: TestExecution = record.read();
        assert_eq!(record.key.as_deref(), Some(test.id.as_str()));
        // Faust takes the two times one after the other.
        let lifetime = test.expires.since(test.timestamp).as_secs_f64();
        assert!((lifetime - 3.0 * 3600.0).abs() < 0.001, "{lifetime}");
    }
}

#[test]
fn arguments_by_position_and_by_name_are_found_in_any_script() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Fill {
        order: String,
        price: f64,
        fees: Vec<f64>,
    }
    let fill = || Fill { order: "é-1".to_owned(), price: 0.1, fees: vec![1e-7, 0.0] };

    let records = golden("livecheck");
    let test: TestExecution = of_key(&records, "odd-arguments-é-🦀").read();
    assert_eq!(test.id.as_str(), "odd-arguments-é-🦀");
    let get = |index, name| test.arguments.get(index, name).unwrap();
    assert_eq!(Fill::from_wire(get(0, "first")), Ok(fill()));
    assert_eq!(Vec::<Option<Fill>>::from_wire(get(1, "second")), Ok(vec![Some(fill()), None]));
    assert_eq!(u8::from_wire(get(2, "third")), Ok(7));
    assert_eq!(String::from_wire(get(3, "side")), Ok("sell".to_owned()));
    assert_eq!(Fill::from_wire(get(4, "fill")), Ok(fill()));
    assert_eq!(bool::from_wire(get(5, "flag")), Ok(true));
    assert!(test.arguments.get(6, "nothing").is_none());
}

#[test]
fn signals_name_the_execution_that_they_are_for_in_their_headers() {
    let tests = golden("livecheck");
    let mut with_headers = 0;
    for record in golden("livecheck-bus") {
        let event: SignalEvent = record.read();
        let Some(context) = record.context() else {
            assert_eq!(event.key.as_str(), "odd-forced", "sent outside a test");
            continue;
        };
        with_headers += 1;
        assert_eq!(*context.case_name(), event.case_name);
        let test: TestExecution = of_key(&tests, context.id().as_str()).read();
        assert_eq!(*context.key(), test.key(), "the instant of the headers is that of the value");
        assert_eq!(context.expires(), test.expires);
        if !["odd-own-key", "b'odd-bytes'"].contains(&event.key.as_str()) {
            assert_eq!(event.key, test.id);
        }
    }
    assert_eq!(with_headers, 46);
}

#[test]
fn every_kind_of_payload_is_kept_as_it_came() {
    let payloads: Vec<Option<String>> = golden("livecheck-bus")
        .iter()
        .filter(|record| record.key.as_deref() == Some("odd-payloads"))
        .map(|record| record.read::<SignalEvent>().value.map(|json| json.get().to_owned()))
        .collect();
    let texts: Vec<&str> = payloads.iter().flatten().map(String::as_str).collect();
    for expected in ["0", "false", "\"\"", "[]", "{}", "1180591620717411303424", r#"[1,"two",null]"#] {
        assert!(texts.contains(&expected), "{expected} in {texts:?}");
    }
}

#[test]
fn reports_say_what_became_of_each_test_by_its_name() {
    let records = golden("livecheck-report");
    let states = [
        ("pass-buy", State::Pass),
        ("pass-sell", State::Pass),
        ("fail-side", State::Fail),
        ("fail-cache", State::Fail),
        ("timeout-execution", State::Timeout),
        ("error-database", State::Error),
    ];
    for (key, state) in states {
        let record = of_key(&records, key);
        let report: TestReport = record.read();
        let test = report.test.expect("a report on an execution");
        assert_eq!((report.state, test.id.as_str()), (state, key));
        assert_eq!(record.context().as_ref().map(Context::key), Some(&test.key()));
        assert_eq!(report.error.is_none(), state == State::Pass);
        assert!(report.signal_latency.contains_key("order_sent_to_db"));
    }
    let stalled = records.iter().find(|record| record.key.is_none()).unwrap();
    let report: TestReport = stalled.read();
    assert_eq!((report.state, report.runtime, stalled.context()), (State::Stall, None, None));
    assert!(report.test.is_none() && report.signal_latency.is_empty());
}

#[test]
fn odd_headers_are_read_as_they_are_meant() {
    let bus = golden("livecheck-bus");
    let tests = golden("livecheck");
    // A process with two LiveCheck objects writes each header twice.
    let twice = of_key(&bus, "odd-headers-twice");
    assert_eq!(twice.headers.len(), 8);
    assert_eq!(twice.context().unwrap().id().as_str(), "odd-headers-twice");
    // From New York the times are five hours off, in the value and in the headers alike; the record's is right.
    let test = of_key(&tests, "odd-new-york");
    let off = test.read::<TestExecution>().timestamp.since(Timestamp::from_millis(test.timestamp));
    let hours = off.as_secs_f64() / 3600.0;
    assert!((hours - 5.0).abs() < 0.001, "{hours}");
    // A whole second has no fraction.
    let whole: TestExecution = of_key(&tests, "odd-whole-second").read();
    assert_eq!(whole.timestamp.to_string(), "2026-01-02T03:04:05.000000Z");
    // A trigger from within another test carries that one's headers: they do not count.
    let inner = of_key(&tests, "odd-triggered-within-outer");
    assert_eq!(inner.context().unwrap().id().as_str(), "odd-outer");
    assert_eq!(inner.read::<TestExecution>().id.as_str(), "odd-triggered-within-outer");
}
