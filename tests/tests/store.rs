//! The store has each report once, whatever happens to the runner or to the database.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use livecheck::wire::TestExecution;
use livecheck_store::{Filter, Location, Queries, Store, StoreError, Window};
use livecheck_tests::PATIENCE;
use livecheck_tests::own_topics::OwnTopics;
use livecheck_tests::process::Ended;
use livecheck_tests::records::Sender;
use livecheck_tests::reports;
use livecheck_tests::runner::{Runner, RunnerCommand};
use serde_json::Value;

use crate::parcels::{done, ids, parcels, triggers};

/// A runner of a group whose results go there.
fn runner(topics: &OwnTopics, store: &str) -> Runner {
    RunnerCommand::on(topics)
        .arguments("run")
        .variable("LIVECHECK_STORE_URL", store)
        // The group notices a death by the session's end.
        .variable("LIVECHECK_KAFKA_SESSION_TIMEOUT_MS", "6000")
        .start_ready()
}

fn deliver(topics: &OwnTopics, sender: &Sender, parcels: &[TestExecution]) {
    sender.send_all(triggers(topics, parcels).chain(done(topics, parcels)));
    let _ = reports::on_each(&topics.names.report_topic, &ids(parcels));
}

/// What is in the store is what is on the topic: as rows, and as it was counted.
fn assert_has_each_once(store: &Store, parcels: &[TestExecution]) {
    let (mut found, mut next) = (Vec::new(), None);
    loop {
        let page = store.read(|queries| queries.page(&Filter::default(), next, 1_000)).unwrap();
        found.extend(page.reports.into_iter().filter_map(|row| Some(row.id?.to_string())));
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(found.len(), parcels.len());
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), ids(parcels));
    let cases = store.read(|queries| queries.cases(Window::ever(), 1)).unwrap();
    assert_eq!(cases.iter().map(|case| case.counts.pass).sum::<u64>(), parcels.len() as u64);
}

fn file(folder: &tempfile::TempDir) -> (PathBuf, Store) {
    let file = folder.path().join("history.db");
    (file.clone(), Store::at(Location::sqlite(file)))
}

#[test]
fn runners_that_are_killed_while_they_write_neither_lose_nor_double_a_row() {
    let (topics, sender) = (OwnTopics::named("stored"), Sender::new());
    let folder = tempfile::tempdir().unwrap();
    let (file, store) = file(&folder);
    let mut all = Vec::new();
    for round in 0..3 {
        let victim = runner(&topics, file.to_str().unwrap());
        let some = parcels(&format!("round-{round}"), 200);
        deliver(&topics, &sender, &some);
        all.extend(some);
        // Some rows are written, some are not.
        drop(victim);
    }
    assert_eq!(runner(&topics, file.to_str().unwrap()).interrupted().code, Some(0));
    assert_has_each_once(&store, &all);
}

#[test]
fn a_damaged_file_is_put_aside_and_made_anew_from_the_topic() {
    let (topics, sender) = (OwnTopics::named("damaged"), Sender::new());
    let folder = tempfile::tempdir().unwrap();
    let (file, store) = file(&folder);
    let first = runner(&topics, file.to_str().unwrap());
    let all = parcels("kept", 100);
    deliver(&topics, &sender, &all);
    assert_eq!(first.interrupted().code, Some(0));
    assert_has_each_once(&store, &all);

    std::fs::write(&file, "no database".repeat(1_000)).unwrap();
    let second = runner(&topics, file.to_str().unwrap());
    second.wait_for_text("It was put aside as");
    assert_eq!(second.interrupted().code, Some(0));
    assert_has_each_once(&Store::at(Location::sqlite(&file)), &all);
    let aside = |entry: &Path| entry.to_string_lossy().contains("history.db.damaged-");
    assert!(std::fs::read_dir(folder.path()).unwrap().any(|entry| aside(&entry.unwrap().path())));
}

#[test]
fn a_store_that_cannot_be_made_stops_no_verdict_and_is_said_once() {
    let (topics, sender) = (OwnTopics::named("no-store"), Sender::new());
    let runner = runner(&topics, "/dev/null/history.db");
    runner.wait_for_text("The results wait in the report topic");
    deliver(&topics, &sender, &parcels("unkept", 50));
    let said = runner.said().matches("The results wait in the report topic").count();
    assert_eq!(said, 1);
    assert_eq!(runner.interrupted().code, Some(0));
}

/// A runner of a group on a machine of its own, as it were: with its own file, and its page on a free port; and where.
fn with_a_file_of_its_own(topics: &OwnTopics, file: &Path) -> (Runner, String) {
    let runner = RunnerCommand::on(topics)
        .arguments("run")
        .variable("LIVECHECK_STORE_URL", file.to_str().unwrap())
        .variable("LIVECHECK_WEB_LISTEN", "127.0.0.1:0")
        .variable("LIVECHECK_KAFKA_SESSION_TIMEOUT_MS", "6000")
        .start_ready();
    let url = runner
        .wait_for("where the page is", |line| Some(line.split_once("the page on ")?.1.trim().to_owned()));
    (runner, url)
}

/// What a runner's page answers.
fn asked(url: &str) -> Value {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answer = runtime.block_on(async { reqwest::get(url).await?.text().await });
    serde_json::from_str(&answer.expect("it answers")).expect("JSON")
}

