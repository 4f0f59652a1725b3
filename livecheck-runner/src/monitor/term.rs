//! One term of leading: from what predecessors left, through what the runners report, until another leads or
//! something fails. Then all of it is forgotten, and begun anew from what is on the topics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use livecheck_core::schedule::Slot;
use livecheck_core::wire::{TestExecution, TestReport};
use livecheck_core::{Cases, Timestamp, control};
use tokio::runtime::Handle;

use super::alerting::{AlertEvent, Alerting, AlertingOptions};
use super::board::{Board, CaseChange};
use super::case_state::Rules;
use super::firing::{Failure, Firings, Over};
use super::kept::Kept;
use super::membership::{Membership, PARTITION};
use super::own_topic::{OwnRecord, OwnTopic};
use super::plan::{Plan, What};
use super::record::{Key, Position, decode_value, encode_value};
use super::reports::{Missed, Reports};
use super::roster::{HEARTBEAT, Roster};
use super::scheduler::{Firing, Scheduler};
use super::writer::{Outgoing, TermEnd, Writer};
use crate::kafka::{Connection, Health, KafkaEdgeError, Patience};
use crate::selected::Selected;

/// How often the states of the cases are kept, while nothing is to be said of one.
const KEEP_EVERY: Duration = Duration::from_secs(1);
/// How long after a moment it is judged what was not seen by then: reports stand in the log once their
/// transaction is over, with the time at which they were written.
const SETTLED_AFTER: Duration = Duration::from_secs(1);
/// After how long a runner that was killed is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(600);

/// What a term is about.
#[derive(Clone)]
pub(super) struct TermOptions {
    pub(super) connection: Connection,
    pub(super) group: String,
    /// This runner.
    pub(super) id: String,
    pub(super) cases: Cases,
    /// What is done by the clock is done of these.
    pub(super) selected: Selected,
    /// Who is told of what.
    pub(super) alerting: AlertingOptions,
    /// Where fake requests are sent.
    pub(super) runtime: Handle,
    pub(super) health: Health,
    pub(super) patience: Patience,
}

/// One term of leading.
pub(super) struct Term {
    options: TermOptions,
    writer: Writer,
    own: OwnTopic,
    reports: Reports,
    board: Board,
    roster: Roster,
    alerting: Alerting,
    scheduler: Scheduler,
    firings: Firings,
    /// What is done once it is written that it is.
    to_fire: Vec<Firing>,
    /// Until when it was watched before this term.
    watched_until: Option<Timestamp>,
    /// Whether it is watched by this term.
    has_begun: bool,
    /// The moment up to which all reports will have been read once the reports are level.
    asked: Option<Timestamp>,
    /// What is to be said of cases, and is not written yet.
    changes: Vec<CaseChange>,
    /// What checks have found, and is not written yet.
    found: Vec<TestReport>,
    kept: Instant,
}

/// What a term has to say.
#[derive(Default)]
pub(super) struct News {
    /// What was written about cases as a whole.
    pub(super) changes: Vec<CaseChange>,
    /// What was written about the test cases of checks.
    pub(super) reports: Vec<TestReport>,
    /// Who was told of it, or could not be.
    pub(super) alerts: Vec<AlertEvent>,
    /// What an operator should know.
    pub(super) warnings: Vec<String>,
}

