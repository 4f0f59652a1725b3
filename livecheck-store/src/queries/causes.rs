//! Failures, grouped by what they have in common.

use livecheck_core::wire::State;
use livecheck_core::{CaseName, Timestamp};
use serde::Serialize;
use std::collections::HashMap;

use super::{Queries, Window, unsigned};
use crate::database::Value;
use crate::error::StoreError;
use crate::resolution::{Stretch, cover};
use crate::row::state_of;

/// Failures that have something in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CauseSummary {
    /// Their case.
    pub case: CaseName,
    /// How they ended.
    pub state: State,
    /// What they have in common: see [`cause_of`](crate::cause_of).
    pub cause: String,
    /// How many there were in that time.
    pub failures: u64,
    /// When the latest of them was reported.
    pub latest: Timestamp,
}

impl Queries {
    /// The failures of a time, of one case or of all, by cause: the most frequent first, at most so many.
    ///
    /// # Errors
    ///
    /// The database fails.
    pub fn causes(
        &mut self,
        case: Option<&CaseName>,
        window: Window,
        limit: usize,
    ) -> Result<Vec<CauseSummary>, StoreError> {
        let mut sums: HashMap<i64, (u64, i64)> = HashMap::new();
        for Stretch { resolution, from, to } in cover(window.from, window.until) {
            let mut parameters: Vec<Value> =
                vec![resolution.seconds().into(), from.as_micros().into(), to.as_micros().into()];
            let of_case = case.map_or("", |_| " AND c.name = $4");
            parameters.extend(case.map(|case| Value::from(case.as_str())));
            let query = format!(
                "SELECT r.cause_id, CAST(sum(r.failures) AS BIGINT), max(r.latest) \
                 FROM {} WHERE TRUE{of_case} GROUP BY r.cause_id",
                self.cases_with("lc_cause_rollups")
            );
            for mut row in self.query(&query, &parameters)? {
                let (failures, latest) = sums.entry(row.take()?).or_default();
                *failures += unsigned(row.take()?);
                *latest = (*latest).max(row.take()?);
            }
        }
        let mut most: Vec<_> = sums.into_iter().collect();
        most.sort_by_key(|(_, (failures, latest))| std::cmp::Reverse((*failures, *latest)));
        most.truncate(limit);
        let mut causes = Vec::with_capacity(most.len());
        for (id, (failures, latest)) in most {
            let query = "SELECT c.name, k.state, k.text FROM lc_causes k JOIN lc_cases c ON c.id = k.case_id \
                         WHERE k.id = $1";
            for mut row in self.query(query, &[id.into()])? {
                causes.push(CauseSummary {
                    case: row.take::<String>()?.into(),
                    state: state_of(row.take()?),
                    cause: row.take()?,
                    failures,
                    latest: Timestamp::from_micros(latest),
                });
            }
        }
        Ok(causes)
    }
}