/// Asks until the answer is as it should be.
fn until(what: &str, url: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = asked(url);
        if is_wanted(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}; {answer}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn every_runner_serves_the_results_of_the_one_that_leads_and_says_so_where_it_cannot() {
    let (topics, sender) = (OwnTopics::named("sent-on"), Sender::new());
    let folder = tempfile::tempdir().unwrap();
    let files = ["one.db", "two.db"].map(|name| folder.path().join(name));
    let all = parcels("sent", 40);
    let has_all =
        |answer: &Value| answer["executions"].as_array().is_some_and(|rows| rows.len() == all.len());
    let executions = |url: &str| format!("{url}/api/executions?limit=100");

    let (leader, first) = with_a_file_of_its_own(&topics, &files[0]);
    deliver(&topics, &sender, &all);
    until("the leader has all", &executions(&first), has_all);
    let (other, second) = with_a_file_of_its_own(&topics, &files[1]);
    let told = until("the other has all", &executions(&second), has_all);
    assert_eq!(told, asked(&executions(&first)));
    assert!(!files[1].exists(), "the other keeps nothing");
    let overview = asked(&format!("{second}/api/overview"));
    assert_eq!(overview["history_is_missing"], Value::Null);
    assert_eq!(overview["runners"].as_array().map(Vec::len), Some(2));

    // The leader is killed: until that is noticed its page is sought in vain; then the other leads, and makes up for
    // what it had not from the topic.
    drop(leader);
    let overview = until("it says why", &format!("{second}/api/overview"), |answer| {
        answer["history_is_missing"].is_string()
    });
    let reason = overview["history_is_missing"].as_str().unwrap();
    assert!(reason.contains(&format!("{first} does not answer")), "{reason}");
    until("the other leads", &executions(&second), has_all);
    until("nothing is missing", &format!("{second}/api/overview"), |answer| {
        answer["history_is_missing"].is_null()
    });
    assert_eq!(other.interrupted().code, Some(0));
    assert_has_each_once(&Store::at(Location::sqlite(&files[1])), &all);
}

#[test]
fn a_run_of_ones_own_keeps_its_results_where_it_is_told_to_and_nowhere_else() {
    let (topics, sender) = (OwnTopics::named("own"), Sender::new());
    let folder = tempfile::tempdir().unwrap();
    let (file, store) = file(&folder);
    let configured = folder.path().join("configured.db");
    let run = RunnerCommand::on(&topics)
        .arguments("run --max-executions 20 --store")
        .arguments(file.to_str().unwrap())
        .variable("LIVECHECK_STORE_URL", configured.to_str().unwrap())
        .start_ready();
    let all = parcels("own", 20);
    sender.send_all(triggers(&topics, &all).chain(done(&topics, &all)));
    assert_eq!(run.ended().code, Some(0));
    assert_has_each_once(&store, &all);
    assert!(!configured.exists());
}

/// Waits until it has said that so often.
fn says(runner: &Runner, text: &str, times: usize) {
    let () = runner.wait_for_lines(text, |lines| {
        (lines.filter(|line| line.contains(text)).count() >= times).then_some(())
    });
}

/// A PostgreSQL of the test's own, which it may stop.
struct Server(tempfile::TempDir);

impl Server {
    /// Nothing, where none is to be had.
    fn new() -> Option<Self> {
        if std::env::var_os("LIVECHECK_TEST_POSTGRES").is_none() {
            eprintln!("skipped: LIVECHECK_TEST_POSTGRES is not set; `ci/postgres start` prints what it is");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("livecheck-postgres").tempdir().unwrap();
        // The server is its own user's, who must be able to reach it.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).unwrap();
        Some(Self(folder))
    }

    fn ci(&self, verb: &str) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ci/postgres");
        let done = Command::new(script).arg(verb).env("CI_POSTGRES_DIR", self.0.path()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ci("wipe");
    }
}

#[test]
fn what_a_server_misses_while_it_is_down_is_written_when_it_is_back() {
    let Some(server) = Server::new() else { return };
    let (topics, sender) = (OwnTopics::named("postgres"), Sender::new());
    let url = server.ci("start");
    let store = Store::at(url.parse().unwrap());
    let runner = runner(&topics, &url);
    let mut all = parcels("up", 100);
    deliver(&topics, &sender, &all);
    for (round, stop) in ["stop", "kill"].into_iter().enumerate() {
        server.ci(stop);
        let some = parcels(&format!("down-{round}"), 100);
        deliver(&topics, &sender, &some);
        all.extend(some);
        says(&runner, "The results wait in the report topic", round + 1);
        assert!(matches!(
            store.read(Queries::totals),
            Err(StoreError::Unreachable { .. } | StoreError::Lost { .. })
        ));
        server.ci("start");
        says(&runner, "the store is written to again", round + 1);
    }
    assert_eq!(runner.interrupted().code, Some(0));
    assert_has_each_once(&store, &all);
}

/// Asks an instance by uptests of which some fail, and writes what came of it to that store.
fn uptests_into(store: &str) -> Ended {
    let project =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../livecheck-uptest/testdata/velociraptor/fails");
    RunnerCommand::without_topics()
        .variable("LIVECHECK_STORE_URL", store)
        .arguments("uptest web 10.0.0.1 8000 --root")
        .arguments(project.to_str().unwrap())
        .output()
}

#[test]
fn results_of_uptests_are_kept_without_kafka_and_a_store_that_fails_changes_no_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("results.db");
    let store = store.to_str().unwrap();
    assert_eq!(uptests_into(store).code, Some(100));
    let history = RunnerCommand::without_topics()
        .variable("LIVECHECK_STORE_URL", store)
        .arguments("history uptest::web::exits-1 --state fail")
        .output();
    assert!(history.stdout.contains("10.0.0.1:8000-"), "{}{}", history.stdout, history.stderr);

    // A folder is no file.
    let nowhere = uptests_into(folder.path().to_str().unwrap());
    assert_eq!(nowhere.code, Some(100), "{}", nowhere.stderr);
    assert!(nowhere.stderr.contains("the results are not kept in the store"), "{}", nowhere.stderr);
}
