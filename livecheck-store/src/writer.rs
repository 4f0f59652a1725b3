//! Writes reports: rows, what is counted of them, and how far the log was read, all of it or nothing.

mod names;
mod rollups;

use std::borrow::Cow;
use std::collections::BTreeMap;

use livecheck_core::Timestamp;

use self::names::Names;
use self::rollups::{Execution, Rollups};
use crate::database::{Connection, Existing, Kind, Table, Value, in_transaction};
use crate::error::StoreError;
use crate::retention::{Pruned, Retention, prune};
use crate::row::{NewRow, Reported, code_of};

const EXECUTIONS: Table = Table {
    name: "lc_executions",
    columns: &[
        ("seq", Kind::Integer),
        ("case_id", Kind::Integer),
        ("state", Kind::Integer),
        ("at", Kind::Integer),
        ("triggered", Kind::Integer),
        ("runtime", Kind::Real),
        ("cause_id", Kind::Integer),
        ("whole_case", Kind::Integer),
        ("bytes", Kind::Integer),
        ("test_id", Kind::Text),
        ("signals", Kind::Text),
        ("error", Kind::Text),
        ("detail", Kind::Text),
    ],
    key: &["case_id", "triggered", "test_id"],
    existing: Existing::Stays,
};

/// How far the report topic has been read.
///
/// Topics of one name are told apart by the id of their cluster: an embedded broker that holds nothing from run to run
/// has another one each time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Positions {
    /// The id of the cluster.
    pub cluster: String,
    /// The report topic.
    pub topic: String,
    /// By partition: the offset of the next record to read.
    pub next: BTreeMap<i32, i64>,
}

/// What became of the reports that were given to be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// So many are new.
    pub new: u64,
    /// So many were there already, or are older than what is kept.
    pub known: u64,
}

/// Writes reports. There may be several: they take turns.
pub struct Writer {
    connection: Box<dyn Connection>,
    names: Names,
}

impl Writer {
    pub(crate) fn new(connection: Box<dyn Connection>) -> Self {
        Self { connection, names: Names::default() }
    }

    /// Writes reports, and how far the log has been read with them, in one transaction. A report that is there already
    /// stays as it is: an execution is its case, its id, and the moment of its trigger. Blocks.
    ///
    /// Thousands at once are much faster than single ones.
    ///
    /// # Errors
    ///
    /// The database is full, may not be written to, is damaged or cannot be reached. Nothing was written then; after
    /// [`StoreError::Lost`] perhaps all of it. The same may be tried again with a new writer.
    pub fn write(
        &mut self,
        reports: &[Reported],
        positions: Option<&Positions>,
    ) -> Result<Written, StoreError> {
        let names = &mut self.names;
        let written = in_transaction(self.connection.as_mut(), |connection| {
            let written = write(connection, names, reports)?;
            if let Some(positions) = positions {
                keep_positions(connection, positions)?;
            }
            Ok(written)
        });
        if written.is_err() {
            // Names that were new are not there.
            self.names = Names::default();
        }
        written
    }

    /// How far the log of that cluster has been read, by partition. Blocks.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn positions(&mut self, cluster: &str, topic: &str) -> Result<Positions, StoreError> {
        let rows = self.connection.query(
            "SELECT part, next_offset FROM lc_positions WHERE cluster = $1 AND topic = $2",
            &[cluster.into(), topic.into()],
        )?;
        let mut next = BTreeMap::new();
        for mut row in rows {
            let (partition, offset) = (row.take::<i64>()?, row.take()?);
            next.extend(i32::try_from(partition).map(|partition| (partition, offset)));
        }
        Ok(Positions { cluster: cluster.to_owned(), topic: topic.to_owned(), next })
    }

    /// Removes what is older or more than it should be, some thousand rows at once: is to be called again while it says
    /// that there is more. Blocks.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn prune(&mut self, retention: &Retention, now: Timestamp) -> Result<Pruned, StoreError> {
        let pruned =
            in_transaction(self.connection.as_mut(), |connection| prune(connection, retention, now))?;
        self.connection.tidy()?;
        Ok(pruned)
    }

    /// Whether it can still be used; if not, [`Store::writer`](crate::Store::writer) makes another.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.connection.is_open()
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

