//! How a case has done over time, for charts.

use std::collections::BTreeMap;
use std::time::Duration;

use livecheck_core::{CaseName, Timestamp};
use serde::Serialize;

use super::counts::take_sketch;
use super::{Counts, Latency, Queries, Window};
use crate::database::Value;
use crate::error::StoreError;
use crate::resolution::Resolution;
use crate::sketch::Sketch;

/// How many spans are read at most, for each line of a chart.
const MOST_SPANS: u64 = 3_000;

/// A case over time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Series {
    /// How long each point lasts, in seconds.
    pub step: u64,
    /// The executions of each point of time in which there were any, from early to late.
    pub points: Vec<Point>,
    /// The same of each signal that was received, by its name.
    pub signals: BTreeMap<String, Vec<SignalPoint>>,
}

/// The executions of a point of time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// When it begins.
    pub start: Timestamp,
    /// How they ended.
    pub counts: Counts,
    /// How long those took that passed.
    pub runtime: Option<Latency>,
}

/// The signals of a point of time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SignalPoint {
    /// When it begins.
    pub start: Timestamp,
    /// From the trigger to the signal.
    pub latency: Option<Latency>,
}

impl Queries {
    /// A case over a time, in so many points or fewer (at most 1,000). Their length is a whole number of minutes, hours
    /// or days: of an older time only longer ones are kept.
    ///
    /// # Errors
    ///
    /// The database fails.
    pub fn series(&mut self, case: &CaseName, window: Window, points: u64) -> Result<Series, StoreError> {
        let points = points.clamp(1, 1_000);
        let length = window.until.since(window.from).as_secs().max(1);
        let Some(id) = self.case_id(case)? else {
            return Ok(Series {
                step: length.div_ceil(points),
                points: Vec::new(),
                signals: BTreeMap::new(),
            });
        };
        let resolution = self.resolution(id, window, length)?;
        let span = resolution.length().as_secs();
        let step = length.div_ceil(points).div_ceil(span) * span;
        let parameters: [Value; 4] = [
            resolution.seconds().into(),
            id.into(),
            resolution.start_of(window.from).as_micros().into(),
            window.until.as_micros().into(),
        ];
        let of = |start: i64| point_of(start, step);
        let mut executions: BTreeMap<i64, (Counts, Sketch)> = BTreeMap::new();
        let query = "SELECT start, pass, fail, error, timeout, skip, sketch FROM lc_rollups \
                     WHERE resolution = $1 AND case_id = $2 AND start >= $3 AND start < $4";
        for mut row in self.query(query, &parameters)? {
            let (counts, sketch) = executions.entry(of(row.take()?)).or_default();
            *counts += Counts::take(&mut row)?;
            sketch.merge(&take_sketch(&mut row)?);
        }
        let mut signals: BTreeMap<String, BTreeMap<i64, Sketch>> = BTreeMap::new();
        let query = "SELECT s.name, r.start, r.sketch FROM lc_signal_rollups r JOIN lc_signals s ON s.id = r.signal_id \
                     WHERE r.resolution = $1 AND r.case_id = $2 AND r.start >= $3 AND r.start < $4";
        for mut row in self.query(query, &parameters)? {
            let points = signals.entry(row.take()?).or_default();
            points.entry(of(row.take()?)).or_default().merge(&take_sketch(&mut row)?);
        }
        Ok(Series {
            step,
            points: executions
                .into_iter()
                .map(|(start, (counts, sketch))| Point {
                    start: Timestamp::from_micros(start),
                    counts,
                    runtime: Latency::of(&sketch),
                })
                .collect(),
            signals: signals.into_iter().map(|(name, points)| (name, signal_points(points))).collect(),
        })
    }

    /// The shortest spans that are kept of all that time, and are not too many.
    fn resolution(&mut self, case: i64, window: Window, length: u64) -> Result<Resolution, StoreError> {
        let query =
            "SELECT start FROM lc_rollups WHERE resolution = $1 AND case_id = $2 ORDER BY start LIMIT 1";
        let first_day = self.query(query, &[Resolution::Day.seconds().into(), case.into()])?;
        let first_day = first_day.into_iter().next().map(|mut row| row.take::<i64>()).transpose()?;
        let from = window.from.max(Timestamp::from_micros(first_day.unwrap_or_default()));
        for resolution in [Resolution::Minute, Resolution::Hour] {
            let spans = length / resolution.length().as_secs();
            let first = self.query(query, &[resolution.seconds().into(), case.into()])?;
            let first = first.into_iter().next().map(|mut row| row.take::<i64>()).transpose()?;
            // The first minute of a day's first hour may well be a quarter past.
            let is_kept = first
                .is_some_and(|first| Timestamp::from_micros(first).since(from) < Duration::from_secs(86_400));
            if spans <= MOST_SPANS && is_kept {
                return Ok(resolution);
            }
        }
        Ok(Resolution::Day)
    }
}

fn point_of(start: i64, step: u64) -> i64 {
    let step = i64::try_from(step).unwrap_or(i64::MAX / 1_000_000).saturating_mul(1_000_000);
    start.div_euclid(step) * step
}

fn signal_points(points: BTreeMap<i64, Sketch>) -> Vec<SignalPoint> {
    let point = |(start, sketch): (i64, Sketch)| SignalPoint {
        start: Timestamp::from_micros(start),
        latency: Latency::of(&sketch),
    };
    points.into_iter().map(point).collect()
}
