//! What `status` prints: how each case does, by what the monitor of the group has kept.

mod human;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use livecheck_core::control::Sampling;
use livecheck_core::wire::State;
use livecheck_core::{Case, CaseName, Cases, Timestamp};
use serde::Serialize;

pub(crate) use self::human::render;
use crate::engine::CaseTally;
use crate::monitor::case_state::{CaseState, LastFailure};
use crate::monitor::history::Quantiles;
use crate::monitor::slots::{Slots, Unfired};
use crate::monitor::{Kept, Rhythm, Rhythms, RunnerRecord};

/// How a group of runners and its cases do. As JSON it is what `status --message-format json` prints.
///
/// Members are only ever added; what reads this must ignore those that it does not know. Durations are in seconds,
/// and null where there is none. For each case, and in each runner, `triggered` is the sum of `pass`, `fail`,
/// `error`, `timeout`, `skip` and `in_flight`.
///
/// ```json
/// {
///   "group": "livecheck",
///   "leader": "0c9bd07f-…",
///   "runners": [
///     { "id": "0c9bd07f-…", "host": "check-1", "started": "2026-11-21T02:03:04.567890Z",
///       "cases": { "stock_orders::cases::order_flow": { "triggered": 12, "pass": 11, "in_flight": 1 } } }
///   ],
///   "cases": [
///     {
///       "name": "stock_orders::cases::order_flow", "package": "stock-orders",
///       "sampling": { "active": { "value": true, "from": "code" }, "probability": { "value": 0.1, "from": "control" } },
///       "state": "PASS", "since": "2026-11-21T02:03:04.567890Z", "trouble": null,
///       "counts": { "triggered": 130, "pass": 126, "fail": 3, "error": 0, "timeout": 0, "skip": 0, "in_flight": 1 },
///       "success_rate": 0.976, "consecutive_failures": 0, "total_failures": 3,
///       "last_failure": { "at": "2026-11-21T02:01:04.567890Z", "state": "FAIL", "id": "order-18", "error": "…" },
///       "seconds_since_last_failure": 120.0, "last_seen": "2026-11-21T02:03:04.567890Z",
///       "runtime": { "median": 0.1, "p50": 0.1, "p90": 0.2, "p99": 0.3 },
///       "frequency": null, "latency": null,
///       "signals": { "order_cached": { "median": 0.1, "p50": 0.1, "p90": 0.2, "p99": 0.3 } },
///       "schedule": { "rule": "every 15m", "next": "2026-11-21T02:15:00.000000Z",
///         "fired": "2026-11-21T02:00:00.000000Z", "under_way": null,
///         "missed": { "count": 3, "latest": { "count": 3, "first": "2026-11-21T01:00:00.000000Z", "last": "…" } },
///         "left_out": { "count": 0, "latest": null } }
///     }
///   ]
/// }
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// The group.
    pub group: String,
    /// The runner that led last, by its id.
    pub leader: Option<String>,
    /// The runners at work.
    pub runners: Vec<RunnerStatus>,
    /// The cases.
    pub cases: Vec<CaseStatus>,
}

/// A runner at work, and what it has done since it started.
#[derive(Clone, Debug, Serialize)]
pub struct RunnerStatus {
    /// Its id.
    pub id: String,
    /// The machine that it runs on.
    pub host: String,
    /// When it started.
    pub started: Timestamp,
    /// Its counts: one reading, in which those of each case balance.
    pub cases: BTreeMap<CaseName, CaseTally>,
}

/// How a case does.
#[derive(Clone, Debug, Serialize)]
pub struct CaseStatus {
    /// Its name.
    pub name: CaseName,
    /// Its package, if this program has the case.
    pub package: Option<&'static str>,
    /// Of which requests it is triggered, if this program has the case.
    pub sampling: Option<Sampling>,
    /// Its state.
    pub state: State,
    /// Since when its state is what it is.
    pub since: Timestamp,
    /// What has been reported of the case as a whole, and is not over.
    pub trouble: Option<Trouble>,
    /// How many executions there were, and are.
    pub counts: CaseTally,
    /// The share of passes among the executions that were not skipped.
    pub success_rate: Option<f64>,
    /// How many executions have failed since the last one that passed.
    pub consecutive_failures: u64,
    /// How many executions have failed at all.
    pub total_failures: u64,
    /// The last execution that did not pass.
    pub last_failure: Option<LastFailure>,
    /// How long ago that is.
    pub seconds_since_last_failure: Option<f64>,
    /// When an execution was last seen.
    pub last_seen: Option<Timestamp>,
    /// From the trigger to the pass, in seconds.
    pub runtime: Option<Quantiles>,
    /// From one execution to the next, in seconds.
    pub frequency: Option<Quantiles>,
    /// By how much that is longer than the case's `frequency`, in seconds.
    pub latency: Option<Quantiles>,
    /// By signal: from the trigger to the signal, in seconds.
    pub signals: BTreeMap<String, Quantiles>,
    /// What is done of it by the clock, if anything is.
    pub schedule: Option<ScheduleStatus>,
}

