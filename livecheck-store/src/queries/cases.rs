//! How each case does.

use std::collections::BTreeMap;

use livecheck_core::wire::State;
use livecheck_core::{CaseName, TestId, Timestamp};
use serde::Serialize;

use super::counts::take_sketch;
use super::reports::{ReportRow, SELECT};
use super::{Counts, Latency, Queries, Window};
use crate::database::{Row, Value};
use crate::error::StoreError;
use crate::resolution::{Resolution, Stretch, cover};
use crate::row::code_of;
use crate::sketch::Sketch;

/// How many spans a sparkline is made of at most, before they are taken together.
const MOST_SPANS: u64 = 200;

/// How a case has done in a time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseSummary {
    /// Its name.
    pub case: CaseName,
    /// How its executions have ended in that time.
    pub counts: Counts,
    /// How long those took that passed in that time.
    pub runtime: Option<Latency>,
    /// That time in equal parts of whole minutes, hours or days, from early to late: how the executions of each have
    /// ended. For a sparkline.
    pub sparkline: Vec<Counts>,
    /// The latest execution that failed, whenever that was, as far as reports are kept.
    pub last_failure: Option<LastFailure>,
    /// When the latest execution was reported, whenever that was.
    pub last_seen: Option<Timestamp>,
}

/// An execution that failed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LastFailure {
    /// When it was reported.
    pub at: Timestamp,
    /// How it ended.
    pub state: State,
    /// The id of its test.
    pub id: Option<TestId>,
    /// What went wrong.
    pub error: Option<String>,
}

#[derive(Default)]
struct Sums {
    name: String,
    counts: Counts,
    runtimes: Sketch,
    sparkline: Vec<Counts>,
    last_failure: Option<LastFailure>,
    last_seen: Option<Timestamp>,
}

impl Queries {
    /// How all the cases do, by name, with a sparkline of so many parts at most.
    ///
    /// # Errors
    ///
    /// The database fails.
    pub fn cases(&mut self, window: Window, parts: usize) -> Result<Vec<CaseSummary>, StoreError> {
        self.summaries(None, window, parts)
    }

    /// How one case does; nothing, if there are no reports of it.
    ///
    /// # Errors
    ///
    /// The database fails.
    pub fn case(
        &mut self,
        case: &CaseName,
        window: Window,
        parts: usize,
    ) -> Result<Option<CaseSummary>, StoreError> {
        Ok(self.summaries(Some(case), window, parts)?.pop())
    }

    fn summaries(
        &mut self,
        case: Option<&CaseName>,
        window: Window,
        parts: usize,
    ) -> Result<Vec<CaseSummary>, StoreError> {
        let parts = Parts::of(window, parts);
        let only = case.map(|case| case.as_str().to_owned());
        let mut cases = BTreeMap::new();
        let query = "SELECT c.id, c.name, (SELECT r.latest FROM lc_rollups r WHERE r.resolution = 86400 AND \
                     r.case_id = c.id ORDER BY r.start DESC LIMIT 1) FROM lc_cases c WHERE $1 IS NULL OR c.name = $1";
        for mut row in self.query(&query.replace("$1 IS NULL", "CAST($1 AS TEXT) IS NULL"), &[only.into()])? {
            let (id, name, latest) = (row.take::<i64>()?, row.take()?, row.take::<Option<i64>>()?);
            let sparkline = vec![Counts::default(); parts.count];
            let last_seen = latest.map(Timestamp::from_micros);
            cases.insert(id, Sums { name, sparkline, last_seen, ..Sums::default() });
        }
        for stretch in cover(window.from, window.until) {
            self.sum(&mut cases, case, stretch)?;
        }
        self.sparklines(&mut cases, case, window, &parts)?;
        self.last_failures(&mut cases, case)?;
        let mut summaries: Vec<_> = cases.into_values().map(Sums::summary).collect();
        summaries.sort_by(|one, other| one.case.cmp(&other.case));
        Ok(summaries)
    }

    fn sum(
        &mut self,
        cases: &mut BTreeMap<i64, Sums>,
        case: Option<&CaseName>,
        stretch: Stretch,
    ) -> Result<(), StoreError> {
        for mut row in self.rollups(case, stretch, "r.sketch")? {
            let (case, _, counts) = (row.take::<i64>()?, row.take::<i64>()?, Counts::take(&mut row)?);
            let sketch = take_sketch(&mut row)?;
            let Some(sums) = cases.get_mut(&case) else { continue };
            sums.counts += counts;
            sums.runtimes.merge(&sketch);
        }
        Ok(())
    }

