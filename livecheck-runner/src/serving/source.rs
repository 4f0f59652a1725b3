//! What the page shows, by what the monitor keeps.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt, ready};
use livecheck_core::control::sampling;
use livecheck_core::{CaseName, Cases, TestId, Timestamp};
use livecheck_web::view::{
    CaseHistory, CaseSummary, Counts, Execution, ExecutionPage, ExecutionQuery, Failure, Overview, Range,
    Runner, Source, SourceError,
};
use tokio::sync::watch;

use super::follower::Follower;
use crate::engine::CaseTally;
use crate::monitor::{Rhythm, Rhythms};
use crate::status::{CaseStatus, Status};

/// Why there is no history.
const NO_STORE: &str = "this runner has no store of results";

/// What a runner shows.
#[derive(Clone)]
pub(super) struct RunnerSource {
    /// None in a run of one's own, which knows of no case as a whole.
    follower: Option<Arc<Follower>>,
    cases: Cases,
    rhythms: Arc<Rhythms>,
    group: Option<String>,
    /// What never changes, where there is no follower; its other end is kept so that it is not closed.
    silence: Arc<watch::Sender<u64>>,
}

impl RunnerSource {
    pub(super) fn new(follower: Option<Arc<Follower>>, cases: Cases, group: Option<&str>) -> Self {
        let silence = Arc::new(watch::channel(0).0);
        let rhythms = Arc::new(Rhythm::of_all(&cases));
        Self { follower, cases, rhythms, group: group.map(str::to_owned), silence }
    }

    /// How the group does.
    pub(super) fn status(&self) -> Option<Status> {
        let (follower, group) = (self.follower.as_ref()?, self.group.as_deref()?);
        let kept = follower.kept();
        Some(Status::of(group, &kept, (&self.cases, &self.rhythms), |_| true, sampling, Timestamp::now()))
    }

    fn now(&self) -> Result<Overview, SourceError> {
        let status = self.status().ok_or_else(|| {
            SourceError(
                "a run of one's own knows of no case as a whole; its metrics are at /metrics".to_owned(),
            )
        })?;
        Ok(Overview {
            runners: status.runners.iter().map(runner).collect(),
            cases: status.cases.into_iter().map(|case| self.summary(case)).collect(),
            group: status.group,
            leader: status.leader,
            at: Timestamp::now(),
            history_is_missing: Some(NO_STORE.to_owned()),
        })
    }

    fn summary(&self, status: CaseStatus) -> CaseSummary {
        let case = self.cases.get(status.name.as_str());
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
            next_schedule: status.schedule.and_then(|schedule| schedule.next),
            probability: case.map(|case| case.settings.probability),
            recent: Vec::new(),
            name: status.name,
        }
    }

    fn history(&self, name: &CaseName, range: Range) -> Result<Option<CaseHistory>, SourceError> {
        let case = self.now()?.cases.into_iter().find(|case| case.name == *name);
        Ok(case.map(|case| CaseHistory {
            case,
            range,
            from: Timestamp::now() - range.duration(),
            until: Timestamp::now(),
            step: 60,
            buckets: Vec::new(),
            signals: Default::default(),
            causes: Vec::new(),
        }))
    }
}

impl Source for RunnerSource {
    fn overview(&self) -> BoxFuture<'_, Result<Overview, SourceError>> {
        ready(self.now()).boxed()
    }

    fn case(&self, name: CaseName, range: Range) -> BoxFuture<'_, Result<Option<CaseHistory>, SourceError>> {
        ready(self.history(&name, range)).boxed()
    }

    fn executions(&self, _: ExecutionQuery) -> BoxFuture<'_, Result<ExecutionPage, SourceError>> {
        ready(Ok(ExecutionPage::default())).boxed()
    }

    fn execution(&self, _: CaseName, _: TestId) -> BoxFuture<'_, Result<Vec<Execution>, SourceError>> {
        ready(Err(SourceError(NO_STORE.to_owned()))).boxed()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.follower.as_ref().map_or_else(|| self.silence.subscribe(), |follower| follower.changes())
    }
}

fn runner(status: &crate::status::RunnerStatus) -> Runner {
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
