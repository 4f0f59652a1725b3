//! One term of leading: from what predecessors left, through what the runners report, until another leads or
//! something fails. Then all of it is forgotten, and begun anew from what is on the topics.

use std::time::{Duration, Instant};

use livecheck_core::fake_request::Slot;
use livecheck_core::{Cases, Timestamp};
use tokio::runtime::Handle;

use super::board::{Board, CaseChange};
use super::fake_requests::{Failure, FakeRequests};
use super::kept::Kept;
use super::membership::{Membership, PARTITION};
use super::own_topic::{OwnRecord, OwnTopic};
use super::record::{Key, Position, decode_value, encode_value};
use super::reports::{Missed, Reports};
use super::roster::{HEARTBEAT, Roster};
use super::writer::{Outgoing, TermEnd, Writer};
use crate::kafka::{Connection, Health, KafkaEdgeError};

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
    /// Where fake requests are sent.
    pub(super) runtime: Handle,
    pub(super) health: Health,
}

/// One term of leading.
pub(super) struct Term {
    options: TermOptions,
    writer: Writer,
    own: OwnTopic,
    reports: Reports,
    board: Board,
    roster: Roster,
    fake_requests: FakeRequests,
    /// Fake requests that are sent once it is written that they were.
    to_fire: Vec<(usize, Slot)>,
    /// Until when it was watched before this term.
    watched_until: Option<Timestamp>,
    /// Whether it is watched by this term.
    has_begun: bool,
    /// The moment up to which all reports will have been read once the reports are level.
    asked: Option<Timestamp>,
    /// What is to be said of cases, and is not written yet.
    changes: Vec<CaseChange>,
    kept: Instant,
}

impl Term {
    /// Begins where the predecessor was. Says what of the reports it could not read. Blocks.
    pub(super) fn begin(
        options: &TermOptions,
        membership: &Membership,
        go_on: impl Fn() -> bool,
    ) -> Result<(Self, Vec<Missed>), TermEnd> {
        let TermOptions { connection, group, cases, health, .. } = options;
        // First of all, so that what is read below is the last that a predecessor has written.
        let writer = Writer::open(connection, group, health)?;
        let own = OwnTopic::open(connection, group).map_err(setup)?;
        let mut kept = Kept::default();
        if !own.read_to_end(go_on, |record| kept.take(record)) {
            return Err(TermEnd::Stopping);
        }
        let watched_until = kept.position.as_ref().and_then(|position| position.watched_until);
        let offsets = kept.position.map(|position| position.offsets).unwrap_or_default();
        let mut fake_requests = FakeRequests::of(cases, &options.runtime);
        kept.fired.iter().for_each(|(case, slot)| fake_requests.fired(case, *slot));
        let board = Board::restored(cases, kept.cases, offsets);
        let (reports, missed) = Reports::follow(connection, board.offsets()).map_err(setup)?;
        let mut term = Self {
            options: options.clone(),
            writer,
            own,
            reports,
            board,
            roster: kept.roster,
            fake_requests,
            to_fire: Vec::new(),
            watched_until,
            has_begun: false,
            asked: None,
            changes: Vec::new(),
            kept: Instant::now(),
        };
        // Learns the time of the log, by which it is seen for how long nobody has watched.
        term.keep(membership)?;
        term.board.begin(term.writer.log_time(), watched_until);
        term.has_begun = true;
        Ok((term, missed))
    }

    /// Reads what there is, and writes what follows from it. Gives what has been written about cases as a whole.
    /// Blocks for some hundred milliseconds.
    pub(super) fn go_on(&mut self, membership: &Membership) -> Result<Vec<CaseChange>, TermEnd> {
        self.reports.read();
        while let Some(merged) = self.reports.pop() {
            let (offset, report) = (merged.record.offset, merged.record.report.as_ref());
            self.changes.extend(self.board.read(merged.partition, offset, merged.at, report));
        }
        for record in self.own.news() {
            self.hear(record);
        }
        self.judge()?;
        let now = self.writer.log_time();
        for Failure { slot, error } in self.fake_requests.failures() {
            let case = slot.case().name.into();
            self.changes.extend(self.board.service_down(&case, slot.id(), &error, now));
        }
        self.to_fire = self.fake_requests.due(now);
        let elapsed = self.kept.elapsed();
        let is_due = elapsed >= if self.board.is_changed() { KEEP_EVERY } else { HEARTBEAT };
        if is_due || !self.changes.is_empty() || !self.to_fire.is_empty() {
            self.keep(membership)?;
        }
        for (index, slot) in std::mem::take(&mut self.to_fire) {
            self.fake_requests.send(index, slot);
        }
        Ok(std::mem::take(&mut self.changes))
    }

    /// Writes what is not kept yet.
    pub(super) fn end(mut self, membership: &Membership) -> Result<Vec<CaseChange>, TermEnd> {
        self.keep(membership)?;
        Ok(self.changes)
    }

    /// A runner has said something of itself.
    fn hear(&mut self, OwnRecord { key, at, value }: OwnRecord) {
        let Key::Runner(id) = key else { return };
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
            topic: connection.topics.monitor_topic.clone(),
            partition: PARTITION,
            key: Some(key.encode(group)),
            value,
        };
        let mut records = Vec::new();
        for change in &self.changes {
            let value = Some(livecheck_core::wire::encode(&change.report())?);
            let topic = connection.topics.report_topic.clone();
            records.push(Outgoing { topic, partition: PARTITION, key: None, value });
        }
        for (name, state) in self.board.take_changed() {
            records.push(own(&Key::Case(name.clone()), Some(encode_value(state)?)));
        }
        let watched_until = if self.has_begun { Some(self.writer.log_time()) } else { self.watched_until };
        let position = Position { leader: id.clone(), offsets: self.board.offsets().clone(), watched_until };
        records.push(own(&Key::Position, Some(encode_value(&position)?)));
        for (_, slot) in &self.to_fire {
            records.push(own(&Key::Fired(slot.case().name.into()), Some(encode_value(&slot.time())?)));
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

/// What is set up for a term fails for the reasons of Kafka.
fn setup(error: KafkaEdgeError) -> TermEnd {
    match error {
        KafkaEdgeError::Client(error) => TermEnd::Kafka(error),
        other => TermEnd::Setup(other),
    }
}
