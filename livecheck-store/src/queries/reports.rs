//! Single reports: pages of them, and all that is known of one.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use livecheck_core::wire::State;
use livecheck_core::{CaseName, TestId, Timestamp};
use serde::{Serialize, Serializer};

use super::{Queries, Window};
use crate::database::{Row, Value};
use crate::error::StoreError;
use crate::row::{Kept, Reported, code_of, state_of};

/// How many reports a page has at most.
const MOST: usize = 1_000;
/// How many causes a text is looked for in: the latest.
const MOST_CAUSES: i64 = 50;
/// How many executions of one id are given at most.
const MOST_OF_ONE: i64 = 100;

/// The columns of a row of a list, of `lc_executions e`, `lc_cases c` and `lc_causes k`.
pub(super) const SELECT: &str = "SELECT e.seq, e.case_id, c.name, e.state, e.at, e.triggered, e.runtime, e.whole_case, \
                                 e.test_id, e.signals, e.error, k.text, \
                                 CASE WHEN e.detail IS NULL THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END";

/// The parts of the index by test ids, the latest first: see the migration that makes it.
const PARTS: &str = "WITH RECURSIVE parts(part) AS (SELECT max(seq) >> 18 FROM lc_executions UNION ALL \
                     SELECT part - 1 FROM parts WHERE part > (SELECT min(seq) >> 18 FROM lc_executions))";

/// Which reports are wanted. Of all those that fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// On this case.
    pub case: Option<CaseName>,
    /// Of these states; of any, where there are none.
    pub states: Vec<State>,
    /// Of this time.
    pub window: Option<Window>,
    /// Failures of this cause, to the letter.
    pub cause: Option<String>,
    /// Of tests whose id begins so, or failures whose cause has this in it.
    pub text: Option<String>,
}

/// A report in a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReportRow {
    /// When it was written, by the log's clock.
    pub at: Timestamp,
    /// The case.
    pub case: CaseName,
    /// What became of it.
    pub state: State,
    /// Whether it passed only when it was tried again.
    pub flaky: bool,
    /// The id of the test; none in a report on the case as a whole.
    pub id: Option<TestId>,
    /// When the test was triggered.
    pub triggered: Timestamp,
    /// From the trigger to the verdict, in seconds.
    pub runtime: Option<f64>,
    /// For each signal received, from the trigger to the signal, in seconds.
    pub signals: BTreeMap<String, f64>,
    /// What went wrong.
    pub error: Option<String>,
    /// What it has in common with other failures.
    pub cause: Option<String>,
    #[serde(skip)]
    cursor: Cursor,
}

/// Some reports, the latest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page {
    /// They.
    pub reports: Vec<ReportRow>,
    /// Where the next page begins; none, if this is the last.
    pub next: Option<Cursor>,
}

/// A place in the order of reports. As a text it may stand in a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    at: i64,
    seq: i64,
}

/// A text that is no place in the order of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no place where a page of reports begins")]
pub struct CursorError;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at, self.seq)
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let (at, seq) = text.split_once('.').ok_or(CursorError)?;
        Ok(Self { at: at.parse().map_err(|_| CursorError)?, seq: seq.parse().map_err(|_| CursorError)? })
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl ReportRow {
    /// Its place in the order of reports.
    #[must_use]
    pub const fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// From the columns of [`SELECT`]; with the number of the case.
    pub(super) fn take(mut row: Row) -> Result<(i64, Self), StoreError> {
        let (seq, case_id) = (row.take()?, row.take()?);
        let (case, state) = (row.take::<String>()?.into(), state_of(row.take()?));
        let (at, triggered) = (row.take()?, Timestamp::from_micros(row.take()?));
        let (runtime, whole_case) = (row.take()?, row.take::<i64>()? != 0);
        let id: String = row.take()?;
        let signals: Option<String> = row.take()?;
        let (error, cause) = (row.take()?, row.take()?);
        // Of what passes at once no details are kept.
        let has_detail = row.take::<i64>()? != 0;
        let report = Self {
            at: Timestamp::from_micros(at),
            case,
            state,
            flaky: state == State::Pass && has_detail,
            id: (!whole_case).then(|| id.into()),
            triggered,
            runtime,
            signals: signals.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default(),
            error,
            cause,
            cursor: Cursor { at, seq },
        };
        Ok((case_id, report))
    }
}

