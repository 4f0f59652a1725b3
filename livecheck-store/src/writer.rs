//! Writes reports: rows, what is counted of them, and how far the log was read, all of it or nothing.

mod names;
mod rollups;

use std::collections::{BTreeMap, HashSet};

use livecheck_core::Timestamp;

use self::names::Names;
use self::rollups::Rollups;
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
    let mut rows = Vec::with_capacity(reports.len());
    let mut seen = HashSet::with_capacity(reports.len());
    for report in reports {
        let row = NewRow::of(report);
        // What was removed has been counted.
        if row.at.as_micros() < pruned_until {
            continue;
        }
        let case = names.case(connection, &row.case)?;
        if seen.insert((case, row.triggered, row.test_id.clone())) {
            rows.push(Resolved::of(connection, names, case, row)?);
        }
    }
    let values = (next_seq..).zip(&rows).map(|(seq, row)| row.values(seq)).collect::<Vec<_>>();
    let written = connection.write(&EXECUTIONS, &values)?;
    let (mut rollups, mut bytes) = (Rollups::default(), 0);
    for seq in &written {
        let Some(row) = usize::try_from(seq - next_seq).ok().and_then(|index| rows.get(index)) else {
            continue;
        };
        rollups.count(row);
        bytes += row.bytes;
    }
    rollups.write(connection)?;
    let (new, next_seq) = (written.len() as u64, next_seq.saturating_add_unsigned(values.len() as u64));
    connection.execute(
        "UPDATE lc_store SET next_seq = $1, executions = executions + $2, bytes = bytes + $3 WHERE id = 1",
        &[next_seq.into(), i64::try_from(new).unwrap_or(i64::MAX).into(), bytes.into()],
    )?;
    Ok(Written { new, known: reports.len() as u64 - new })
}

/// A row, with numbers for names.
struct Resolved {
    row: NewRow,
    case: i64,
    cause: Option<i64>,
    signals: Vec<(i64, f64)>,
    signals_json: Option<String>,
    bytes: i64,
}

impl Resolved {
    fn of(
        connection: &mut dyn Connection,
        names: &mut Names,
        case: i64,
        mut row: NewRow,
    ) -> Result<Self, StoreError> {
        let cause =
            row.cause.take().map(|text| names.cause(connection, case, row.state, &text)).transpose()?;
        let mut signals = Vec::with_capacity(row.signals.len());
        for (name, latency) in &row.signals {
            signals.push((names.signal(connection, name)?, *latency));
        }
        let signals_json = row.signals_json();
        let bytes = row.bytes(signals_json.as_deref());
        Ok(Self { row, case, cause, signals, signals_json, bytes })
    }

    fn values(&self, seq: i64) -> Vec<Value> {
        let row = &self.row;
        vec![
            seq.into(),
            self.case.into(),
            code_of(row.state).into(),
            row.at.as_micros().into(),
            row.triggered.as_micros().into(),
            row.runtime.into(),
            self.cause.into(),
            i64::from(row.whole_case).into(),
            self.bytes.into(),
            row.test_id.as_str().into(),
            self.signals_json.clone().into(),
            row.error.clone().into(),
            row.detail.clone().into(),
        ]
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
