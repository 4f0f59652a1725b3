//! The thread that commits: reports and offsets, in one transaction, every commit interval.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use livecheck_core::wire::TestReport;
use rdkafka::consumer::BaseConsumer;

use super::backlog::{Backlog, Load};
use super::connection::{Connection, Sharing};
use super::health::Health;
use super::intake::{GroupConsumer, IntakeContext};
use super::patience::Patience;
use super::reported::ReportPositions;
use super::transactions::Transactions;
use crate::engine::{CheckpointChange, CommitPoint, Message, Tally};
use crate::tables::{ChangelogPositions, TableSet, TableWrites};

/// The pause after a transaction that failed.
const RETRY: Duration = Duration::from_millis(100);
/// For how long what could not be committed is tried again before partitions are given back.
const LAST_COMMIT: Duration = Duration::from_secs(5);
/// How long all that is left to do may take once the run ends.
const END: Duration = Duration::from_secs(10);

/// What a shard has done since it last said so.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) partition: i32,
    /// The verdicts reached.
    pub(crate) reports: Vec<TestReport>,
    /// What is to be told to other shards, and to which.
    pub(crate) messages: Vec<(i32, Message)>,
    /// What is to be written of checkpoints.
    pub(crate) checkpoints: Vec<CheckpointChange>,
    /// What executions have changed in tables.
    pub(crate) tables: TableWrites,
    /// From where a successor has to read once all that is written.
    pub(crate) commit_point: CommitPoint,
    /// The shard's counts at that moment.
    pub(crate) tally: Tally,
}

impl Progress {
    /// What waits with it.
    fn load(&self) -> Load {
        let others = Load::of_records(self.messages.len() + self.tables.len());
        let reports = self.reports.iter().map(Load::of_report);
        reports.chain(self.checkpoints.iter().map(Load::of_change)).chain([others]).sum()
    }
}

/// What the committer is told.
enum Order {
    /// What a shard has done, and how much of it has been counted as waiting.
    Progress(Box<Progress>, Load),
    /// Commit what these partitions have done, now, and forget them: they are being given back.
    Flush {
        partitions: Vec<i32>,
        done: mpsc::Sender<bool>,
    },
    /// Forget what these partitions have done: they are another runner's by now, and so are their reports.
    Discard {
        partitions: Vec<i32>,
        done: mpsc::Sender<()>,
    },
    Stop,
}

/// What the committer says.
pub(crate) trait CommitListener: Send + 'static {
    /// Those verdicts are committed; these are the counts of all partitions, as they were then.
    fn committed(&self, reports: Vec<TestReport>, tally: &Tally);
}

/// The way to the committer.
#[derive(Clone)]
pub(crate) struct CommitterHandle {
    orders: mpsc::Sender<Order>,
    consumer: Arc<GroupConsumer>,
    backlog: Backlog,
}

impl CommitterHandle {
    /// Whether so much waits to be committed that a shard does better to read nothing, and to save nothing.
    pub(crate) fn is_behind(&self) -> bool {
        self.backlog.too_much().is_some()
    }

    /// Ends once it is behind no longer.
    pub(crate) async fn caught_up(&self) {
        self.backlog.has_room().await;
    }

    /// Hands over what a shard has done.
    pub(crate) fn progress(&self, progress: Progress) {
        let load = progress.load();
        self.backlog.add(load);
        // The committer outlives the shards; if it does not, the run is over.
        let _ = self.orders.send(Order::Progress(Box::new(progress), load));
    }

    /// Commits what those partitions have done before they are given back. Says whether that succeeded; waits
    /// until that is certain, since a commit that came later would report what others have executed again.
    pub(super) fn flush(&self, partitions: &[i32]) -> bool {
        let (done, wait) = mpsc::channel();
        let flush = Order::Flush { partitions: partitions.to_vec(), done };
        self.orders.send(flush).is_ok() && wait.recv().unwrap_or(false)
    }

