//! The task around a shard: feeds it, does what it asks for, and tells the committer how far it has come.

mod pace;
mod topic_end;

use std::collections::HashMap;
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use livecheck_core::wire::{ConsumerLag, LogLine, TestReport};
use livecheck_core::{Case, Context, ExecutionKey, Timestamp, Topics};
use tokio::sync::{mpsc, oneshot};

use crate::engine::{
    Checkpoint, CommitPoint, Effect, Ending, Handle, Handover, Limits, Message, Notice, Placement, Pressure,
    Selection, Shard,
};
use crate::execute::{self, ByExecution, FromCase, Reply, ToExecute};
use crate::execution_log::ExecutionLog;
use crate::kafka::{
    ByHand, CommitterHandle, ConsumerLags, MessageInput, Progress, ReportPositions, Routes, ShardInbox,
    SignalInput, TestInput,
};
use crate::observers::Observers;
use crate::tables::{PartitionTables, UnderWay};
use pace::{Pace, ReadAt};
use topic_end::{Answer, TopicEnd};

/// How many batches of records can wait for a shard, of each kind.
const INBOX: usize = 8;
/// How many messages of executing cases are taken in one go.
const CASE_BATCH: usize = 1_000;
/// How often at most a shard tells the committer how far it has come.
const PROGRESS_EVERY: Duration = Duration::from_millis(5);
/// How many executions and signals are saved at most in one go.
const CHECKPOINTS: usize = 1_000;
/// What a shard task is connected to.
#[derive(Clone)]
pub(crate) struct ShardParts {
    pub(crate) selection: Arc<Selection>,
    /// How many partitions there are.
    pub(crate) partitions: i32,
    pub(crate) limits: Limits,
    /// What the topics are called.
    pub(crate) topics: Arc<Topics>,
    pub(crate) bus: Arc<ByHand>,
    pub(crate) committer: CommitterHandle,
    pub(crate) report_positions: ReportPositions,
    /// The other shards, where all are in this process; else messages for them are committed.
    pub(crate) neighbours: Option<Routes>,
    pub(crate) on_notice: Arc<dyn Fn(Notice) + Send + Sync>,
    pub(crate) on_log: OnLog,
    /// Who is told of executions, beside.
    pub(crate) observers: Observers,
    /// Whether the consumers behind signals lag.
    pub(crate) lags: ConsumerLags,
}

/// What is done with a line that an execution logs, where its case has `realtime_logs`.
pub(crate) type OnLog = Arc<dyn Fn(&ExecutionKey, &LogLine) + Send + Sync>;

/// Starts the task of a partition.
pub(crate) fn start(
    runtime: &tokio::runtime::Handle,
    parts: ShardParts,
    partition: i32,
    handover: Handover,
    tables: Arc<PartitionTables>,
) -> ShardInbox {
    let (tests, tests_inbox) = mpsc::channel(INBOX);
    let (signals, signals_inbox) = mpsc::channel(INBOX);
    let (messages, messages_inbox) = mpsc::channel(INBOX);
    let (from_neighbours, neighbours_inbox) = mpsc::unbounded_channel();
    let (to_shard, from_cases) = mpsc::unbounded_channel();
    let (close, closed) = oneshot::channel();
    let Handover { from, reported, recent, checkpoints } = handover;
    let placement = Placement::new(partition, parts.partitions);
    let shard = Shard::new(placement, Arc::clone(&parts.selection), parts.limits, from);
    let mut shard = shard.with_topics(Arc::clone(&parts.topics));
    shard.already_reported(reported);
    recent.iter().for_each(|execution| shard.ended_lately(execution));
    let bus_end = TopicEnd::of_bus(Arc::clone(&parts.bus), &parts.topics, partition);
    let tests_end = TopicEnd::of_tests(Arc::clone(&parts.bus), &parts.topics, partition);
    let task = ShardTask {
        partition,
        shard,
        parts,
        inboxes: Inboxes {
            tests: tests_inbox,
            signals: signals_inbox,
            messages: messages_inbox,
            neighbours: neighbours_inbox,
            from_cases,
        },
        to_shard,
        executing: ByExecution::default(),
        lags: HashMap::new(),
        tables: UnderWay::new(tables),
        tables_are_full: false,
        bus: bus_end,
        tests: tests_end,
        pace: Pace::new(Instant::now()),
        reports: Vec::new(),
        messages: Vec::new(),
        told: None,
        progress_at: Instant::now(),
    };
    runtime.spawn(task.run(checkpoints, closed));
    ShardInbox { tests, signals, messages, from_neighbours, close }
}

