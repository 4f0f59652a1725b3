//! The tables of a partition, with commits that come late and runners that die between any two steps, against a model:
//! a map, and what has been committed of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use livecheck_core::table::{ExecutionTables, Window};
use livecheck_core::{Cases, Table, Timestamp, WindowedTable};
use proptest::prelude::*;

use super::store::Batch;
use super::testing::{case, table, windowed_table};
use super::{
    ChangelogPositions, ChangelogRecord, PartitionTables, Position, Store, TableId, TableSet, TableWrites,
    record_key,
};

const PARTITION: i32 = 3;
const CASE: &str = "orders::order_flow";

#[derive(Clone, Copy, Debug)]
enum Step {
    /// An execution at that minute adds an amount for an account, doubles what is owed, or forgets the account.
    Execute { account: u8, amount: i64, minute: i64 },
    /// What has been changed so far is committed, and goes to disk.
    Commit,
    /// The same, and an execution adds an amount for an account between the two.
    CommitWhileExecuting { account: u8, amount: i64, minute: i64 },
    /// It is committed, and the runner dies before it goes to disk.
    CommitAndDie,
    /// The runner dies, with all that is not committed.
    Die,
}

fn step() -> impl Strategy<Value = Step> {
    let execute = || (0..4u8, -3..4i64, 0..300i64);
    prop_oneof![
        6 => execute().prop_map(|(account, amount, minute)| Step::Execute { account, amount, minute }),
        1 => Just(Step::Commit),
        2 => execute()
            .prop_map(|(account, amount, minute)| Step::CommitWhileExecuting { account, amount, minute }),
        1 => Just(Step::CommitAndDie),
        1 => Just(Step::Die),
    ]
}

/// What the tables are to be.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    debts: BTreeMap<u8, i64>,
    /// By the minute at which the window begins.
    counts: BTreeMap<(i64, u8), u32>,
    latest: Option<i64>,
}

const SIZE: i64 = 30;
const STEP: i64 = 10;
const EXPIRES: i64 = 60;

impl Model {
    fn execute(&mut self, account: u8, amount: i64, minute: i64) {
        if amount == 0 {
            self.debts.remove(&account);
        } else {
            *self.debts.entry(account).or_default() += amount;
        }
        // Whether a window has expired is decided when the execution ends, for one window after the other in the order
        // of time.
        for start in (minute - SIZE + 1..=minute).filter(|start| start.rem_euclid(STEP) == 0) {
            if self.latest.is_none_or(|latest| start + SIZE + EXPIRES > latest) {
                *self.counts.entry((start, account)).or_default() += 1;
                self.latest = self.latest.max(Some(start));
            }
        }
        let latest = self.latest.unwrap_or(i64::MIN / 2);
        self.counts.retain(|(start, _), _| start + SIZE + EXPIRES > latest);
    }
}

/// A partition, as it is while a runner has it.
struct Runner {
    set: Arc<TableSet>,
    tables: Arc<PartitionTables>,
    /// What is not committed.
    pending: TableWrites,
}

/// A record of one of the changelogs.
type Logged = (TableId, String, Option<Arc<str>>);

impl Runner {
    /// Begins as a runner does that gets the partition: what is on disk is brought forward from the changelogs.
    fn begin(set: &Arc<TableSet>, store: &Arc<Store>, changelogs: &[Logged]) -> Self {
        for id in set.ids() {
            let topic = set.topic(id);
            let stored = store
                .position(topic, PARTITION)
                .expect("it can be read")
                .map_or(0, |position| position.offset);
            let of_table: Vec<_> = changelogs.iter().filter(|(of, _, _)| *of == id).collect();
            let records: Vec<_> = of_table[usize::try_from(stored).expect("an offset")..]
                .iter()
                .map(|(_, key, value)| {
                    let value = value.as_deref().map(str::as_bytes);
                    ChangelogRecord::read(set.window(id), Some(key.as_bytes()), value).expect("a record")
                })
                .collect();
            let rows = records.iter().map(|record| (&record.key, record.value.as_deref())).collect();
            let offset = i64::try_from(of_table.len()).expect("a few");
            let position = Some(Position { offset, time: Timestamp::now() });
            store
                .write(&[Batch { table: topic, partition: PARTITION, rows, position }])
                .expect("it can be written");
        }
        let tables =
            PartitionTables::open(PARTITION, Arc::clone(set), Arc::clone(store)).expect("it can be read");
        Self { set: Arc::clone(set), tables, pending: TableWrites::default() }
    }

