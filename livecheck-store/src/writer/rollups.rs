//! What is counted of executions, added to what was counted before.

use std::collections::{BTreeMap, HashMap};

use livecheck_core::Timestamp;
use livecheck_core::wire::State;

use crate::database::{Connection, Existing, Kind, Row, Table, Value};
use crate::error::StoreError;
use crate::resolution::Resolution;
use crate::sketch::Sketch;

const OF_CASES: Table = Table {
    name: "lc_rollups",
    columns: &[
        ("resolution", Kind::Integer),
        ("case_id", Kind::Integer),
        ("start", Kind::Integer),
        ("pass", Kind::Integer),
        ("fail", Kind::Integer),
        ("error", Kind::Integer),
        ("timeout", Kind::Integer),
        ("skip", Kind::Integer),
        ("latest", Kind::Integer),
        ("sum", Kind::Real),
        ("sketch", Kind::Bytes),
        ("p50", Kind::Real),
        ("p90", Kind::Real),
        ("p99", Kind::Real),
    ],
    key: &["resolution", "case_id", "start"],
    existing: Existing::IsReplaced,
};

const OF_SIGNALS: Table = Table {
    name: "lc_signal_rollups",
    columns: &[
        ("resolution", Kind::Integer),
        ("case_id", Kind::Integer),
        ("start", Kind::Integer),
        ("signal_id", Kind::Integer),
        ("received", Kind::Integer),
        ("sum", Kind::Real),
        ("sketch", Kind::Bytes),
        ("p50", Kind::Real),
        ("p90", Kind::Real),
        ("p99", Kind::Real),
    ],
    key: &["resolution", "case_id", "start", "signal_id"],
    existing: Existing::IsReplaced,
};

const OF_CAUSES: Table = Table {
    name: "lc_cause_rollups",
    columns: &[
        ("resolution", Kind::Integer),
        ("case_id", Kind::Integer),
        ("start", Kind::Integer),
        ("cause_id", Kind::Integer),
        ("failures", Kind::Integer),
        ("latest", Kind::Integer),
    ],
    key: &["resolution", "case_id", "start", "cause_id"],
    existing: Existing::IsReplaced,
};

/// What is counted of new rows, by the minute: an hour is made up of its minutes, and a day of its hours.
#[derive(Debug, Default)]
pub(super) struct Rollups {
    minutes: HashMap<(i64, Timestamp), OfMinute>,
}

/// What is counted of a case in a minute.
#[derive(Debug, Default)]
struct OfMinute {
    executions: OfCase,
    /// By the number of the signal. A case has a handful.
    signals: Vec<(i64, Latencies)>,
    /// By the number of the cause.
    causes: BTreeMap<i64, OfCause>,
}

/// What an execution adds to the counts.
#[derive(Debug)]
pub(super) struct Execution {
    pub(super) case: i64,
    pub(super) at: Timestamp,
    pub(super) state: State,
    pub(super) runtime: Option<f64>,
    pub(super) cause: Option<i64>,
    /// The number of each signal, and its latency.
    pub(super) signals: Vec<(i64, f64)>,
}

/// What can be counted, written, read again, and added up.
trait Counted: Default {
    fn add(&mut self, other: &Self);
    fn values(&self) -> Vec<Value>;
    fn read(row: &mut Row) -> Result<Self, StoreError>;
}

impl Rollups {
    /// Counts an execution.
    pub(super) fn count(&mut self, execution: &Execution) {
        let Execution { case, at, state, runtime, cause, signals } = execution;
        let minute = self.minutes.entry((*case, Resolution::Minute.start_of(*at))).or_default();
        minute.executions.count(*state, *runtime, *at);
        for (signal, latency) in signals {
            let known = minute.signals.iter().position(|(id, _)| id == signal);
            let place = known.unwrap_or_else(|| {
                minute.signals.push((*signal, Latencies::default()));
                minute.signals.len() - 1
            });
            minute.signals[place].1.count(*latency);
        }
        if let Some(cause) = cause {
            minute.causes.entry(*cause).or_default().count(*at);
        }
    }

    /// Adds it to what the database has.
    pub(super) fn write(self, connection: &mut dyn Connection) -> Result<(), StoreError> {
        let (mut cases, mut signals, mut causes) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for ((case, start), minute) in self.minutes {
            let key = [Resolution::Minute.seconds(), case, start.as_micros()];
            let and = |id: i64| [key[0], key[1], key[2], id];
            cases.insert(key, minute.executions);
            signals.extend(minute.signals.into_iter().map(|(signal, latencies)| (and(signal), latencies)));
            causes.extend(minute.causes.into_iter().map(|(cause, counted)| (and(cause), counted)));
        }
        add(connection, &OF_CASES, cases)?;
        add(connection, &OF_SIGNALS, signals)?;
        add(connection, &OF_CAUSES, causes)
    }
}

/// The same by longer spans: of each key the first number is the resolution, and the third the start.
fn by_longer<const N: usize, T: Counted>(
    counted: &BTreeMap<[i64; N], T>,
    longer: Resolution,
) -> BTreeMap<[i64; N], T> {
    let mut sums: BTreeMap<[i64; N], T> = BTreeMap::new();
    for (key, counted) in counted {
        let mut key = *key;
        key[0] = longer.seconds();
        key[2] = longer.start_of(Timestamp::from_micros(key[2])).as_micros();
        sums.entry(key).or_default().add(counted);
    }
    sums
}