struct Inboxes {
    tests: mpsc::Receiver<Vec<TestInput>>,
    signals: mpsc::Receiver<Vec<SignalInput>>,
    messages: mpsc::Receiver<Vec<MessageInput>>,
    neighbours: mpsc::UnboundedReceiver<Message>,
    from_cases: mpsc::UnboundedReceiver<FromCase>,
}

struct ShardTask {
    partition: i32,
    parts: ShardParts,
    shard: Shard<Reply>,
    inboxes: Inboxes,
    to_shard: mpsc::UnboundedSender<FromCase>,
    executing: ByExecution,
    /// How far the consumers behind signals that executions have missed are behind, until that is reported.
    lags: HashMap<Handle, ConsumerLag>,
    tables: UnderWay,
    /// Whether tests wait because of what is held of tables.
    tables_are_full: bool,
    bus: TopicEnd,
    tests: TopicEnd,
    pace: Pace,
    /// Verdicts that the committer has not been told.
    reports: Vec<TestReport>,
    /// Messages for other shards that the committer has not been told.
    messages: Vec<(i32, Message)>,
    /// The commit point that the committer has been told, and how many executions were in flight then.
    told: Option<(CommitPoint, usize)>,
    /// When that was.
    progress_at: Instant,
}

impl ShardTask {
    async fn run(mut self, saved: Vec<Checkpoint>, mut closed: oneshot::Receiver<oneshot::Sender<()>>) {
        self.go_on_from(saved).await;
        let done = loop {
            let (pressure, now) = (self.pressure(), Instant::now());
            // What is read while nothing can be written would be held in memory.
            let is_behind = self.parts.committer.is_behind();
            // More tests are wanted while signals wait for theirs; once all have been read that cannot help.
            let signals_wanted = match pressure.pause_bus {
                _ if is_behind => false,
                true => self.pace.tests_are_at_end(),
                false => self.pace.wants_signals(now),
            };
            let messages_wanted = !is_behind && !pressure.pause_messages;
            let tests_wanted =
                !is_behind && !pressure.pause_tests && (pressure.pause_bus || self.pace.wants_tests(now));
            let next_tests =
                (tests_wanted && self.pace.tests_come_first()).then(|| self.inboxes.tests.try_recv());
            if let Some(Ok(batch)) = next_tests {
                self.tests(batch);
                self.act();
                self.tell_progress(false);
                continue;
            }
            let deadline = self.next_deadline();
            tokio::select! {
                done = &mut closed => break done,
                Some(message) = self.inboxes.from_cases.recv() => {
                    // Who is woken by a case would be the next to run, for one message. After the other cases that are
                    // ready there are many, and what is done once for all of them costs little.
                    tokio::task::yield_now().await;
                    self.take_from_cases(message);
                }
                Some(batch) = self.inboxes.signals.recv(), if signals_wanted => self.signals(batch),
                Some(batch) = self.inboxes.messages.recv(), if messages_wanted => self.messages(batch),
                Some(message) = self.inboxes.neighbours.recv() => {
                    self.shard.message(None, message, Timestamp::now());
                }
                Some(batch) = self.inboxes.tests.recv(), if tests_wanted => self.tests(batch),
                answer = self.bus.answered() => self.bus_end(answer),
                answer = self.tests.answered() => self.tests_end(answer),
                () = self.parts.committer.caught_up(), if is_behind => {}
                () = self.tables.freed(), if pressure.pause_tests => {}
                () = sleep_until(deadline) => self.time_has_passed(),
            }
            self.act();
            self.tell_progress(false);
        };
        for executing in self.executing.iter() {
            executing.abort();
        }
        self.tell_progress(true);
        if let Ok(done) = done {
            let _ = done.send(());
        }
    }

    /// What a predecessor had in flight goes on: each execution at once, while the others are yet to come.
    async fn go_on_from(&mut self, saved: Vec<Checkpoint>) {
        let mut saved = saved.into_iter().peekable();
        while saved.peek().is_some() {
            let now = Timestamp::now();
            saved.by_ref().take(CASE_BATCH).for_each(|checkpoint| self.shard.restore(checkpoint, now));
            self.act();
            tokio::task::yield_now().await;
        }
    }

