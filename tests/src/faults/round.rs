//! One round: faults and orders for a while, then quiet, until every execution is accounted for.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::broker::TestBroker;
use super::clock::Slots;
use super::fleet::{Fleet, History};
use super::ledger::{self, Discrepancy};
use super::orders::Order;
use super::reading::Reading;
use super::schedule::{Schedule, Timed};
use super::sending::Sending;
use super::verifier::{Judgement, Log, judge};
use crate::own_topics::OwnTopics;

/// How long after the last fault the last report may come: several sessions and transactions that nobody ends.
const SETTLE: Duration = Duration::from_secs(90);
/// How many slots must be executed after the last fault: those that follow have been fired when all was quiet.
const TICKS: usize = 2;
/// How often it is looked whether runners have ended, while nothing else is due.
const LOOK: Duration = Duration::from_millis(20);

/// What all rounds share.
#[derive(Debug)]
pub struct Stage {
    /// The broker.
    pub broker: TestBroker,
    /// The topics.
    pub topics: OwnTopics,
    /// How far they have been read.
    pub reading: Reading,
    /// What was done by the clock so far.
    pub slots: Slots,
    /// The runner.
    pub program: PathBuf,
}

/// What came of a round.
#[derive(Debug)]
pub struct Outcome {
    /// What the verifier says.
    pub judgement: Judgement,
    /// Where a table is not what it should be.
    pub discrepancies: Vec<Discrepancy>,
    /// How many slots have been executed by the clock, in all rounds.
    pub ticks: usize,
    /// What it was read from.
    pub log: Log,
    /// What became of the runners.
    pub history: History,
    /// How long it took after the last fault until every execution was reported.
    pub settled: Duration,
}

impl Outcome {
    /// Whether nothing was lost, duplicated or wrong, and no runner did what none should.
    #[must_use]
    pub fn is_flawless(&self) -> bool {
        self.judgement.violations.is_empty()
            && self.discrepancies.is_empty()
            && self.history.complaints.is_empty()
    }
}

/// Plays a round; says each step to `say` as it is done.
pub fn play(stage: &mut Stage, schedule: Schedule, orders: &[Order], say: impl Fn(&Timed) + Sync) -> Outcome {
    let slots = schedule.steps.iter().filter_map(|timed| timed.step.slot());
    let runners = slots.max().map_or(0, |last| last + 1);
    let mut fleet = Fleet::new(stage.program.clone(), stage.topics.clone(), runners);
    let sending = Sending::begin(orders, &stage.topics.names);

    let began = Instant::now();
    let broker = &mut stage.broker;
    let wait = |timed: &Timed, meanwhile: &mut dyn FnMut()| {
        while began.elapsed() < timed.at {
            meanwhile();
            std::thread::sleep(LOOK.min(timed.at.saturating_sub(began.elapsed())));
        }
        say(timed);
    };
    // Each on its own: a broker takes its time to start, and the runners have their faults meanwhile.
    let (of_broker, of_runners): (Vec<_>, Vec<_>) =
        schedule.steps.into_iter().partition(|timed| timed.step.slot().is_none());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for timed in of_broker {
                wait(&timed, &mut || {});
                broker.apply(timed.step);
            }
        });
        for timed in of_runners {
            wait(&timed, &mut || fleet.supervise());
            fleet.apply(timed.step);
        }
    });
    let meant = sending.ended();
    let quiet = Instant::now();
    let mut log = Log::default();
    stage.reading.read_sent(&mut log);
    let mut read_reports = |log: &mut Log| {
        stage.reading.read_reports(log);
        stage.slots.take(log);
        stage.slots.reported()
    };
    let ticks_before = read_reports(&mut log);
    let mut settled = None;
    loop {
        fleet.supervise();
        let has_ticked = read_reports(&mut log) >= ticks_before + TICKS;
        let reported: HashSet<_> = log.reports.iter().map(|report| &report.execution).collect();
        if meant.keys().all(|execution| reported.contains(execution)) {
            settled = settled.or_else(|| Some(quiet.elapsed()));
        }
        if has_ticked && settled.is_some() || quiet.elapsed() > SETTLE {
            break;
        }
        std::thread::sleep(10 * LOOK);
    }
    let mut history = fleet.end();
    // What runners report at their end counts, too.
    let ticks = read_reports(&mut log);
    // And what was fired meanwhile; after the reports, so that none of them is on a slot that was not read.
    stage.reading.read_sent(&mut log);
    stage.slots.take(&mut log);
    if ticks < ticks_before + TICKS {
        history.complaints.push("no slot was fired any more after the last fault".to_owned());
    }
    let discrepancies = ledger::compare(&log.triggers, stage.reading.read_ledger());
    let mut judgement = judge(&meant, &log);
    judgement.violations.extend(stage.slots.violations());
    let settled = settled.unwrap_or_else(|| quiet.elapsed());
    Outcome { judgement, discrepancies, ticks, log, history, settled }
}
