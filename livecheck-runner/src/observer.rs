//! The observer: everything that reads the topics, executes the cases and commits their reports, as one thing
//! that is started and stopped.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use livecheck_core::ExecutionKey;
use livecheck_core::wire::{LogLine, TestReport};

use crate::engine::{Limits, Notice, Selection, Tally};
use crate::execute::capture_panics;
use crate::kafka::{
    ByHand, CommitListener, Committer, CommitterOptions, Connection, ConsumerLags, Health, HealthEvent,
    Intake, IntakeParts, KafkaEdgeError, OnUnreadable, ReportPositions, Routes, Sharing, Tables, Unreadable,
    Warn, bus, keys,
};
use crate::observers::Observers;
use crate::shard_task::{self, ShardParts};

/// What an observer says.
#[derive(Debug)]
pub(crate) enum Observation {
    /// Partitions have come, and are being read.
    Assigned,
    /// Verdicts were committed, and these are the counts.
    Committed { reports: Vec<TestReport>, tally: Tally },
    /// Records could not be read. `count` of that kind on that topic so far; the latest is given.
    Unreadable { latest: Unreadable, count: u64 },
    /// The engine saw something odd, `count` times so far.
    Notice { notice: Notice, count: u64 },
    /// The brokers went, or came back.
    Health(HealthEvent),
    /// An execution of a case with `realtime_logs` has logged a line.
    Logged { execution: ExecutionKey, line: LogLine },
    /// Something that an operator should know.
    Warning(String),
}

/// How to observe.
pub(crate) struct ObserverOptions {
    pub(crate) connection: Connection,
    pub(crate) sharing: Sharing,
    /// Whether reports are written to the report topic.
    pub(crate) reports: bool,
    pub(crate) selection: Selection,
    /// How many partitions the topics have.
    pub(crate) partitions: i32,
    pub(crate) limits: Limits,
    pub(crate) commit_interval: Duration,
    pub(crate) tables: Tables,
    /// Who is told of executions, beside.
    pub(crate) observers: Observers,
}

/// Reads, executes, commits, until it is stopped.
pub(crate) struct Observer {
    intake: Intake,
    committer: Committer,
    /// Last: the shards ask it for the end of the bus.
    bus: Arc<ByHand>,
}

impl Observer {
    /// Starts observing, within a tokio runtime. What is seen goes to `say`, from several threads.
    pub(crate) fn start(
        options: ObserverOptions,
        say: impl Fn(Observation) + Send + Sync + 'static,
    ) -> Result<Self, KafkaEdgeError> {
        let ObserverOptions {
            connection,
            sharing,
            reports,
            selection,
            partitions,
            limits,
            commit_interval,
            tables,
            observers,
        } = options;
        capture_panics();
        let say: Say = Arc::new(say);
        let health = {
            let say = Arc::clone(&say);
            Health::new(move |event| say(Observation::Health(event)))
        };
        let routes = Routes::default();
        let on_unreadable = counting_unreadable(&say);
        let bus = bus::start(&connection, routes.clone(), &health, Arc::clone(&on_unreadable))?;
        let keys = sharing
            .group()
            .map(|group| keys::start(group, &connection, routes.clone(), &health, Arc::clone(&on_unreadable)))
            .transpose()?;
        let listener = Listener { say: Arc::clone(&say) };
        let report_positions = ReportPositions::default();
        let positions = report_positions.clone();
        let options =
            CommitterOptions { reports, interval: commit_interval, tables: Arc::clone(&tables.set) };
        let committer = Committer::start(&connection, &sharing, options, &health, positions, listener);
        let shard_parts = ShardParts {
            selection: Arc::new(selection),
            partitions,
            limits,
            topics: Arc::new(connection.topics.clone()),
            bus: Arc::clone(&bus),
            committer: committer.handle(),
            report_positions: report_positions.clone(),
            neighbours: (!sharing.is_shared()).then(|| routes.clone()),
            on_notice: counting_notices(&say),
            observers,
            lags: ConsumerLags::new(connection.clone()),
            on_log: {
                let say = Arc::clone(&say);
                Arc::new(move |execution, line| {
                    say(Observation::Logged { execution: execution.clone(), line: line.clone() });
                })
            },
        };
        let runtime = tokio::runtime::Handle::current();
        let parts = IntakeParts {
            routes,
            bus: Arc::clone(&bus),
            keys,
            committer: committer.handle(),
            report_positions,
            tables,
            start_shard: Arc::new(move |partition, handover, tables| {
                shard_task::start(&runtime, shard_parts.clone(), partition, handover, tables)
            }),
            on_unreadable,
            warn: warning(&say),
            on_assigned: {
                let say = Arc::clone(&say);
                Arc::new(move |_| say(Observation::Assigned))
            },
            health,
        };
        let intake = Intake::start(&connection, &sharing, parts)?;
        Ok(Self { intake, committer, bus })
    }

    /// Hands everything over: what has been done is committed, what is in flight is left to the next runner.
    /// Blocks for some seconds at most.
    pub(crate) fn stop(self) {
        self.committer.end_soon();
        self.intake.stop();
        self.committer.stop();
        drop(self.bus);
    }
}

type Say = Arc<dyn Fn(Observation) + Send + Sync>;

struct Listener {
    say: Say,
}

impl CommitListener for Listener {
    fn committed(&self, reports: Vec<TestReport>, tally: &Tally) {
        (self.say)(Observation::Committed { reports, tally: tally.clone() });
    }
}

fn warning(say: &Say) -> Warn {
    let say = Arc::clone(say);
    Arc::new(move |text| say(Observation::Warning(text)))
}

fn counting_unreadable(say: &Say) -> OnUnreadable {
    let say = Arc::clone(say);
    let counts = Counts::default();
    Arc::new(move |latest: Unreadable| {
        let count = counts.add(&format!("{} {}", latest.topic, latest.error.kind()));
        say(Observation::Unreadable { latest, count });
    })
}

fn counting_notices(say: &Say) -> Arc<dyn Fn(Notice) + Send + Sync> {
    let say = Arc::clone(say);
    let counts = Counts::default();
    Arc::new(move |notice: Notice| {
        let count = counts.add(notice.kind());
        say(Observation::Notice { notice, count });
    })
}

/// Counts by kind.
#[derive(Default)]
struct Counts(Mutex<HashMap<String, u64>>);

impl Counts {
    fn add(&self, kind: &str) -> u64 {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(kind) {
            Some(count) => {
                *count += 1;
                *count
            }
            None => {
                counts.insert(kind.to_owned(), 1);
                1
            }
        }
    }
}
