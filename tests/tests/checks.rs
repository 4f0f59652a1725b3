//! Checks: a command that writes JUnit's XML is run by the clock, and each of its test cases is a report.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use livecheck::wire::{State, TestReport};
use livecheck_tests::PATIENCE;
use livecheck_tests::own_topics::OwnTopics;
use livecheck_tests::reports;
use livecheck_tests::runner::RunnerCommand;
use tempfile::TempDir;

/// A folder with a configuration that has that check.
fn project(check: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".config")).unwrap();
    let text = format!("[[profile.default.checks]]\n{check}\n");
    std::fs::write(config(&folder), text).unwrap();
    folder
}

fn config(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join(".config/livecheck.toml")
}

fn runner(topics: &OwnTopics, folder: &TempDir) -> RunnerCommand {
    RunnerCommand::on(topics)
        .program("clock-runner")
        .variable("LIVECHECK_CONFIG_FILE", config(folder).to_str().unwrap())
}

/// A check whose second test case fails at first.
const FLAKY: &str = r#"
    name = "api"
    command = '''
        [ -e again ] || fails="<failure message='no answer'/>"; touch again; echo ran >> runs
        echo "<testsuite><testcase classname='account' name='logs in'/>\
              <testcase classname='account' name='pays'>$fails</testcase></testsuite>" > results.xml
    '''
    junit = "results.xml"
    every = "1s"
    confirm = 1
    tags = ["api"]
"#;

fn of(topics: &OwnTopics, case: &str) -> Vec<TestReport> {
    let reports = reports::all(&topics.names.report_topic).into_iter().map(|report| report.value);
    reports.filter(|report| report.case_name == case && report.test.is_some()).collect()
}

#[test]
fn each_test_case_of_a_check_is_a_report_at_each_slot() {
    let topics = OwnTopics::named("checks");
    let folder = project(FLAKY);
    let running = runner(&topics, &folder).arguments("run").start_ready();
    let deadline = Instant::now() + PATIENCE;
    while of(&topics, "api::account::pays").len() < 3 {
        assert!(Instant::now() < deadline, "three runs");
        std::thread::sleep(Duration::from_millis(200));
    }
    running.wait_for_text("TRY 2 PASS");
    let status = runner(&topics, &folder).arguments("status --message-format json --tag api").output();
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    let names: Vec<_> = status["cases"].as_array().unwrap().iter().map(|case| &case["name"]).collect();
    assert_eq!(names, ["api", "api::account::logs_in", "api::account::pays"]);
    assert_eq!(status["cases"][0]["schedule"]["rule"], "every 1s");
    assert_eq!(running.interrupted().code, Some(0));

    let pays = of(&topics, "api::account::pays");
    assert!(pays.iter().all(|report| report.state == State::Pass));
    let attempts: Vec<_> = pays.iter().map(|report| report.attempts.len()).collect();
    assert_eq!(attempts.iter().sum::<usize>(), 2, "only the first was tried again: {attempts:?}");
    let (checks, pays) = (of(&topics, "api"), pays.len());
    assert_eq!(checks.len(), pays, "what is written of a run is written at once");
    let mut ids: Vec<_> = checks.iter().filter_map(|report| Some(report.test.as_ref()?.id.clone())).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), checks.len(), "no slot is there twice");
}

#[test]
fn once_runs_a_check_and_what_crashes_shows_its_last_output() {
    let topics = OwnTopics::named("checks-once");
    let folder = project(FLAKY);
    let ended = runner(&topics, &folder).arguments("run --once --tag api").output();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("3 executions: 3 passed"), "{}", ended.stderr);

    let crashes = project(
        "name = \"api\"\ncommand = \"echo no module named requests; exit 4\"\njunit = \"r.xml\"\nevery = \"1h\"",
    );
    let ended = runner(&topics, &crashes).arguments("run --once api").output();
    assert_eq!(ended.code, Some(100), "{}", ended.stderr);
    assert!(ended.stderr.contains("no module named requests"), "{}", ended.stderr);
    assert!(ended.stderr.contains("it has not written"), "{}", ended.stderr);
}

#[test]
fn what_is_wrong_in_a_check_is_said_where_it_stands() {
    let topics = OwnTopics::named("checks-wrong");
    let folder = project(
        "name = \"api\"\ncommand = \"pytest\"\nevery = \"15m\"\njitter = \"20m\"\njunti = \"a.xml\"\nconfirm = 0",
    );
    let ended = runner(&topics, &folder).arguments("list").output();
    assert_eq!(ended.code, Some(96), "{}", ended.stderr);
    for said in [
        "a check has no key `junti`",
        "did you mean `junit`?",
        "`junit` is missing",
        "a jitter of 20m is not shorter than the 15m between two slots",
        "`confirm` is the number `0`",
    ] {
        assert!(ended.stderr.contains(said), "{said}: {}", ended.stderr);
    }
}

/// A service that has every page.
fn service() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4_096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
        }
    });
    url
}

/// Where `LIVECHECK_TEST_PYTEST` names the program: the suite of the example, as it stands there.
#[test]
fn a_pytest_suite_is_a_check() {
    let Ok(pytest) = std::env::var("LIVECHECK_TEST_PYTEST") else { return };
    let topics = OwnTopics::named("pytest");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/pytest-checks");
    let settings = std::fs::read_to_string(example.join(".config/livecheck.toml")).unwrap();
    let settings =
        settings.replace("http://127.0.0.1:6066", &service()).replace("\"pytest ", &format!("\"{pytest} "));
    let (_, check) = settings.split_once("[[profile.default.checks]]").unwrap();
    let folder = project(check);
    std::fs::copy(example.join("test_account.py"), folder.path().join("test_account.py")).unwrap();

    let ended =
        runner(&topics, &folder).arguments("run --once --reports --message-format json account").output();
    assert_eq!(ended.code, Some(100), "{}", ended.stderr);
    let lines = ended.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let told: Vec<_> = lines.filter(|line| line["type"] == "report").collect();
    let state = |name: &str| {
        let told = told.iter().find(|line| line["case"] == format!("account::test_account::{name}"));
        told.unwrap_or_else(|| panic!("{name}: {told:?}"))["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(state("test_service_answers"), "PASS");
    assert_eq!(state("test_each_region_has_a_page[eu_west]"), "PASS");
    assert_eq!(state("test_payment_works"), "SKIP");
    assert_eq!(state("test_what_is_not_there_is_not_found"), "FAIL");
    let failed = told.iter().find(|line| line["state"] == "FAIL").unwrap();
    assert!(failed["error"].as_str().unwrap().contains("a page that is not there is found"), "{failed}");
    assert_eq!(failed["attempts"].as_array().map(Vec::len), Some(2), "it was confirmed");
}
