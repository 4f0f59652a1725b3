//! The page "Coming from Faust" has a row for every public name, and each test that it names is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The public names of faust.livecheck in faust-streaming 0.15.3: what stands in the bodies of its classes, and its
/// exceptions.
const NAMES: &[(&str, &str)] = &[
    (
        "LiveCheck",
        "SCAN_CATEGORIES Signal Case bus_concurrency test_concurrency send_reports test_topic_name bus_topic_name \
         report_topic_name cases for_app() current_test() on_produce_attach_test_headers() case() add_case() \
         post_report() on_start() on_started() bus() pending_tests() reports()",
    ),
    (
        "for_app",
        "app prefix web_port test_topic_name bus_topic_name report_topic_name bus_concurrency test_concurrency \
         send_reports",
    ),
    (
        "Case",
        "Runner app name active status frequency warn_stalled_after probability max_consecutive_failures \
         last_test_received last_fail max_history latency_history frequency_history runtime_history runtime_avg \
         latency_avg frequency_avg signals total_signals test_expires realtime_logs url_timeout_total \
         url_timeout_connect url_error_retries url_error_delay_min url_error_delay_backoff url_error_delay_max \
         state_transition_delay consecutive_failures total_failures total_by_state maybe_trigger() trigger() run() \
         resolve_signal() execute() on_test_start() on_test_skipped() on_test_failed() on_test_error() \
         on_test_timeout() on_test_pass() post_report() make_fake_request() on_suite_fail() \
         seconds_since_last_fail() get_url() post_url() url_request() current_test() current_execution() label()",
    ),
    ("Signal", "name case index send() wait() resolve() clone()"),
    (
        "TestRunner",
        "case state test started ended runtime logs signal_latency report error execute() skip() on_skipped() \
         on_start() on_signal_wait() on_signal_received() on_failed() on_error() on_timeout() on_pass() log_info() \
         end()",
    ),
    ("State", "INIT DO_NOT_SHARE FAIL ERROR TIMEOUT STALL SKIP is_ok()"),
    (
        "TestExecution",
        "id case_name timestamp test_args test_kwargs expires from_headers() as_headers() ident() shortident() \
         human_date() was_issued_today() is_expired() short_case_name()",
    ),
    ("TestReport", "case_name state test runtime signal_latency error traceback"),
    (
        "exceptions",
        "LiveCheckError SuiteFailed ServiceDown SuiteStalled LiveCheckTestSkipped LiveCheckTestFailed \
         LiveCheckTestRaised LiveCheckTestTimeout",
    ),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The rows of the page: the name in Faust, and what shows it.
fn rows() -> BTreeMap<String, String> {
    let page = fs::read_to_string(root().join("src/docs/coming-from-faust.md")).unwrap();
    let mut rows = BTreeMap::new();
    for line in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, here, .., shown] = &cells[..] else { panic!("a row has four cells: {line}") };
        assert!(cells.len() == 4 && !here.is_empty(), "{line}");
        let name = name.trim_matches('`').to_owned();
        assert!(rows.insert(name, (*shown).to_owned()).is_none(), "twice: {line}");
    }
    rows
}

/// The names of all functions in the sources and tests.
fn functions(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "target" && !name.to_string_lossy().starts_with('.') {
            functions(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let after = text.split("fn ").skip(1).filter_map(|rest| rest.split_once('('));
            found.extend(after.map(|(name, _)| name.to_owned()));
        }
    }
}

#[test]
fn every_public_name_of_faust_livecheck_has_a_row() {
    let rows = rows();
    let named = NAMES
        .iter()
        .flat_map(|(class, names)| names.split_whitespace().map(move |name| format!("{class}.{name}")));
    let all: BTreeSet<String> = named.chain(["current_test".to_owned()]).collect();
    let missing: Vec<_> = all.iter().filter(|name| !rows.contains_key(*name)).collect();
    assert!(missing.is_empty(), "without a row: {missing:?}");
    let others: Vec<_> = rows.keys().filter(|name| !all.contains(*name)).collect();
    assert!(others.is_empty(), "rows for nothing: {others:?}");
}

#[test]
fn each_row_names_a_test_that_is_there_or_says_that_there_is_none() {
    let mut found = BTreeSet::new();
    for folder in ["livecheck-core", "livecheck-macros", "livecheck-runner", "tests"] {
        functions(&root().join(folder), &mut found);
    }
    for (name, shown) in rows() {
        let is_there = found.contains(shown.trim_matches('`'));
        assert!(is_there || shown == "needless", "{name}: no test {shown}");
    }
}