    fn of_execution(&self, minute: i64) -> (Arc<ExecutionTables>, Table<u8, i64>, WindowedTable<u8, u32>) {
        let case = self.set_case();
        let tables = ExecutionTables::new(case.tables, at(minute), self.tables.of_case(CASE));
        let tables = Arc::new(tables);
        (Arc::clone(&tables), table(&tables, 0), windowed_table(&tables, 1))
    }

    fn set_case(&self) -> &'static livecheck_core::Case {
        cases().get(CASE).expect("the case")
    }

    async fn execute(&mut self, account: u8, amount: i64, minute: i64) {
        let (tables, debts, counts) = self.of_execution(minute);
        if amount == 0 {
            debts.delete(&account).await.expect("JSON");
        } else {
            debts.add(&account, amount).await.expect("JSON");
        }
        counts.add(&account, 1).await.expect("JSON");
        let writes = self.tables.apply(CASE, &tables.take_changes()).expect("all types fit");
        self.pending.append(writes);
    }

    /// Writes what is pending to the changelogs; it is to go to disk then.
    fn commit(&mut self, changelogs: &mut Vec<Logged>) -> (TableWrites, ChangelogPositions) {
        let pending = std::mem::take(&mut self.pending);
        let positions = ChangelogPositions::default();
        for (id, key, write) in pending.iter() {
            changelogs.push((id, record_key(self.set.window(id), key), write.value.clone()));
            let written = changelogs.iter().filter(|(of, _, _)| *of == id).count();
            positions.advance(self.set.topic(id), PARTITION, i64::try_from(written).expect("a few") - 1);
        }
        (pending, positions)
    }

    /// The same, and writes it to disk.
    fn commit_and_store(&mut self, changelogs: &mut Vec<Logged>) {
        let (pending, positions) = self.commit(changelogs);
        pending.committed(&positions).expect("it can be written");
    }

    async fn seen(&self) -> (BTreeMap<u8, i64>, BTreeMap<(i64, u8), u32>) {
        let (_, debts, counts) = self.of_execution(0);
        let (mut all, mut entries) = (BTreeMap::new(), debts.entries());
        while let Some((account, debt)) = entries.next().await.expect("all types fit") {
            all.insert(account, debt);
        }
        let (mut windows, mut entries) = (BTreeMap::new(), counts.entries());
        while let Some((range, account, count)) = entries.next().await.expect("all types fit") {
            windows.insert((range.start.as_millis() / 60_000, account), count);
        }
        (all, windows)
    }
}

fn minutes(count: i64) -> Duration {
    Duration::from_secs(u64::try_from(count).expect("a span") * 60)
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_millis(minute * 60_000)
}

fn cases() -> &'static Cases {
    static CASES: std::sync::OnceLock<Cases> = std::sync::OnceLock::new();
    CASES.get_or_init(|| {
        let window = Window::hopping(minutes(SIZE), minutes(STEP)).expiring(minutes(EXPIRES));
        Cases::new([case(CASE, &[("debts", None), ("counts", Some(window))])]).expect("one case")
    })
}

