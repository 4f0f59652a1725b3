//! Tables: executions a second that change one, and how long a runner takes that has nothing of it on disk.

use std::path::Path;
use std::time::{Duration, Instant};

use livecheck::wire::{State, TestExecution, TestReport, decode};
use livecheck_tests::changelog;
use livecheck_tests::kafka::Kafka;
use livecheck_tests::own_topics::{OwnTopics, test};
use livecheck_tests::reports::TopicReader;
use livecheck_tests::runner::{Runner, RunnerCommand};
use rdkafka::message::Message as _;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};
use serde_json::json;

use crate::cases;
use crate::load::{self, Load};
use crate::usage;

/// Executions from a backlog, each of which changes one row of a table.
pub(crate) fn throughput(count: usize, keys: usize, partitions: i32) {
    println!(
        "{count} executions from a backlog on {partitions} partitions, each of which adds to one of {keys} keys"
    );
    for name in ["plain", "account"] {
        let topics = load::topics(partitions);
        let load = Load::new(&topics, "20");
        let case = load::case(name);
        for number in 0..count {
            load.trigger(&execution(case, number, keys));
        }
        load.flush();
        let folder = tempfile::tempdir().expect("a folder");
        let runner = runner(&topics, partitions, folder.path()).start();
        runner.wait_for_text("Following topic");
        let (began, before) = (cases::now(), usage::processor(runner.id()));
        load::until_reported(&topics, partitions, count);
        let processor = usage::processor(runner.id()) - before;
        assert_eq!(runner.terminated().code, Some(0));
        let wall = Duration::from_micros(last_report(&topics).saturating_sub(began));
        println!(
            "  {:<12} {:>8.0}/s, {:>5.1} µs of processor each",
            if name == "plain" { "no table" } else { "a table" },
            count as f64 / wall.as_secs_f64(),
            processor.as_secs_f64() * 1e6 / count as f64
        );
        if name == "account" {
            let rows = changelog::table(&topics, case, "sums");
            let sum: u64 = rows.values().map(|sum| sum.as_u64().expect("a number")).sum();
            assert_eq!(sum, count as u64, "each counts once");
        }
    }
}

fn execution(case: &livecheck::Case, number: usize, keys: usize) -> TestExecution {
    test(case, &format!("execution-{number:08}"), &[("account", json!(number % keys))])
}

fn runner(topics: &OwnTopics, partitions: i32, folder: &Path) -> RunnerCommand {
    let folder = folder.to_str().expect("a path that is text");
    load::runner(topics, partitions).variable("LIVECHECK_TABLES_DIR", folder)
}

/// When the last report was written, in microseconds.
fn last_report(topics: &OwnTopics) -> u64 {
    let mut last = 0;
    TopicReader::new(&topics.names.report_topic).read_to_end(|message| {
        let report: TestReport = decode(message.payload()).expect("a report");
        assert_eq!(report.state, State::Pass, "{report:?}");
        let millis = message.timestamp().to_millis().expect("the log's time");
        last = last.max(u64::try_from(millis).expect("after 1970") * 1_000);
    });
    last
}

/// A runner that has nothing on disk, and then one that goes on from there.
pub(crate) fn restore(keys: usize, partitions: i32) {
    println!("a table of {keys} keys on {partitions} partitions");
    let topics = load::topics(partitions);
    let folder = tempfile::tempdir().expect("a folder");
    let (_, empty) = started(&topics, partitions, folder.path());
    println!("  {:>6.2} s until a runner follows, with an empty table", empty.as_secs_f64());
    fill(&topics, keys, partitions);

    let elsewhere = tempfile::tempdir().expect("a folder");
    let (memory, restored) = started(&topics, partitions, elsewhere.path());
    let bytes = size(elsewhere.path());
    println!(
        "  {:>6.2} s with nothing of it on disk: {:.0} keys a second; then {} MiB on disk, {} MiB of memory",
        restored.as_secs_f64(),
        keys as f64 / restored.as_secs_f64(),
        bytes >> 20,
        memory >> 20
    );
    let (_, again) = started(&topics, partitions, elsewhere.path());
    println!("  {:>6.2} s with all of it on disk", again.as_secs_f64());
}

/// Starts a runner and ends it: what memory it then took, and how long it took to follow.
fn started(topics: &OwnTopics, partitions: i32, folder: &Path) -> (u64, Duration) {
    let began = Instant::now();
    let runner: Runner = runner(topics, partitions, folder).start();
    runner.wait_for_text("Following topic");
    let took = began.elapsed();
    let memory = usage::resident(runner.id());
    assert_eq!(runner.terminated().code, Some(0));
    (memory, took)
}

/// Puts so many keys into the changelog.
fn fill(topics: &OwnTopics, keys: usize, partitions: i32) {
    let changelog = changelog::topic(topics, load::case("account"), "sums");
    let settings = [("linger.ms", "20"), ("queue.buffering.max.messages", "1000000")];
    let producer: ThreadedProducer<DefaultProducerContext> = Kafka::shared().client(&settings);
    for number in 0..keys {
        let (key, value) = (format!("\"account-{number:09}\""), number.to_string());
        let partition = i32::try_from(number).expect("some millions") % partitions;
        load::send(&producer, || {
            BaseRecord::to(&changelog).partition(partition).key(&key[..]).payload(value.as_bytes())
        });
    }
    producer.flush(Duration::from_secs(600)).expect("all are written");
}

fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path());
    entries
        .map(|path| if path.is_dir() { size(&path) } else { path.metadata().map_or(0, |it| it.len()) })
        .sum()
}
