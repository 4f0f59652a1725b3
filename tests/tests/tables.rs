//! Tables: what executions change is there once, whoever is killed and whoever goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use livecheck::wire::{State, TestExecution, decode};
use livecheck_tests::changelog;
use livecheck_tests::kafka::Kafka;
use livecheck_tests::own_topics::{OwnTopics, PARTITIONS, test};
use livecheck_tests::records::{OpenTransaction, Record, Sender};
use livecheck_tests::reports::{self, TopicReader};
use livecheck_tests::runner::{Runner, RunnerCommand};
use rdkafka::Message as _;
use serde_json::{Value, json};

use crate::parcels::{case, ids};

fn runner(topics: &OwnTopics, folder: &Path) -> Runner {
    RunnerCommand::on(topics)
        .arguments("run")
        // The group notices a death by the session's end.
        .variable("LIVECHECK_KAFKA_SESSION_TIMEOUT_MS", "6000")
        .variable("LIVECHECK_KAFKA_HEARTBEAT_INTERVAL_MS", "300")
        .variable("LIVECHECK_COMMIT_INTERVAL", "10ms")
        .variable("LIVECHECK_TABLES_DIR", folder.to_str().unwrap())
        .start_ready()
}

/// A bill, and whose it is.
struct Bill {
    customer: String,
    amount: i64,
    test: TestExecution,
}

/// So many bills of seven customers.
fn bills(name: &str, count: i64) -> Vec<Bill> {
    let bill = |number| {
        let (customer, amount) = (format!("customer {}", number % 7), number % 3 + 1);
        let arguments = [("customer", json!(customer)), ("amount", json!(amount))];
        Bill { test: test(case("debt"), &format!("{name}-{number}"), &arguments), customer, amount }
    };
    (0..count).map(bill).collect()
}

fn triggers(topics: &OwnTopics, bills: &[Bill]) -> impl Iterator<Item = Record> {
    bills.iter().map(|bill| Record::trigger(&topics.names, &bill.test).key(bill.customer.as_str()))
}

/// Signals, as our clients send them: to the partition of the trigger's key.
fn booked(topics: &OwnTopics, bills: &[Bill]) -> impl Iterator<Item = Record> {
    bills.iter().map(|bill| {
        Record::signal(&topics.names, &bill.test, "booked", &Value::Null).key(bill.customer.as_str())
    })
}

/// What each customer owes by the bills, as the table has it.
fn owed<'b>(bills: impl IntoIterator<Item = &'b Bill>) -> BTreeMap<String, i64> {
    let mut owed = BTreeMap::new();
    for bill in bills {
        *owed.entry(json!(bill.customer).to_string()).or_default() += bill.amount;
    }
    owed
}

/// What the table has: each customer stands in one partition.
fn debts(topics: &OwnTopics) -> BTreeMap<String, i64> {
    let rows = changelog::table(topics, case("debt"), "debts");
    let count = rows.len();
    let debts: BTreeMap<_, _> =
        rows.into_iter().map(|((_, customer), debt)| (customer, debt.as_i64().unwrap())).collect();
    assert_eq!(debts.len(), count, "a customer in two partitions");
    debts
}

/// How many bills the windows have, all together.
fn counted(topics: &OwnTopics) -> u64 {
    let rows = changelog::table(topics, case("debt"), "bills");
    rows.into_values().map(|count| count.as_u64().unwrap()).sum()
}

#[test]
fn what_executions_add_at_once_all_counts() {
    let topics = OwnTopics::named("tables");
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (runner(&topics, folder.path()), runner(&topics, folder.path()));
    let sender = Sender::new();
    let all = bills("bill", 200);
    sender.send_all(triggers(&topics, &all));
    sender.send_all(booked(&topics, &all));
    let tests = || all.iter().map(|bill| &bill.test);
    let _ = reports::on_each(&topics.names.report_topic, &ids(tests()));
    for runner in [one, two] {
        assert_eq!(runner.interrupted().code, Some(0));
    }
    reports::assert_one_each(&reports::all(&topics.names.report_topic), &ids(tests()), State::Pass);
    assert_eq!(debts(&topics), owed(&all));
    assert_eq!(counted(&topics), 200);
}