proptest! {
    // Each has dozens of transactions of the database, which take their time in a debug build.
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_is_committed_is_there_once_whoever_dies(steps in prop::collection::vec(step(), 0..25)) {
        tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
            let set = Arc::new(TableSet::new(cases(), "livecheck").expect("names"));
            let store = Arc::new(Store::in_memory().expect("memory"));
            let mut changelogs = Vec::new();
            let mut runner = Runner::begin(&set, &store, &changelogs);
            let (mut model, mut committed) = (Model::default(), Model::default());
            for step in steps {
                match step {
                    Step::Execute { account, amount, minute } => {
                        runner.execute(account, amount, minute).await;
                        model.execute(account, amount, minute);
                    }
                    Step::Commit => {
                        runner.commit_and_store(&mut changelogs);
                        committed = model.clone();
                    }
                    Step::CommitWhileExecuting { account, amount, minute } => {
                        let (pending, positions) = runner.commit(&mut changelogs);
                        committed = model.clone();
                        runner.execute(account, amount, minute).await;
                        model.execute(account, amount, minute);
                        pending.committed(&positions).expect("it can be written");
                    }
                    Step::CommitAndDie => {
                        drop(runner.commit(&mut changelogs));
                        committed = model.clone();
                        runner = Runner::begin(&set, &store, &changelogs);
                    }
                    Step::Die => {
                        model = committed.clone();
                        runner = Runner::begin(&set, &store, &changelogs);
                    }
                }
                // Held in memory is what is not committed, and no more.
                prop_assert_eq!(runner.tables.held_bytes() == 0, runner.pending.is_empty());
                // What the windows have by now decides which have expired, and that outlives a runner as they do.
                model.latest = model.counts.keys().map(|(start, _)| *start).max();
                let (debts, counts) = runner.seen().await;
                prop_assert_eq!(&debts, &model.debts);
                prop_assert_eq!(&counts, &model.counts);
            }
            // Another machine, with nothing on disk.
            runner.commit_and_store(&mut changelogs);
            let elsewhere = Runner::begin(&set, &Arc::new(Store::in_memory().expect("memory")), &changelogs);
            prop_assert_eq!(elsewhere.seen().await, runner.seen().await);
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn what_is_held_in_memory_is_counted_until_it_is_on_disk() {
    let set = Arc::new(TableSet::new(cases(), "livecheck").expect("names"));
    let mut changelogs = Vec::new();
    let mut runner = Runner::begin(&set, &Arc::new(Store::in_memory().expect("memory")), &changelogs);
    let mut held = Vec::new();
    for (account, amount) in [(1, 1), (2, 1), (2, 1)] {
        runner.execute(account, amount, 0).await;
        held.push(runner.tables.held_bytes());
    }
    // A row that is changed again is held once.
    assert!(0 < held[0] && held[0] < held[1] && held[1] == held[2], "{held:?}");
    runner.commit_and_store(&mut changelogs);
    assert_eq!(runner.tables.held_bytes(), 0);
    runner.tables.freed().await;
}

#[tokio::test]
async fn a_row_that_no_changelog_takes_is_refused_and_nothing_is_changed() {
    let cases = Cases::new([case(CASE, &[("texts", None), ("counts", None)])]).expect("one case");
    let set = Arc::new(TableSet::new(&cases, "livecheck").expect("names"));
    let tables = PartitionTables::open(PARTITION, set, Arc::new(Store::in_memory().expect("memory")));
    let tables = tables.expect("it can be read");
    let of_case = cases.get(CASE).expect("the case").tables;
    let of_execution = Arc::new(ExecutionTables::new(of_case, at(0), tables.of_case(CASE)));
    let (texts, counts) = (table::<u8, String>(&of_execution, 0), table::<u8, u32>(&of_execution, 1));
    texts.set(&7, "x".repeat(1_000_000)).await.expect("JSON");
    counts.add(&7, 1).await.expect("JSON");
    let refused = tables.apply(CASE, &of_execution.take_changes()).expect_err("it is too large").to_string();
    assert_eq!(
        refused,
        "table `texts`: the row of the key 7 would take 1000003 bytes, and the most is 900000"
    );
    assert_eq!(tables.held_bytes(), 0);
}
