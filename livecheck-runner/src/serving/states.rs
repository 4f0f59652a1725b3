//! What the monitor of the group knows, in the form in which the page shows it.

use livecheck_core::Cases;
use livecheck_web::view::{CaseSummary, Counts, Failure, Runner, Schedule, Slots, Unfired};

use crate::engine::CaseTally;
use crate::monitor::slots;
use crate::status::{CaseStatus, RunnerStatus, ScheduleStatus};

/// A case, without its history.
pub(super) fn summary(status: CaseStatus, cases: &Cases) -> CaseSummary {
    let case = cases.get(status.name.as_str());
    let docs = case.and_then(|case| case.docs.trim().lines().next()).filter(|line| !line.is_empty());
    CaseSummary {
        package: status.package.map(str::to_owned),
        summary: docs.map(str::to_owned),
        tags: case.iter().flat_map(|case| case.settings.tags).map(|tag| (*tag).to_owned()).collect(),
        state: status.state,
        since: status.since,
        trouble: status.trouble.map(|trouble| trouble.state),
        counts: counts(&status.counts),
        success_rate: status.success_rate,
        consecutive_failures: status.consecutive_failures,
        p50: status.runtime.map(|runtime| runtime.p50),
        p99: status.runtime.map(|runtime| runtime.p99),
        last_failure: status.last_failure.map(|last| Failure {
            at: last.at,
            state: last.state,
            id: last.id,
            error: last.error,
        }),
        last_seen: status.last_seen,
        schedule: status.schedule.map(schedule),
        probability: status.sampling.map(|sampling| sampling.share()),
        recent: Vec::new(),
        name: status.name,
    }
}

/// A runner at work.
pub(super) fn runner(status: &RunnerStatus) -> Runner {
    Runner { id: status.id.clone(), host: status.host.clone(), started: status.started }
}

fn counts(tally: &CaseTally) -> Counts {
    Counts {
        triggered: tally.triggered,
        pass: tally.pass,
        fail: tally.fail,
        error: tally.error,
        timeout: tally.timeout,
        skip: tally.skip,
        in_flight: tally.in_flight,
    }
}

fn schedule(status: ScheduleStatus) -> Schedule {
    let ScheduleStatus { rule, next, fired, missed, left_out, .. } = status;
    Schedule { rule, next, fired, missed: unfired(missed), left_out: unfired(left_out) }
}

fn unfired(slots::Unfired { count, latest }: slots::Unfired) -> Unfired {
    let latest = latest.map(|slots::Series { count, first, last }| Slots { count, first, last });
    Unfired { count, latest }
}