impl Queries {
    /// A page of reports, the latest first: from a place on, or from the latest; at most 1,000.
    ///
    /// # Errors
    ///
    /// The database fails.
    pub fn page(&mut self, filter: &Filter, from: Option<Cursor>, limit: usize) -> Result<Page, StoreError> {
        let limit = limit.clamp(1, MOST);
        let mut found = Vec::new();
        // Each line is in order by an index, and the page is the first of all of them.
        for line in self.lines(filter)? {
            // One more than is wanted says whether there is another page.
            found.extend(self.line(filter, &line, from, limit + 1)?);
        }
        found.sort_by_key(|row| std::cmp::Reverse(row.cursor));
        found.dedup_by_key(|row| row.cursor);
        let is_more = found.len() > limit;
        found.truncate(limit);
        let next = if is_more { found.last().map(ReportRow::cursor) } else { None };
        Ok(Page { reports: found, next })
    }

    /// All that is known of the executions of a test id, of one case or of all: the latest first. There are several
    /// where an id was used again.
    ///
    /// # Errors
    ///
    /// The database fails.
    pub fn reports(&mut self, id: &TestId, case: Option<&CaseName>) -> Result<Vec<Reported>, StoreError> {
        let mut parameters: Vec<Value> = vec![id.as_str().into()];
        let of_case = case.map_or("", |_| " AND c.name = $2");
        parameters.extend(case.map(|case| Value::from(case.as_str())));
        let query = format!(
            "{PARTS} SELECT c.name, e.state, e.at, e.triggered, e.runtime, e.whole_case, e.test_id, e.signals, e.error, \
             e.detail FROM parts p CROSS JOIN lc_executions e JOIN lc_cases c ON c.id = e.case_id \
             WHERE (e.seq >> 18) = p.part AND e.test_id = $1 AND e.whole_case = 0{of_case} ORDER BY e.at DESC LIMIT {MOST_OF_ONE}"
        );
        let rows = self.query(&query, &parameters)?;
        rows.into_iter()
            .map(|mut row| {
                let kept = Kept {
                    case: row.take()?,
                    state: state_of(row.take()?),
                    at: Timestamp::from_micros(row.take()?),
                    triggered: Timestamp::from_micros(row.take()?),
                    runtime: row.take()?,
                    whole_case: row.take::<i64>()? != 0,
                    test_id: row.take()?,
                    signals: row.take()?,
                    error: row.take()?,
                    detail: row.take()?,
                };
                Ok(kept.report())
            })
            .collect()
    }

    /// What an index has in order, of which the reports are made up that fit.
    fn lines(&mut self, filter: &Filter) -> Result<Vec<Line>, StoreError> {
        if filter.cause.is_some() || filter.text.is_some() {
            let mut lines: Vec<_> = self.causes_of(filter)?.into_iter().map(Line::Cause).collect();
            if filter.cause.is_none() {
                lines.extend(filter.text.clone().map(Line::Id));
            }
            return Ok(lines);
        }
        let states = if filter.states.is_empty() { &State::ALL[..] } else { &filter.states };
        let case = filter.case.as_ref().map(|case| self.case_id(case)).transpose()?;
        Ok(match case {
            // Of a case that has no reports there are none.
            Some(None) => Vec::new(),
            Some(Some(case)) => states.iter().map(|state| Line::OfCase(case, code_of(*state))).collect(),
            None => states.iter().map(|state| Line::State(code_of(*state))).collect(),
        })
    }