    fn sparklines(
        &mut self,
        cases: &mut BTreeMap<i64, Sums>,
        case: Option<&CaseName>,
        window: Window,
        parts: &Parts,
    ) -> Result<(), StoreError> {
        let stretch = Stretch { resolution: parts.resolution, from: parts.from, to: window.until };
        for mut row in self.rollups(case, stretch, "")? {
            let (case, start) = (row.take()?, Timestamp::from_micros(row.take()?));
            let counts = Counts::take(&mut row)?;
            let part = cases.get_mut(&case).and_then(|sums| sums.sparkline.get_mut(parts.index(start)));
            part.into_iter().for_each(|part| *part += counts);
        }
        Ok(())
    }

    /// The case, the start and the counts of each span, and one column more.
    fn rollups(
        &mut self,
        case: Option<&CaseName>,
        Stretch { resolution, from, to }: Stretch,
        column: &str,
    ) -> Result<Vec<Row>, StoreError> {
        let mut parameters: Vec<Value> =
            vec![resolution.seconds().into(), from.as_micros().into(), to.as_micros().into()];
        let of_case = case.map_or("", |_| " AND c.name = $4");
        parameters.extend(case.map(|case| Value::from(case.as_str())));
        let query = format!(
            "SELECT r.case_id, r.start, r.pass, r.fail, r.error, r.timeout, r.skip{} FROM {} WHERE TRUE{of_case}",
            if column.is_empty() { String::new() } else { format!(", {column}") },
            self.cases_with("lc_rollups")
        );
        self.query(&query, &parameters)
    }

    fn last_failures(
        &mut self,
        cases: &mut BTreeMap<i64, Sums>,
        case: Option<&CaseName>,
    ) -> Result<(), StoreError> {
        let only: Option<String> = case.map(|case| case.as_str().to_owned());
        for state in [State::Fail, State::Error, State::Timeout] {
            let query = format!(
                "{SELECT} FROM lc_cases c JOIN lc_executions e ON e.seq = (SELECT x.seq FROM lc_executions x \
                 WHERE x.case_id = c.id AND x.state = $1 AND x.whole_case = 0 \
                 ORDER BY x.at DESC, x.seq DESC LIMIT 1) LEFT JOIN lc_causes k ON k.id = e.cause_id \
                 WHERE CAST($2 AS TEXT) IS NULL OR c.name = $2"
            );
            for row in self.query(&query, &[code_of(state).into(), only.clone().into()])? {
                let (case_id, row) = ReportRow::take(row)?;
                let Some(sums) = cases.get_mut(&case_id) else { continue };
                if sums.last_failure.as_ref().is_none_or(|last| last.at < row.at) {
                    let ReportRow { at, state, id, error, .. } = row;
                    sums.last_failure = Some(LastFailure { at, state, id, error });
                }
            }
        }
        Ok(())
    }
}

impl Sums {
    fn summary(self) -> CaseSummary {
        CaseSummary {
            case: self.name.into(),
            counts: self.counts,
            runtime: Latency::of(&self.runtimes),
            sparkline: self.sparkline,
            last_failure: self.last_failure,
            last_seen: self.last_seen,
        }
    }
}

/// A time in parts for a sparkline.
struct Parts {
    resolution: Resolution,
    from: Timestamp,
    /// How long each is, in microseconds.
    length: i64,
    count: usize,
}

impl Parts {
    /// In so many or fewer, each of as many whole spans as the others.
    fn of(window: Window, most: usize) -> Self {
        let most = i64::try_from(most.clamp(1, 500)).unwrap_or(500);
        let seconds = window.until.since(window.from).as_secs();
        let few = |resolution: &Resolution| seconds / resolution.length().as_secs() <= MOST_SPANS;
        let resolution = Resolution::ALL.into_iter().find(few).unwrap_or(Resolution::Day);
        let from = resolution.start_of(window.from);
        let span = resolution.seconds() * 1_000_000;
        let spans = (window.until.as_micros().saturating_sub(from.as_micros()).max(1) - 1) / span + 1;
        let length = ((spans - 1) / most + 1) * span;
        let count = (spans * span - 1) / length + 1;
        Self { resolution, from, length, count: usize::try_from(count).unwrap_or(1) }
    }

    fn index(&self, start: Timestamp) -> usize {
        let passed = start.as_micros().saturating_sub(self.from.as_micros());
        usize::try_from(passed / self.length).unwrap_or(usize::MAX)
    }
}