    /// Forgets what those partitions have done: they were lost. Waits until nothing of it is being committed.
    pub(super) fn discard(&self, partitions: &[i32]) {
        let (done, wait) = mpsc::channel();
        if self.orders.send(Order::Discard { partitions: partitions.to_vec(), done }).is_ok() {
            // An error means that the committer has ended.
            let _ = wait.recv();
        }
    }

    /// Commits for the group of that consumer.
    pub(super) fn commit_for(&self, consumer: Weak<BaseConsumer<IntakeContext>>) {
        let _ = self.consumer.set(consumer);
    }
}

/// How to commit.
pub(crate) struct CommitterOptions {
    /// Whether anything is written anywhere: not in a run of one's own.
    pub(crate) reports: bool,
    /// How often.
    pub(crate) interval: Duration,
    /// The tables of the cases.
    pub(crate) tables: Arc<TableSet>,
}

/// The thread that commits.
pub(crate) struct Committer {
    handle: CommitterHandle,
    patience: Patience,
    thread: Option<JoinHandle<()>>,
}

impl Committer {
    /// Starts the thread. How far reports have been written goes to `positions`.
    pub(crate) fn start(
        connection: &Connection,
        sharing: &Sharing,
        options: CommitterOptions,
        health: &Health,
        positions: ReportPositions,
        listener: impl CommitListener,
    ) -> Self {
        let CommitterOptions { reports, interval, tables } = options;
        let (orders, inbox) = mpsc::channel();
        let consumer = Arc::new(GroupConsumer::new());
        let backlog = Backlog::default();
        let handle = CommitterHandle { orders, consumer: Arc::clone(&consumer), backlog: backlog.clone() };
        let changelogs = ChangelogPositions::default();
        let positions = (positions, changelogs.clone());
        let patience = Patience::default();
        let transactions = reports.then(|| {
            Transactions::new(connection, sharing, health, positions, tables, consumer, patience.clone())
        });
        let work = Work {
            inbox,
            interval,
            transactions,
            pending: BTreeMap::new(),
            backlog,
            tallies: BTreeMap::new(),
            given_back: Tally::default(),
            changelogs,
            is_disk_failing: false,
            has_said_too_much: false,
            patience: patience.clone(),
            listener,
        };
        let thread = std::thread::Builder::new()
            .name("livecheck-committer".to_owned())
            .spawn(move || work.run())
            .expect("the system can start a thread");
        Self { handle, patience, thread: Some(thread) }
    }

    pub(crate) fn handle(&self) -> CommitterHandle {
        self.handle.clone()
    }

    /// The run ends: what brokers do not take within some seconds is left to the next runner.
    pub(crate) fn end_soon(&self) {
        self.patience.ends_in(END);
    }

