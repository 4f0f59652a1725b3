//! Which cases a shard executes, and what becomes of the tests of others.

use livecheck_core::{Case, Cases};

/// Which cases a runner executes.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Those cases.
    pub cases: Cases,
    /// Whether one of them is active now.
    pub is_active: fn(&'static Case) -> bool,
    /// What becomes of the tests of others.
    pub unknown: UnknownCases,
}

/// What becomes of a test for a case that this runner does not execute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownCases {
    /// It is reported as SKIP, with that reason: for runners that share the work.
    Skip,
    /// It is passed over: for a runner with a group of its own, beside which others execute it.
    Ignore,
}