impl Term {
    /// Begins where the predecessor was. Says what of the reports it could not read. Blocks.
    pub(super) fn begin(
        options: &TermOptions,
        membership: &Membership,
        go_on: impl Fn() -> bool,
    ) -> Result<(Self, Vec<Missed>), TermEnd> {
        let TermOptions { connection, group, cases, health, patience, .. } = options;
        // First of all, so that what is read below is the last that a predecessor has written.
        let writer = Writer::open(connection, group, health, patience)?;
        let own = OwnTopic::open(connection, group).map_err(setup)?;
        let mut kept = Kept::default();
        if !own.read_to_end(go_on, |record| kept.take(record)) {
            return Err(TermEnd::Stopping);
        }
        let watched_until = kept.position.as_ref().and_then(|position| position.watched_until);
        let offsets = kept.position.map(|position| position.offsets).unwrap_or_default();
        let mut board = Board::restored(cases, kept.cases, offsets);
        options.selected.checks.iter().for_each(|check| board.watch_check(check));
        let (reports, missed) = Reports::follow(connection, board.offsets()).map_err(setup)?;
        // By the clock of this machine: the time of the log is not known yet.
        let now = Timestamp::now();
        let alerting = Alerting::begin(&options.alerting, kept.alerts, &board, &options.runtime, now);
        let mut term = Self {
            options: options.clone(),
            writer,
            own,
            reports,
            board,
            roster: kept.roster,
            alerting,
            // Nothing is due before the time of the log is known.
            scheduler: Scheduler::restored(Vec::new(), BTreeMap::new(), Timestamp::MIN),
            firings: Firings::new(&options.runtime),
            to_fire: Vec::new(),
            watched_until,
            has_begun: false,
            asked: None,
            changes: Vec::new(),
            found: Vec::new(),
            kept: Instant::now(),
        };
        // Learns the time of the log, by which it is seen for how long nobody has watched.
        term.keep(membership)?;
        let now = term.writer.log_time();
        term.board.begin(now, watched_until);
        term.judge_by_what_is_set();
        term.scheduler = Scheduler::restored(Plan::of(&options.selected), kept.slots, now);
        term.has_begun = true;
        Ok((term, missed))
    }

    /// The receivers of alerts that are no longer configured, and were not told all.
    pub(super) fn orphans(&self) -> Vec<String> {
        self.alerting.orphans()
    }

    /// Reads what there is, and writes what follows from it. Blocks for some hundred milliseconds.
    pub(super) fn go_on(&mut self, membership: &Membership) -> Result<News, TermEnd> {
        self.judge_by_what_is_set();
        self.reports.read();
        while let Some(merged) = self.reports.pop() {
            let (offset, report) = (merged.record.offset, merged.record.report.as_ref());
            self.changes.extend(self.board.read(merged.partition, offset, merged.at, report));
            if let Some(report) = report {
                self.scheduler.reported(report);
                self.alerting.read(report, merged.at);
            }
        }
        for record in self.own.news() {
            self.hear(record);
        }
        self.judge()?;
        let now = self.writer.log_time();
        for Over { index, slot, failures, reports } in self.firings.over() {
            self.scheduler.over(index, slot);
            self.found.extend(reports);
            for Failure { slot, error } in failures {
                let case = slot.case().name.into();
                self.changes.extend(self.board.service_down(&case, slot.id(), &error, now));
            }
        }
        let due = self.scheduler.due(now, control::is_active);
        self.to_fire = due.firings;
        self.changes.iter().for_each(|change| self.alerting.heed(change));
        let has_alerts = self.alerting.go_on(now);
        let is_changed = self.board.is_changed() || self.alerting.is_changed();
        let is_due = self.kept.elapsed() >= if is_changed { KEEP_EVERY } else { HEARTBEAT };
        let has_news = !self.changes.is_empty() || !self.found.is_empty() || !due.warnings.is_empty();
        if is_due || has_alerts || has_news || !self.to_fire.is_empty() {
            self.keep(membership)?;
        }
        self.alerting.send();
        for firing in std::mem::take(&mut self.to_fire) {
            match self.scheduler.what(&firing) {
                Some(What::Send(case, requests)) => {
                    self.firings.send(firing.index, Slot::new(case, firing.slot), requests);
                }
                Some(What::Check(check)) => {
                    let check = Arc::clone(check);
                    self.firings.check(firing.index, firing.slot, &check);
                }
                // Its trigger was written with the slot.
                Some(What::Execute(_)) | None => {}
            }
        }
        Ok(News {
            changes: std::mem::take(&mut self.changes),
            reports: std::mem::take(&mut self.found),
            alerts: self.alerting.take_events(),
            warnings: due.warnings,
        })
    }

    /// Lets count what is set at run time.
    fn judge_by_what_is_set(&mut self) {
        let now = self.writer.log_time();
        for case in self.options.cases.iter() {
            let settings = control::sampling(case).settings(case);
            self.board.judge_by(case.name, Rules::of(&settings), now);
        }
    }

    /// Writes what is not kept yet.
    pub(super) fn end(mut self, membership: &Membership) -> Result<News, TermEnd> {
        self.changes.iter().for_each(|change| self.alerting.heed(change));
        self.alerting.settle(self.writer.log_time());
        self.keep(membership)?;
        Ok(News {
            changes: self.changes,
            reports: self.found,
            alerts: self.alerting.take_events(),
            warnings: Vec::new(),
        })
    }