    /// What can be taken at present; of tests none, too, while what they have changed in tables cannot be committed, or
    /// put on disk.
    fn pressure(&mut self) -> Pressure {
        let pressure = self.shard.pressure();
        let tables_are_full = self.tables.held_bytes() > self.parts.limits.table_bytes;
        if tables_are_full != self.tables_are_full {
            self.tables_are_full = tables_are_full;
            let partition = self.partition;
            match tables_are_full {
                true => tracing::warn!(
                    partition,
                    "what executions have changed in tables can not be committed, or not be put on disk, and has become \
                     much: no more tests are taken until it is"
                ),
                false => tracing::warn!(partition, "tests are taken again"),
            }
        }
        Pressure { pause_tests: pressure.pause_tests || tables_are_full, ..pressure }
    }

    fn tests(&mut self, batch: Vec<TestInput>) {
        let now = Timestamp::now();
        if let Some(offset) = self.parts.report_positions.get(self.partition) {
            self.shard.reports_written_to(offset);
        }
        let read_at = ReadAt::now(now);
        for input in batch {
            match input {
                TestInput::Test(record) => {
                    self.pace.read_test(Some(record.time), read_at);
                    self.shard.test(record, now);
                }
                TestInput::Unreadable { offset } => self.shard.unreadable_test(offset),
                TestInput::End => {
                    self.pace.read_test(None, read_at);
                    self.shard.all_tests_read();
                }
            }
        }
    }

    fn signals(&mut self, batch: Vec<SignalInput>) {
        let now = Timestamp::now();
        let read_at = ReadAt::now(now);
        for input in batch {
            match input {
                SignalInput::Signal(record) => {
                    self.pace.read_signal(Some(record.time), read_at);
                    self.shard.signal(record, now);
                }
                SignalInput::Unreadable { offset, time } => {
                    self.pace.read_signal(Some(time), read_at);
                    self.shard.unreadable_signal(offset, time, now);
                }
                SignalInput::End => {
                    self.pace.read_signal(None, read_at);
                    self.shard.all_signals_read();
                }
            }
        }
    }

    fn messages(&mut self, batch: Vec<MessageInput>) {
        let now = Timestamp::now();
        for input in batch {
            match input {
                MessageInput::Message { offset, message } => self.shard.message(Some(offset), *message, now),
                MessageInput::Unreadable { offset } => self.shard.message_read(offset),
            }
        }
    }

    fn take_from_cases(&mut self, first: FromCase) {
        let now = Timestamp::now();
        self.take_from_case(first, now);
        for _ in 1..CASE_BATCH {
            let Ok(message) = self.inboxes.from_cases.try_recv() else { break };
            self.take_from_case(message, now);
        }
    }

    fn take_from_case(&mut self, message: FromCase, now: Timestamp) {
        match message {
            FromCase::Wait { execution, request, since, reply } => {
                self.shard.wait(execution, request, since, reply, now);
            }
            FromCase::Ended { execution, ending } => self.ended(execution, ending, now),
            FromCase::Explained { execution, ending, ended, lag } => {
                if let (Some(lag), Some(_)) = (lag, self.executing.get(execution)) {
                    self.lags.insert(execution, lag);
                }
                self.conclude(execution, ending, ended);
            }
        }
    }

    /// A case has ended. Where it has missed a signal, whether the consumer behind that lags is asked first.
    fn ended(&mut self, execution: Handle, ending: Ending, ended: Timestamp) {
        let Some(group) = self.shard.consumer_behind(execution, &ending, ended) else {
            return self.conclude(execution, ending, ended);
        };
        let (lags, to_shard) = (self.parts.lags.clone(), self.to_shard.clone());
        tokio::spawn(async move {
            let lag = lags.of(&group).await;
            // Where the shard is gone the verdict is another runner's.
            let _ = to_shard.send(FromCase::Explained { execution, ending, ended, lag });
        });
    }

    /// Says how a case has ended: what it has changed in tables is committed with its report.
    fn conclude(&mut self, execution: Handle, ending: Ending, ended: Timestamp) {
        let ending = self.tables.end(execution, ending);
        self.shard.ended(execution, ending, ended);
    }

    /// When something is due that no message brings about.
    fn next_deadline(&self) -> Option<Instant> {
        let question = self.shard.next_bus_question().and_then(|due| self.bus.can_ask_at(due));
        let of_tests = self.shard.next_tests_question().and_then(|due| self.tests.can_ask_at(due));
        let tick = self.shard.next_tick().map(to_instant);
        // While the committer is behind it is told nothing.
        let is_behind = self.parts.committer.is_behind();
        let progress = (!is_behind && self.has_progress()).then(|| self.progress_at + PROGRESS_EVERY);
        let save = self.shard.next_save().filter(|_| !is_behind).map(to_instant);
        let patience = self.pace.patience_ends(Instant::now());
        [question, of_tests, tick, progress, save, patience].into_iter().flatten().min()
    }

