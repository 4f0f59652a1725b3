//! What is removed, and when.

use std::time::Duration;

use livecheck_core::Timestamp;

use crate::database::{Connection, Value};
use crate::error::StoreError;
use crate::resolution::Resolution;

/// How many rows are removed in one transaction: others write meanwhile.
const AT_ONCE: i64 = 10_000;
const DAY: Duration = Duration::from_secs(86_400);

/// What is kept for how long. What is counted of executions outlives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// For how long each report is kept.
    pub reports: Duration,
    /// How many bytes the reports may take, about; beyond that the oldest go first.
    pub bytes: Option<u64>,
    /// For how long it is known of each minute what was counted in it.
    pub minutes: Duration,
    /// The same of each hour. Of days it is kept for ever.
    pub hours: Duration,
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// So many reports.
    pub reports: u64,
    /// Whether there is more to be removed.
    pub is_more: bool,
}

impl Default for Retention {
    /// 30 days of reports, 30 of minutes, 400 of hours.
    fn default() -> Self {
        Self { reports: 30 * DAY, bytes: None, minutes: 30 * DAY, hours: 400 * DAY }
    }
}

pub(crate) fn prune(
    connection: &mut dyn Connection,
    retention: &Retention,
    now: Timestamp,
) -> Result<Pruned, StoreError> {
    let mut pruned = remove_reports(connection, now - retention.reports)?;
    if let Some(most) = retention.bytes {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let bytes = number(connection, "SELECT bytes FROM lc_store WHERE id = 1")?;
        if !pruned.is_more && bytes > most {
            let more = remove_surplus(connection, bytes - most)?;
            pruned = Pruned { reports: pruned.reports + more.reports, is_more: more.is_more };
        }
    }
    for (resolution, kept) in [(Resolution::Minute, retention.minutes), (Resolution::Hour, retention.hours)] {
        let before = [resolution.seconds().into(), (now - kept).as_micros().into()];
        for table in ["lc_rollups", "lc_signal_rollups", "lc_cause_rollups"] {
            remove_rollups(connection, table, &before)?;
        }
    }
    Ok(pruned)
}

/// Removes the oldest reports that were written before a moment.
fn remove_reports(connection: &mut dyn Connection, before: Timestamp) -> Result<Pruned, StoreError> {
    let oldest = oldest(connection, AT_ONCE)?;
    let old: Vec<_> = oldest.into_iter().take_while(|row| row.at < before.as_micros()).collect();
    remove(connection, &old, before.as_micros())
}

/// Removes the oldest reports that take so many bytes.
fn remove_surplus(connection: &mut dyn Connection, mut surplus: i64) -> Result<Pruned, StoreError> {
    let oldest = oldest(connection, AT_ONCE)?;
    let enough = oldest.into_iter().take_while(|row| {
        let is_needed = surplus > 0;
        surplus -= row.bytes;
        is_needed
    });
    let old: Vec<_> = enough.collect();
    let until = old.last().map_or(i64::MIN, |row| row.at);
    remove(connection, &old, until)
}

struct Old {
    seq: i64,
    at: i64,
    bytes: i64,
}

/// The oldest reports: what was written first is the oldest, but for what two runners wrote at about the same time.
fn oldest(connection: &mut dyn Connection, count: i64) -> Result<Vec<Old>, StoreError> {
    let query = "SELECT seq, at, bytes FROM lc_executions ORDER BY seq LIMIT $1";
    let rows = connection.query(query, &[count.into()])?;
    rows.into_iter()
        .map(|mut row| Ok(Old { seq: row.take()?, at: row.take()?, bytes: row.take()? }))
        .collect()
}

fn remove(connection: &mut dyn Connection, old: &[Old], until: i64) -> Result<Pruned, StoreError> {
    let Some(last) = old.last() else { return Ok(Pruned::default()) };
    let reports = connection.execute("DELETE FROM lc_executions WHERE seq <= $1", &[last.seq.into()])?;
    let bytes: i64 = old.iter().map(|row| row.bytes).sum();
    connection.execute(
        "UPDATE lc_store SET executions = executions - $1, bytes = bytes - $2, \
         pruned_until = CASE WHEN pruned_until < $3 THEN $3 ELSE pruned_until END WHERE id = 1",
        &[i64::try_from(reports).unwrap_or(i64::MAX).into(), bytes.into(), until.into()],
    )?;
    Ok(Pruned { reports, is_more: old.len() as i64 == AT_ONCE })
}

fn remove_rollups(
    connection: &mut dyn Connection,
    table: &str,
    before: &[Value; 2],
) -> Result<(), StoreError> {
    // By case, for so they lie.
    connection
        .execute(
            &format!(
                "DELETE FROM {table} WHERE resolution = $1 AND case_id IN (SELECT id FROM lc_cases) AND start < $2"
            ),
            before,
        )
        .map(drop)
}

fn number(connection: &mut dyn Connection, query: &str) -> Result<i64, StoreError> {
    let rows = connection.query(query, &[])?;
    rows.into_iter().next().map_or(Ok(0), |mut row| row.take())
}