    fn causes_of(&mut self, filter: &Filter) -> Result<Vec<i64>, StoreError> {
        let (mut conditions, mut parameters) = (Vec::new(), Vec::new());
        let mut add = |condition: &str, value: Value| {
            parameters.push(value);
            conditions.push(condition.replace('?', &format!("${}", parameters.len())));
        };
        if let Some(case) = &filter.case {
            add("c.name = ?", case.as_str().into());
        }
        if let Some(cause) = &filter.cause {
            add("k.text = ?", cause.as_str().into());
        }
        if let Some(text) = &filter.text {
            add("lower(k.text) LIKE ? ESCAPE '!'", like(&text.to_lowercase()).into());
        }
        let query = format!(
            "SELECT k.id FROM lc_causes k JOIN lc_cases c ON c.id = k.case_id WHERE {} \
             ORDER BY k.id DESC LIMIT {MOST_CAUSES}",
            conditions.join(" AND ")
        );
        let rows = self.query(&query, &parameters)?;
        rows.into_iter().map(|mut row| row.take()).collect()
    }

    fn line(
        &mut self,
        filter: &Filter,
        line: &Line,
        from: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<ReportRow>, StoreError> {
        let mut parameters: Vec<Value> = Vec::new();
        let mut conditions = Vec::new();
        let mut add = |condition: &str, values: &[Value]| {
            let mut condition = condition.to_owned();
            for value in values {
                parameters.push(value.clone());
                condition = condition.replacen('?', &format!("${}", parameters.len()), 1);
            }
            conditions.push(condition);
        };
        let (mut source, mut parts) = ("lc_executions", "");
        match line {
            Line::OfCase(case, state) => {
                add("e.case_id = ? AND e.state = ?", &[(*case).into(), (*state).into()]);
            }
            Line::State(state) => add("e.state = ?", &[(*state).into()]),
            Line::Cause(cause) => add("e.cause_id = ?", &[(*cause).into()]),
            Line::Id(id) => {
                // A short beginning is one of millions: of those some, of the latest.
                parts = PARTS;
                source = "(SELECT x.* FROM parts p CROSS JOIN lc_executions x \
                          WHERE (x.seq >> 18) = p.part AND x.test_id >= $1 AND x.test_id < $2 LIMIT 2000)";
                let end = format!("{id}{}", char::MAX);
                add("e.test_id >= ? AND e.test_id < ?", &[id.as_str().into(), end.into()]);
                if let Some(case) = &filter.case {
                    add("c.name = ?", &[case.as_str().into()]);
                }
            }
        }
        if let (Line::Cause(_) | Line::Id(_), false) = (line, filter.states.is_empty()) {
            let codes: Vec<Value> = filter.states.iter().map(|state| code_of(*state).into()).collect();
            add(&format!("e.state IN ({})", vec!["?"; codes.len()].join(", ")), &codes);
        }
        if let Some(window) = filter.window {
            add("e.at >= ? AND e.at < ?", &[window.from.as_micros().into(), window.until.as_micros().into()]);
        }
        if let Some(Cursor { at, seq }) = from {
            add("(e.at, e.seq) < (?, ?)", &[at.into(), seq.into()]);
        }
        let query = format!(
            "{parts} {SELECT} FROM {source} e JOIN lc_cases c ON c.id = e.case_id LEFT JOIN lc_causes k ON k.id = e.cause_id \
             WHERE {} ORDER BY e.at DESC, e.seq DESC LIMIT {limit}",
            conditions.join(" AND ")
        );
        let rows = self.query(&query, &parameters)?;
        rows.into_iter().map(|row| Ok(ReportRow::take(row)?.1)).collect()
    }
}

/// Reports that an index has in the order of time.
enum Line {
    OfCase(i64, i64),
    State(i64),
    Cause(i64),
    Id(String),
}

/// What SQL's LIKE finds wherever this text stands.
fn like(text: &str) -> String {
    let escaped = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}