    fn time_has_passed(&mut self) {
        let now = Timestamp::now();
        self.shard.tick(now);
        if self.shard.next_bus_question().is_some_and(|due| due <= now) {
            self.bus.ask(now);
        }
        if self.shard.next_tests_question().is_some_and(|due| due <= now) {
            self.tests.ask(now);
        }
    }

    fn bus_end(&mut self, answer: Option<Answer>) {
        let Some(Answer { end_offset, asked }) = answer else { return };
        if self.bus.is_behind_control_records(end_offset, self.pace.signals_are_at_end()) {
            self.shard.bus_skip_to(end_offset);
        }
        self.shard.bus_end(end_offset, asked);
    }

    fn tests_end(&mut self, answer: Option<Answer>) {
        let Some(Answer { end_offset, asked }) = answer else { return };
        if self.tests.is_behind_control_records(end_offset, self.pace.tests_are_at_end()) {
            self.shard.tests_skip_to(end_offset);
        }
        self.shard.tests_end(end_offset, asked);
    }

    /// Does what the shard asks for.
    fn act(&mut self) {
        for effect in self.shard.take_effects() {
            match effect {
                Effect::Start { execution, case, context, arguments, start } => {
                    let to_shard = self.to_shard.clone();
                    let log = self.log_of(case, &context);
                    let tables = self.tables.start(execution, case, start);
                    let to_execute = ToExecute {
                        execution,
                        case,
                        context,
                        arguments,
                        start,
                        log,
                        tables,
                        observers: self.parts.observers.clone(),
                    };
                    let task = execute::start(to_execute, to_shard);
                    self.executing.insert(task);
                }
                Effect::Resolve { reply, result } => reply.send(result),
                Effect::Abort { execution } => {
                    if let Some(executing) = self.executing.get(execution) {
                        executing.abort();
                    }
                    self.tables.cut_off(execution);
                }
                Effect::Report { execution, report } => self.report(execution, *report),
                Effect::Send { to, message } => match &self.parts.neighbours {
                    Some(neighbours) => neighbours.tell(to, *message),
                    None => self.messages.push((to, *message)),
                },
                Effect::Notice(notice) => (self.parts.on_notice)(notice),
            }
        }
    }

    /// A log for an execution of that case: one that is told at once where the case wants that.
    fn log_of(&self, case: &'static Case, context: &Context) -> ExecutionLog {
        if !case.settings.realtime_logs {
            return ExecutionLog::default();
        }
        let (key, on_log) = (context.key().clone(), Arc::clone(&self.parts.on_log));
        ExecutionLog::live(Box::new(move |line| on_log(&key, line)))
    }

    /// Takes a verdict, for the committer; and with it goes what the case has logged.
    fn report(&mut self, execution: Option<Handle>, mut report: TestReport) {
        let executed = execution.and_then(|execution| self.executing.remove(execution));
        let lag = execution.and_then(|execution| self.lags.remove(&execution));
        if let (Some(executed), Some(explanation)) = (executed, &mut report.explanation) {
            executed.log().explain(explanation);
            if let Some(missing) = &mut explanation.waiting_for {
                missing.consumer = lag;
            }
        }
        self.reports.push(report);
    }

    fn has_progress(&self) -> bool {
        !self.reports.is_empty()
            || !self.messages.is_empty()
            || self.tables.has_writes()
            || self.told != Some((self.shard.commit_point(), self.shard.in_flight()))
            || self.shard.next_save().is_some_and(|due| due <= Timestamp::now())
    }

    fn tell_progress(&mut self, now: bool) {
        let may_be_told =
            || self.progress_at.elapsed() >= PROGRESS_EVERY && !self.parts.committer.is_behind();
        if !(now || may_be_told() && self.has_progress()) {
            return;
        }
        self.progress_at = Instant::now();
        let checkpoints = self.shard.take_checkpoints(Timestamp::now(), CHECKPOINTS);
        let commit_point = self.shard.commit_point();
        self.told = Some((commit_point, self.shard.in_flight()));
        self.parts.committer.progress(Progress {
            partition: self.partition,
            reports: std::mem::take(&mut self.reports),
            messages: std::mem::take(&mut self.messages),
            checkpoints,
            tables: self.tables.take_writes(),
            commit_point,
            tally: self.shard.tally(),
        });
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => pending().await,
    }
}

/// That local time, by the clock that timers go by.
fn to_instant(time: Timestamp) -> Instant {
    Instant::now() + time.since(Timestamp::now())
}