/// What the store knows of itself.
struct State {
    next_seq: i64,
    pruned_until: i64,
}

fn state(connection: &mut dyn Connection) -> Result<State, StoreError> {
    let rows = connection.query("SELECT next_seq, pruned_until FROM lc_store WHERE id = 1", &[])?;
    let mut row = rows
        .into_iter()
        .next()
        .ok_or_else(|| StoreError::Refused { reason: "the table lc_store has no row".to_owned() })?;
    Ok(State { next_seq: row.take()?, pruned_until: row.take()? })
}

fn write(
    connection: &mut dyn Connection,
    names: &mut Names,
    reports: &[Reported],
) -> Result<Written, StoreError> {
    if reports.is_empty() {
        return Ok(Written::default());
    }
    let State { next_seq, pruned_until } = state(connection)?;
    let (mut rows, mut executions) = (Vec::with_capacity(reports.len()), Vec::with_capacity(reports.len()));
    // What was removed has been counted.
    for report in reports.iter().filter(|report| report.at.as_micros() >= pruned_until) {
        let seq = next_seq.saturating_add_unsigned(rows.len() as u64);
        let Resolved { values, execution, bytes } = Resolved::of(connection, names, seq, NewRow::of(report))?;
        rows.push(values);
        executions.push((execution, bytes));
    }
    // One that stands twice among them is written once, too.
    let written = connection.write(&EXECUTIONS, &rows)?;
    let (mut rollups, mut bytes) = (Rollups::default(), 0);
    for seq in &written {
        let index = usize::try_from(seq - next_seq).ok();
        let Some((execution, size)) = index.and_then(|index| executions.get(index)) else { continue };
        // A report on a whole case is none.
        execution.iter().for_each(|execution| rollups.count(execution));
        bytes += size;
    }
    rollups.write(connection)?;
    let (new, next_seq) = (written.len() as u64, next_seq.saturating_add_unsigned(rows.len() as u64));
    connection.execute(
        "UPDATE lc_store SET next_seq = $1, executions = executions + $2, bytes = bytes + $3 WHERE id = 1",
        &[next_seq.into(), i64::try_from(new).unwrap_or(i64::MAX).into(), bytes.into()],
    )?;
    Ok(Written { new, known: reports.len() as u64 - new })
}

/// A row with numbers for names, and what is to be counted of it.
struct Resolved {
    values: Vec<Value>,
    execution: Option<Execution>,
    bytes: i64,
}

impl Resolved {
    fn of(
        connection: &mut dyn Connection,
        names: &mut Names,
        seq: i64,
        row: NewRow<'_>,
    ) -> Result<Self, StoreError> {
        let case = names.case(connection, &row.case)?;
        let cause = row.cause.as_deref();
        let cause = cause.map(|text| names.cause(connection, case, row.state, text)).transpose()?;
        let mut signals = Vec::with_capacity(row.signals.len());
        for (name, latency) in &row.signals {
            signals.push((names.signal(connection, name)?, *latency));
        }
        let signals_json = row.signals_json();
        let bytes = row.bytes(signals_json.as_deref());
        let NewRow { state, at, triggered, runtime, whole_case, .. } = row;
        let values = vec![
            seq.into(),
            case.into(),
            code_of(state).into(),
            at.as_micros().into(),
            triggered.as_micros().into(),
            runtime.into(),
            cause.into(),
            i64::from(whole_case).into(),
            bytes.into(),
            row.test_id.into_owned().into(),
            signals_json.into(),
            row.error.map(Cow::into_owned).into(),
            row.detail.into(),
        ];
        let execution = (!whole_case).then_some(Execution { case, at, state, runtime, cause, signals });
        Ok(Self { values, execution, bytes })
    }
}

/// A position only goes on: of two writers that overlap, the one that is behind takes nothing back.
fn keep_positions(connection: &mut dyn Connection, positions: &Positions) -> Result<(), StoreError> {
    for (partition, next) in &positions.next {
        connection.execute(
            "INSERT INTO lc_positions (cluster, topic, part, next_offset) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (cluster, topic, part) DO UPDATE SET next_offset = excluded.next_offset",
            &[
                positions.cluster.as_str().into(),
                positions.topic.as_str().into(),
                i64::from(*partition).into(),
                (*next).into(),
            ],
        )?;
    }
    Ok(())
}
