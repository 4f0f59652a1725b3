//! What can be asked of the store. Each answer is counted from roll-ups, or found by an index: it takes as long with ten
//! million reports as with ten.

mod cases;
mod causes;
mod counts;
mod reports;
mod series;

use std::time::Duration;

use livecheck_core::{CaseName, Timestamp};

pub use self::cases::{CaseSummary, LastFailure};
pub use self::causes::CauseSummary;
pub use self::counts::{Counts, Latency};
pub use self::reports::{Cursor, CursorError, Filter, Page, ReportRow};
pub use self::series::{Point, Series, SignalPoint};
use crate::database::{Connection, Dialect, Row, Value};
use crate::error::StoreError;

/// A time that a question is about: from its beginning until before its end. It is counted in whole minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
}

impl Window {
    /// The latest so and so long.
    #[must_use]
    pub fn last(length: Duration) -> Self {
        let until = Timestamp::now();
        Self { from: until - length, until }
    }

    /// All times.
    #[must_use]
    pub fn ever() -> Self {
        // The millennium after the last that databases know is of no use to anybody.
        Self { from: Timestamp::from_micros(0), until: Timestamp::from_micros(253_402_300_800_000_000) }
    }
}

/// What the store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Totals {
    /// So many reports.
    pub reports: u64,
    /// They take about so many bytes.
    pub bytes: u64,
    /// Of those before this moment some were removed, and only what was counted of them is left.
    pub pruned_until: Option<Timestamp>,
}

/// A connection that is asked. See [`Store::read`](crate::Store::read).
pub struct Queries {
    connection: Box<dyn Connection>,
}

impl Queries {
    pub(crate) fn new(connection: Box<dyn Connection>) -> Self {
        Self { connection }
    }

    /// Whether it can still be asked.
    pub(crate) fn is_open(&self) -> bool {
        self.connection.is_open()
    }

    /// What the store holds.
    ///
    /// # Errors
    ///
    /// The database fails.
    pub fn totals(&mut self) -> Result<Totals, StoreError> {
        let rows = self
            .connection
            .query("SELECT executions, bytes, pruned_until FROM lc_store WHERE id = 1", &[])?;
        let Some(mut row) = rows.into_iter().next() else { return Ok(Totals::default()) };
        let (reports, bytes) = (unsigned(row.take()?), unsigned(row.take()?));
        // Nothing was reported before 1970, and so nothing was removed.
        let pruned_until = Some(row.take::<i64>()?).filter(|until| *until > 0).map(Timestamp::from_micros);
        Ok(Totals { reports, bytes, pruned_until })
    }

    /// The names of all cases that there are reports of, in their order.
    ///
    /// # Errors
    ///
    /// The database fails.
    pub fn case_names(&mut self) -> Result<Vec<CaseName>, StoreError> {
        let rows = self.connection.query("SELECT name FROM lc_cases ORDER BY name", &[])?;
        rows.into_iter().map(|mut row| Ok(row.take::<String>()?.into())).collect()
    }

    fn query(&mut self, query: &str, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.connection.query(query, parameters)
    }

    /// What a query is made from that has, beside each case `c`, its roll-ups `r` in a table: of the resolution `$1`,
    /// from `$2` until before `$3`.
    ///
    /// The index has the case before the time, so it is asked case by case.
    fn cases_with(&self, table: &str) -> String {
        let these = "resolution = $1 AND start >= $2 AND start < $3";
        match self.connection.dialect() {
            // It goes by the order in which the tables stand.
            Dialect::Sqlite => format!("lc_cases c CROSS JOIN {table} r ON r.case_id = c.id AND {these}"),
            // What has an offset is not merged into the rest, where all of a resolution would be gone through.
            Dialect::Postgres => format!(
                "lc_cases c CROSS JOIN LATERAL \
                 (SELECT * FROM {table} WHERE case_id = c.id AND {these} OFFSET 0) r"
            ),
        }
    }

    /// The number of a case, if there are reports of it.
    fn case_id(&mut self, case: &CaseName) -> Result<Option<i64>, StoreError> {
        let rows = self.query("SELECT id FROM lc_cases WHERE name = $1", &[case.as_str().into()])?;
        rows.into_iter().next().map(|mut row| row.take()).transpose()
    }
}

impl std::fmt::Debug for Queries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queries").finish_non_exhaustive()
    }
}

/// A count, which is never below zero.
fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}