#[test]
fn runners_that_are_killed_at_their_work_neither_lose_nor_repeat_a_change() {
    let topics = OwnTopics::named("tables-killed");
    let folder = tempfile::tempdir().unwrap();
    let sender = Sender::new();
    let mut all = Vec::new();
    for round in 0..2 {
        let victim = runner(&topics, folder.path());
        let waiting = bills(&format!("waiting-{round}"), 20);
        let ending = bills(&format!("ending-{round}"), 200);
        sender.send_all(triggers(&topics, &waiting).chain(triggers(&topics, &ending)));
        sender.send_all(booked(&topics, &ending));
        // In the midst of it: some changes are committed, some are in a transaction, some are not written.
        let _ = reports::first(&topics.names.report_topic, all.len() + 20);
        drop(victim);
        sender.send_all(booked(&topics, &waiting));
        all.extend(waiting.into_iter().chain(ending));
    }
    let last = runner(&topics, folder.path());
    let tests = || all.iter().map(|bill| &bill.test);
    let _ = reports::on_each(&topics.names.report_topic, &ids(tests()));
    assert_eq!(last.interrupted().code, Some(0));
    reports::assert_one_each(&reports::all(&topics.names.report_topic), &ids(tests()), State::Pass);
    assert_eq!(debts(&topics), owed(&all));
    assert_eq!(counted(&topics), u64::try_from(all.len()).unwrap());
}

#[test]
fn a_runner_that_has_lost_its_disk_goes_on_from_the_changelog_and_shows_it() {
    let topics = OwnTopics::named("tables-lost");
    let sender = Sender::new();
    let (before, after) = (bills("before", 30), bills("after", 30));
    for bills in [&before, &after] {
        // Another folder each time, as on another machine.
        let folder = tempfile::tempdir().unwrap();
        let runner = runner(&topics, folder.path());
        sender.send_all(triggers(&topics, bills).chain(booked(&topics, bills)));
        let _ = reports::on_each(&topics.names.report_topic, &ids(bills.iter().map(|bill| &bill.test)));
        assert_eq!(runner.interrupted().code, Some(0));
    }
    let owed = owed(before.iter().chain(&after));
    assert_eq!(debts(&topics), owed);

    let table = |arguments: &str| RunnerCommand::on(&topics).arguments(arguments).output();
    let all = table("table debt debts");
    assert_eq!(all.code, Some(0), "{}", all.stderr);
    let shown: BTreeMap<_, _> = all
        .stdout
        .lines()
        .map(|line| line.split_once("  ").unwrap())
        .map(|(customer, debt)| (customer.to_owned(), debt.parse().unwrap()))
        .collect();
    assert_eq!(shown, owed);
    let windows = table("table debt bills --message-format json");
    let counted: u64 = windows
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .inspect(|row| assert!(row["window"]["start"].is_string(), "{row}"))
        .map(|row| row["value"].as_u64().unwrap())
        .sum();
    assert_eq!(counted, 60);
    let nobody = table("table debt debts nobody");
    assert_eq!(nobody.code, Some(4), "{}", nobody.stderr);
    assert!(
        nobody.stderr.contains("the table `debts` has nothing of the key \"nobody\""),
        "{}",
        nobody.stderr
    );
    let wrong = table("table debt dets");
    assert!(wrong.stderr.contains("did you mean `debts`?"), "{}", wrong.stderr);
}

/// The bills whose triggers are in one of those partitions, and all others.
fn split(topics: &OwnTopics, bills: &[Bill], partitions: &[i32]) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut there = BTreeSet::new();
    TopicReader::new(&topics.names.test_topic).read_to_end(|message| {
        let test: TestExecution = decode(message.payload()).unwrap();
        if partitions.contains(&message.partition()) {
            there.insert(test.id.to_string());
        }
    });
    ids(bills.iter().map(|bill| &bill.test)).into_iter().partition(|id| there.contains(id))
}