/// Adds what was counted by the minute, and with it by the hour and the day, to what the database has.
fn add<const N: usize, T: Counted>(
    connection: &mut dyn Connection,
    table: &Table,
    minutes: BTreeMap<[i64; N], T>,
) -> Result<(), StoreError> {
    if minutes.is_empty() {
        return Ok(());
    }
    let hours = by_longer(&minutes, Resolution::Hour);
    let days = by_longer(&hours, Resolution::Day);
    let mut counted: BTreeMap<_, _> = minutes.into_iter().chain(hours).chain(days).collect();
    let keys: Vec<_> = counted.keys().map(<[i64; N]>::as_slice).collect();
    for mut row in connection.find(table, &keys)? {
        let mut key = [0; N];
        for part in &mut key {
            *part = row.take()?;
        }
        let before = T::read(&mut row)?;
        if let Some(counted) = counted.get_mut(&key) {
            counted.add(&before);
        }
    }
    let rows: Vec<_> = counted
        .into_iter()
        .map(|(key, counted)| key.into_iter().map(Value::Integer).chain(counted.values()).collect())
        .collect();
    connection.write(table, &rows).map(drop)
}

/// The executions of a case.
#[derive(Debug, Default)]
struct OfCase {
    pass: i64,
    fail: i64,
    error: i64,
    timeout: i64,
    skip: i64,
    latest: i64,
    /// Of those that passed: of the others it says how patient they were.
    runtimes: Latencies,
}

impl OfCase {
    fn count(&mut self, state: State, runtime: Option<f64>, at: Timestamp) {
        match state {
            State::Pass => self.pass += 1,
            State::Fail => self.fail += 1,
            State::Error => self.error += 1,
            State::Timeout => self.timeout += 1,
            State::Skip => self.skip += 1,
            // No execution ends so.
            _ => {}
        }
        if let (State::Pass, Some(runtime)) = (state, runtime) {
            self.runtimes.count(runtime);
        }
        self.latest = self.latest.max(at.as_micros());
    }
}

impl Counted for OfCase {
    fn add(&mut self, other: &Self) {
        self.pass += other.pass;
        self.fail += other.fail;
        self.error += other.error;
        self.timeout += other.timeout;
        self.skip += other.skip;
        self.latest = self.latest.max(other.latest);
        self.runtimes.add(&other.runtimes);
    }

    fn values(&self) -> Vec<Value> {
        let counts = [self.pass, self.fail, self.error, self.timeout, self.skip, self.latest];
        // How many runtimes there are, the sketch says.
        counts.map(Value::Integer).into_iter().chain(self.runtimes.values().into_iter().skip(1)).collect()
    }

    fn read(row: &mut Row) -> Result<Self, StoreError> {
        Ok(Self {
            pass: row.take()?,
            fail: row.take()?,
            error: row.take()?,
            timeout: row.take()?,
            skip: row.take()?,
            latest: row.take()?,
            runtimes: Latencies { sum: row.take()?, sketch: decoded(&row.take::<Vec<u8>>()?)? },
        })
    }
}

/// Times in seconds.
#[derive(Debug, Default)]
struct Latencies {
    sum: f64,
    sketch: Sketch,
}

impl Latencies {
    fn count(&mut self, seconds: f64) {
        if seconds.is_finite() {
            self.sum += seconds;
            self.sketch.add(seconds);
        }
    }
}

impl Counted for Latencies {
    fn add(&mut self, other: &Self) {
        self.sum += other.sum;
        self.sketch.merge(&other.sketch);
    }

    fn values(&self) -> Vec<Value> {
        vec![
            i64::try_from(self.sketch.count()).unwrap_or(i64::MAX).into(),
            self.sum.into(),
            self.sketch.encode().into(),
            self.sketch.quantile(0.5).into(),
            self.sketch.quantile(0.9).into(),
            self.sketch.quantile(0.99).into(),
        ]
    }

    fn read(row: &mut Row) -> Result<Self, StoreError> {
        // The sketch has the count.
        row.take::<i64>()?;
        Ok(Self { sum: row.take()?, sketch: decoded(&row.take::<Vec<u8>>()?)? })
    }
}

/// The failures of one cause.
#[derive(Debug, Default)]
struct OfCause {
    failures: i64,
    latest: i64,
}

impl OfCause {
    fn count(&mut self, at: Timestamp) {
        self.failures += 1;
        self.latest = self.latest.max(at.as_micros());
    }
}

impl Counted for OfCause {
    fn add(&mut self, other: &Self) {
        self.failures += other.failures;
        self.latest = self.latest.max(other.latest);
    }

    fn values(&self) -> Vec<Value> {
        vec![self.failures.into(), self.latest.into()]
    }

    fn read(row: &mut Row) -> Result<Self, StoreError> {
        Ok(Self { failures: row.take()?, latest: row.take()? })
    }
}

fn decoded(bytes: &[u8]) -> Result<Sketch, StoreError> {
    Sketch::decode(bytes).map_err(|error| StoreError::Refused { reason: error.to_string() })
}