/// What is done by the clock, and how far that is.
#[derive(Clone, Debug, Serialize)]
pub struct ScheduleStatus {
    /// When it is done, for people: `every 15m`.
    pub rule: String,
    /// The next slot.
    pub next: Option<Timestamp>,
    /// The latest slot that was fired.
    pub fired: Option<Timestamp>,
    /// The slot whose run is not over.
    pub under_way: Option<Timestamp>,
    /// Slots that nobody was there to fire.
    pub missed: Unfired,
    /// Slots that came while the run before was not over.
    pub left_out: Unfired,
}

impl ScheduleStatus {
    fn of(rhythm: &Rhythm, slots: Option<&Slots>, now: Timestamp) -> Self {
        Self {
            rule: rhythm.to_string(),
            next: rhythm.after(now),
            fired: slots.and_then(Slots::fired),
            under_way: slots.and_then(Slots::under_way),
            missed: slots.map(|slots| *slots.missed()).unwrap_or_default(),
            left_out: slots.map(|slots| *slots.left_out()).unwrap_or_default(),
        }
    }
}

/// What has been reported of a case as a whole.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Trouble {
    /// FAIL or STALL.
    pub state: State,
    /// Since when.
    pub since: Timestamp,
}

impl Status {
    /// By what is kept of the group, for those cases that `is_wanted`; with what is done by the clock. `now` says who is at work, and how long ago
    /// something is.
    pub(crate) fn of(
        group: &str,
        kept: &Kept,
        (linked, rhythms): (&Cases, &Rhythms),
        is_wanted: impl Fn(&CaseName) -> bool,
        sampling: impl Fn(&Case) -> Sampling,
        now: Timestamp,
    ) -> Self {
        let runner = |(id, record): (&str, &RunnerRecord)| RunnerStatus {
            id: id.to_owned(),
            host: record.host.clone(),
            started: record.started,
            cases: record.cases.clone(),
        };
        let in_flight = kept.roster.in_flight(now);
        let cases = kept.cases.iter().filter(|(name, _)| is_wanted(name)).map(|(name, state)| {
            let schedule =
                rhythms.get(name).map(|rhythm| ScheduleStatus::of(rhythm, kept.slots.get(name), now));
            let in_flight = in_flight.get(name).copied().unwrap_or(0);
            let case = linked.get(name.as_str());
            let sampling = case.map(&sampling);
            CaseStatus { sampling, schedule, ..CaseStatus::of(name, case, state, in_flight, now) }
        });
        Self {
            group: group.to_owned(),
            leader: kept.position.as_ref().map(|position| position.leader.clone()),
            runners: kept.roster.at_work(now).map(runner).collect(),
            cases: cases.collect(),
        }
    }
}

impl CaseStatus {
    fn of(
        name: &CaseName,
        case: Option<&'static Case>,
        state: &CaseState,
        in_flight: u64,
        now: Timestamp,
    ) -> Self {
        let statistics = state.statistics();
        let mut counts = statistics.totals();
        counts.in_flight += in_flight;
        counts.triggered += in_flight;
        let last_failure = state.last_failure().cloned();
        let frequency = case.and_then(|case| case.settings.frequency);
        Self {
            name: name.clone(),
            package: case.map(|case| case.location.package),
            sampling: None,
            state: state.state(),
            since: state.since(),
            trouble: state.trouble().map(|(state, since)| Trouble { state, since }),
            counts,
            success_rate: statistics.success_rate(),
            consecutive_failures: state.consecutive_failures(),
            total_failures: counts.failures(),
            seconds_since_last_failure: last_failure.as_ref().map(|last| now.since(last.at).as_secs_f64()),
            last_failure,
            last_seen: state.last_seen(),
            runtime: statistics.runtime(),
            frequency: statistics.frequency(),
            latency: frequency.and_then(|frequency| statistics.latency(frequency)),
            signals: statistics
                .signals()
                .into_iter()
                .map(|(name, quantiles)| (name.to_owned(), quantiles))
                .collect(),
            schedule: None,
        }
    }
}
