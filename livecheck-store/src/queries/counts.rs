//! Counts of executions by how they ended, and quantiles of times.

use std::ops::{Add, AddAssign};

use livecheck_core::wire::State;
use serde::Serialize;

use super::unsigned;
use crate::database::Row;
use crate::error::StoreError;
use crate::sketch::Sketch;

/// How many executions have ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Passed.
    pub pass: u64,
    /// Failed: the contract broke.
    pub fail: u64,
    /// Ended with an error.
    pub error: u64,
    /// Waited in vain.
    pub timeout: u64,
    /// Skipped.
    pub skip: u64,
}

impl Counts {
    /// Those of five columns.
    pub(super) fn take(row: &mut Row) -> Result<Self, StoreError> {
        Ok(Self {
            pass: unsigned(row.take()?),
            fail: unsigned(row.take()?),
            error: unsigned(row.take()?),
            timeout: unsigned(row.take()?),
            skip: unsigned(row.take()?),
        })
    }

    /// Those that ended in this state.
    #[must_use]
    pub const fn of(&self, state: State) -> u64 {
        match state {
            State::Pass => self.pass,
            State::Fail => self.fail,
            State::Error => self.error,
            State::Timeout => self.timeout,
            State::Skip => self.skip,
            _ => 0,
        }
    }

    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.executed() + self.skip
    }

    /// Those that were not skipped.
    #[must_use]
    pub const fn executed(&self) -> u64 {
        self.pass + self.failures()
    }

    /// Those that say that something is wrong.
    #[must_use]
    pub const fn failures(&self) -> u64 {
        self.fail + self.error + self.timeout
    }

    /// The share of passes among those that were not skipped, from 0 to 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share of that many need not be exact")]
    pub fn success_rate(&self) -> Option<f64> {
        (self.executed() > 0).then(|| self.pass as f64 / self.executed() as f64)
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.pass += other.pass;
        self.fail += other.fail;
        self.error += other.error;
        self.timeout += other.timeout;
        self.skip += other.skip;
    }
}

impl Add for Counts {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

/// Times in seconds: how many there were, and which of them how many did not exceed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Latency {
    /// How many there were.
    pub count: u64,
    /// Half of them took no longer.
    pub p50: f64,
    /// Nine in ten took no longer.
    pub p90: f64,
    /// 99 of 100 took no longer.
    pub p99: f64,
}

impl Latency {
    pub(super) fn of(sketch: &Sketch) -> Option<Self> {
        Some(Self {
            count: sketch.count(),
            p50: sketch.quantile(0.5)?,
            p90: sketch.quantile(0.9)?,
            p99: sketch.quantile(0.99)?,
        })
    }
}

/// A sketch of a column.
pub(super) fn take_sketch(row: &mut Row) -> Result<Sketch, StoreError> {
    let bytes: Vec<u8> = row.take()?;
    Sketch::decode(&bytes).map_err(|error| StoreError::Refused { reason: error.to_string() })
}