#[test]
fn partitions_whose_tables_are_being_restored_hold_up_no_others() {
    let topics = OwnTopics::named("tables-beside");
    let folder = tempfile::tempdir().unwrap();
    // The second follows the topic once it has partitions, which the first one has given up then.
    let (one, two) = (runner(&topics, folder.path()), runner(&topics, folder.path()));
    // What is read back of a changelog ends behind the transactions that are open: this one holds it up.
    let open = OpenTransaction::on(&changelog::topic(&topics, case("debt"), "debts"));
    assert_eq!(two.interrupted().code, Some(0));
    let sender = Sender::new();
    // Each in the partition of its id, so that no execution needs anything of another partition.
    let all = bills("bill", 60);
    sender.send_all(all.iter().map(|bill| Record::trigger(&topics.names, &bill.test)));
    sender.send_all(all.iter().map(|bill| Record::signal(&topics.names, &bill.test, "booked", &Value::Null)));

    let restored: Vec<i32> = one.wait_for("partitions that wait", |line| {
        let (_, partitions) = line.split_once("partitions [")?;
        let (partitions, _) = partitions.split_once("] wait until their tables are restored")?;
        Some(partitions.split(", ").map(|partition| partition.parse().unwrap()).collect())
    });
    let (waiting, of_its_own) = split(&topics, &all, &restored);
    assert!(!waiting.is_empty() && !of_its_own.is_empty(), "of all but {restored:?}: {of_its_own:?}");
    // What the runner had before goes on meanwhile.
    let reported = reports::on_each(&topics.names.report_topic, &of_its_own);
    assert!(reported.iter().all(|report| of_its_own.contains(report.id())), "{restored:?}");
    drop(open);

    let tests = || all.iter().map(|bill| &bill.test);
    let _ = reports::on_each(&topics.names.report_topic, &ids(tests()));
    assert_eq!(one.interrupted().code, Some(0));
    reports::assert_one_each(&reports::all(&topics.names.report_topic), &ids(tests()), State::Pass);
    let rows = changelog::table(&topics, case("debt"), "debts");
    let debts: i64 = rows.into_values().map(|debt| debt.as_i64().unwrap()).sum();
    assert_eq!(debts, all.iter().map(|bill| bill.amount).sum::<i64>());
}

#[test]
fn what_cannot_be_committed_is_held_in_memory_up_to_a_bound() {
    let topics = OwnTopics::named("tables-held");
    let folder = tempfile::tempdir().unwrap();
    let runner = runner(&topics, folder.path());
    let changelog = changelog::topic(&topics, case("archived"), "documents");
    Kafka::shared().delete_topic(&changelog);
    // All in one partition, whose bound is 32 MiB.
    let arguments = |number: u32| [("number", json!(number)), ("length", json!(300_000))];
    let archived = |number| test(case("archived"), &format!("document-{number}"), &arguments(number));
    let documents: Vec<_> = (0..150).map(archived).collect();
    let trigger = |test| Record::trigger(&topics.names, test).key("the archive");
    Sender::new().send_all(documents.iter().map(trigger));
    runner.wait_for_text("no more tests are taken");

    Kafka::shared().create_topic(&changelog, PARTITIONS, &[("cleanup.policy", "compact")]);
    let _ = reports::on_each(&topics.names.report_topic, &ids(&documents));
    runner.wait_for_text("tests are taken again");
    assert_eq!(runner.interrupted().code, Some(0));
    reports::assert_one_each(&reports::all(&topics.names.report_topic), &ids(&documents), State::Pass);
    assert_eq!(changelog::table(&topics, case("archived"), "documents").len(), documents.len());
}

#[test]
fn a_row_that_no_changelog_takes_is_an_error_of_its_execution_alone() {
    let topics = OwnTopics::named("tables-large");
    let folder = tempfile::tempdir().unwrap();
    let runner = runner(&topics, folder.path());
    let archived = |number, length| {
        let arguments = [("number", json!(number)), ("length", json!(length))];
        test(case("archived"), &format!("document-{number}"), &arguments)
    };
    let (large, small) = (archived(1, 2_000_000), archived(2, 20));
    Sender::new().send_all([&large, &small].map(|test| Record::trigger(&topics.names, test)));
    let reports = reports::on_each(&topics.names.report_topic, &ids([&large, &small]));
    assert_eq!(runner.interrupted().code, Some(0));
    for report in reports {
        let (state, error) = (report.value.state, report.value.error.unwrap_or_default());
        match report.value.test {
            Some(test) if test.id == large.id => {
                assert_eq!(state, State::Error);
                assert!(error.contains("the row of the key 1 would take 2000003 bytes"), "{error}");
            }
            _ => assert_eq!(state, State::Pass, "{error}"),
        }
    }
}