    /// Commits what there is, and ends. Blocks.
    pub(crate) fn stop(mut self) {
        self.end_soon();
        let _ = self.handle.orders.send(Order::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What one partition has done, and what is not committed of it.
#[derive(Default)]
pub(super) struct Pending {
    pub(super) reports: Vec<TestReport>,
    pub(super) messages: Vec<(i32, Message)>,
    pub(super) checkpoints: Vec<CheckpointChange>,
    pub(super) tables: TableWrites,
    pub(super) commit_point: Option<CommitPoint>,
    /// What all that is.
    load: Load,
}

struct Work<L> {
    inbox: mpsc::Receiver<Order>,
    interval: Duration,
    transactions: Option<Transactions>,
    pending: BTreeMap<i32, Pending>,
    backlog: Backlog,
    tallies: BTreeMap<i32, Tally>,
    /// The counts of partitions that were given back.
    given_back: Tally,
    changelogs: ChangelogPositions,
    /// Whether tables could not be written to disk when it was last tried.
    is_disk_failing: bool,
    /// Whether it was said that too much waits.
    has_said_too_much: bool,
    patience: Patience,
    listener: L,
}

impl<L: CommitListener> Work<L> {
    fn run(mut self) {
        if let Some(transactions) = &mut self.transactions {
            transactions.take_over();
        }
        let mut has_failed = false;
        loop {
            // What could not be committed is tried again, whether more comes or not.
            let first = match has_failed {
                true => self.inbox.recv_timeout(RETRY),
                false => self.inbox.recv().map_err(RecvTimeoutError::from),
            };
            if matches!(first, Err(RecvTimeoutError::Disconnected)) {
                return;
            }
            // What comes within the interval goes into one transaction.
            let due = Instant::now() + self.interval;
            let mut next = first.ok();
            while let Some(order) = next {
                match order {
                    Order::Progress(progress, load) => self.take(*progress, load),
                    Order::Flush { partitions, done } => {
                        let committed = self.commit_until(Instant::now() + LAST_COMMIT);
                        self.give_back(&partitions);
                        let _ = done.send(committed);
                    }
                    Order::Discard { partitions, done } => {
                        self.give_back(&partitions);
                        let _ = done.send(());
                    }
                    Order::Stop => {
                        self.commit_until(Instant::now() + LAST_COMMIT);
                        return;
                    }
                }
                next = self.inbox.recv_timeout(due.saturating_duration_since(Instant::now())).ok();
            }
            has_failed = !self.commit();
        }
    }

    fn take(&mut self, progress: Progress, load: Load) {
        let Progress { partition, mut reports, mut messages, mut checkpoints, tables, commit_point, tally } =
            progress;
        let pending = self.pending.entry(partition).or_default();
        pending.reports.append(&mut reports);
        pending.messages.append(&mut messages);
        pending.checkpoints.append(&mut checkpoints);
        pending.tables.append(tables);
        pending.commit_point = Some(commit_point);
        pending.load += load;
        self.tallies.insert(partition, tally);
    }

    fn give_back(&mut self, partitions: &[i32]) {
        for partition in partitions {
            if let Some(forgotten) = self.pending.remove(partition) {
                self.backlog.remove(forgotten.load);
            }
            if let Some(transactions) = &mut self.transactions {
                transactions.forget(*partition);
            }
            if let Some(tally) = self.tallies.remove(partition) {
                self.given_back += &tally.handed_over();
            }
        }
    }

    /// Commits what there is; says whether nothing is left.
    fn commit(&mut self) -> bool {
        if let Some(transactions) = &mut self.transactions {
            if let Err(failure) = transactions.commit(&self.pending) {
                // At the end of a run it is said that partitions were given back before that.
                if !self.patience.is_over() {
                    tracing::warn!(error = %failure, "reports could not be committed; trying again");
                }
                self.say_too_much();
                return false;
            }
        }
        if std::mem::take(&mut self.has_said_too_much) {
            tracing::warn!("what waited is committed: tests and signals are read again");
        }
        let mut reports = Vec::new();
        for (_, mut pending) in std::mem::take(&mut self.pending) {
            self.backlog.remove(pending.load);
            reports.append(&mut pending.reports);
            self.store(pending.tables);
        }
        let mut tally = self.given_back.clone();
        for of_partition in self.tallies.values() {
            tally += of_partition;
        }
        self.listener.committed(reports, &tally);
        true
    }

    /// Says once that nothing more is read until something is committed, where it has come to that.
    fn say_too_much(&mut self) {
        let Some(Load { records, bytes }) = self.backlog.too_much() else { return };
        if !std::mem::replace(&mut self.has_said_too_much, true) {
            let mebibytes = bytes >> 20;
            tracing::warn!(
                records,
                mebibytes,
                "the brokers take nothing that is written, and much waits for it: no more tests and signals are read \
                 until they do"
            );
        }
    }

    /// Puts on disk what is committed. Where that fails it is said once, until it succeeds again.
    fn store(&mut self, writes: TableWrites) {
        let stored = writes.committed(&self.changelogs);
        if let (Err(error), false) = (&stored, self.is_disk_failing) {
            tracing::error!(%error, "tables cannot be written to disk: what changes is held in memory");
        }
        self.is_disk_failing = stored.is_err();
    }

    fn commit_until(&mut self, deadline: Instant) -> bool {
        loop {
            if self.commit() {
                return true;
            }
            if Instant::now() >= deadline || self.patience.is_over() {
                return false;
            }
            std::thread::sleep(RETRY);
        }
    }
}