    /// A runner has said something of itself, or somebody wants silence.
    fn hear(&mut self, OwnRecord { key, at, value }: OwnRecord) {
        let id = match key {
            Key::Runner(id) => id,
            Key::Alerts(key) => return self.hear_of_alerts(key, value.as_deref()),
            _ => return,
        };
        match value.map(|value| decode_value(Some(&value))) {
            None => self.roster.gone(&id),
            Some(Ok(record)) => {
                for case in self.roster.says(id, at, record) {
                    self.changes.extend(self.board.seen(&case, at));
                }
            }
            Some(Err(error)) => tracing::debug!(%error, id, "what a runner says of itself cannot be read"),
        }
    }

    fn hear_of_alerts(&mut self, key: livecheck_alerts::Key, value: Option<&[u8]>) {
        match value.map(|value| decode_value(Some(value))).transpose() {
            Ok(value) => self.alerting.hear(key, value),
            Err(error) => tracing::warn!(%error, ?key, "what was written for the alerts cannot be read"),
        }
    }

    /// Lets time pass, as far as it is certain that no report was overlooked.
    fn judge(&mut self) -> Result<(), TermEnd> {
        if !self.reports.is_level() {
            return Ok(());
        }
        if let Some(asked) = self.asked.take() {
            self.changes.extend(self.board.tick(asked));
        }
        let settled = self.writer.log_time() - SETTLED_AFTER;
        if self.board.due().is_some_and(|due| due <= settled) {
            self.reports.read_anew()?;
            self.asked = Some(settled);
        }
        Ok(())
    }

    /// Writes, all at once: what is to be said of cases, their states, and how far the reports were read for them.
    fn keep(&mut self, membership: &Membership) -> Result<(), TermEnd> {
        let TermOptions { connection, group, id, .. } = &self.options;
        let own = |key: &Key, value| Outgoing {
            partition: Some(PARTITION),
            key: Some(key.encode(group)),
            value,
            ..Outgoing::to(&connection.topics.monitor_topic)
        };
        let mut records = Vec::new();
        for change in &self.changes {
            let value = Some(livecheck_core::wire::encode(&change.report())?);
            let to = Outgoing::to(&connection.topics.report_topic);
            records.push(Outgoing { partition: Some(PARTITION), value, ..to });
        }
        for report in &self.found {
            records.push(Outgoing::report(&connection.topics.report_topic, report)?);
        }
        for (name, state) in self.board.take_changed() {
            records.push(own(&Key::Case(name.clone()), Some(encode_value(state)?)));
        }
        let watched_until = if self.has_begun { Some(self.writer.log_time()) } else { self.watched_until };
        let position = Position { leader: id.clone(), offsets: self.board.offsets().clone(), watched_until };
        records.push(own(&Key::Position, Some(encode_value(&position)?)));
        for (name, slots) in self.scheduler.take_changed() {
            records.push(own(&Key::Slots(name.clone()), Some(encode_value(slots)?)));
        }
        for firing in &self.to_fire {
            if let Some(What::Execute(case)) = self.scheduler.what(firing) {
                records.push(trigger(&connection.topics.test_topic, Slot::new(case, firing.slot))?);
            }
        }
        for (key, value) in self.alerting.take_changed()? {
            let value = value.map(|value| encode_value(&value)).transpose()?;
            records.push(own(&Key::Alerts(key), value));
        }
        for silent in self.roster.silent_since(self.writer.log_time() - FORGOTTEN_AFTER) {
            records.push(own(&Key::Runner(silent.clone()), None));
            self.roster.gone(&silent);
        }
        self.writer.write(&records, membership)?;
        self.kept = Instant::now();
        Ok(())
    }
}

/// The trigger of a slot. It stands in the transaction that says that the slot is fired: there is neither without the other.
fn trigger(topic: &str, slot: Slot) -> Result<Outgoing, TermEnd> {
    let test = TestExecution::of_slot(slot);
    let value = Some(livecheck_core::wire::encode(&test)?);
    Ok(Outgoing { key: Some(test.id.to_string()), value, ..Outgoing::to(topic) })
}

/// What is set up for a term fails for the reasons of Kafka.
fn setup(error: KafkaEdgeError) -> TermEnd {
    match error {
        KafkaEdgeError::Client(error) => TermEnd::Kafka(error),
        other => TermEnd::Setup(other),
    }
}
