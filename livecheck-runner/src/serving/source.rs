//! What the page shows: the state of each case, by what the monitor keeps, and its history, by the store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use livecheck_core::control::sampling;
use livecheck_core::{CaseName, Cases, TestId, Timestamp};
use livecheck_store::{Cursor, Filter, Queries, Reported, Store, StoreError, Window, is_kept_whole};
use livecheck_web::view::{
    CaseHistory, Execution, ExecutionPage, ExecutionQuery, Overview, Source, SourceError, Span,
};
use tokio::sync::watch;

use super::elsewhere::Trouble;
use super::follower::Follower;
use super::{history, states};
use crate::monitor::Rhythms;
use crate::status::Status;
use crate::traces::TraceParent;

/// Why there is no history.
const NO_STORE: &str = "this runner has no store of results";

/// What a sparkline is about, and how many parts it has.
pub(super) const DAY: Duration = Duration::from_secs(86_400);
const SPARKS: usize = 48;
/// How many points a chart has at most, and how many causes are listed.
const POINTS: u64 = 120;
const CAUSES: usize = 20;

/// What a runner shows.
#[derive(Clone)]
pub(super) struct RunnerSource {
    /// None in a run of one's own, which knows of no case as a whole.
    follower: Option<Arc<Follower>>,
    cases: Cases,
    rhythms: Arc<Rhythms>,
    group: Option<String>,
    store: Option<Store>,
    /// Why the results of another runner cannot be shown, which has them.
    trouble: Trouble,
    trace_url: Option<String>,
    /// What never changes, where there is no follower; its other end is kept so that it is not closed.
    silence: Arc<watch::Sender<u64>>,
}

impl RunnerSource {
    pub(super) fn new(
        follower: Option<Arc<Follower>>,
        (cases, rhythms): (Cases, Rhythms),
        group: Option<&str>,
        (store, trouble): (Option<Store>, Trouble),
        trace_url: Option<String>,
    ) -> Self {
        let silence = Arc::new(watch::channel(0).0);
        let rhythms = Arc::new(rhythms);
        let group = group.map(str::to_owned);
        Self { follower, cases, rhythms, group, store, trouble, trace_url, silence }
    }

    /// How the group does.
    pub(super) fn status(&self) -> Option<Status> {
        let (follower, group) = (self.follower.as_ref()?, self.group.as_deref()?);
        let kept = follower.kept();
        Some(Status::of(group, &kept, (&self.cases, &self.rhythms), |_| true, sampling, Timestamp::now()))
    }

    /// How the group does now, by its monitor alone.
    fn now(&self) -> Result<Overview, SourceError> {
        let status = self.status().ok_or_else(|| {
            SourceError(
                "a run of one's own knows of no case as a whole; its metrics are at /metrics".to_owned(),
            )
        })?;
        Ok(Overview {
            runners: status.runners.iter().map(states::runner).collect(),
            cases: status.cases.into_iter().map(|case| states::summary(case, &self.cases)).collect(),
            group: status.group,
            leader: status.leader,
            at: Timestamp::now(),
            history_is_missing: None,
        })
    }

    /// Asks the store.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Queries) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let store = self.store.as_ref().ok_or_else(|| SourceError(NO_STORE.to_owned()))?;
        let answer = store.ask(question).await;
        answer.map_err(|error| SourceError(self.trouble.get().unwrap_or_else(|| error.to_string())))
    }

    /// The same, of all cases or of one, with what the store has of the last day. Without that the state of each case is
    /// worth showing, too.
    async fn today(&self, only: Option<CaseName>) -> Result<Overview, SourceError> {
        let mut overview = self.now()?;
        overview.cases.retain(|case| only.as_ref().is_none_or(|only| case.name == *only));
        let found = self
            .ask(move |queries| match only {
                Some(case) => Ok(queries.case(&case, Window::last(DAY), SPARKS)?.into_iter().collect()),
                None => queries.cases(Window::last(DAY), SPARKS),
            })
            .await;
        match found {
            Err(SourceError(reason)) => overview.history_is_missing = Some(reason),
            Ok(found) => {
                let found: Vec<livecheck_store::CaseSummary> = found;
                let mut found: BTreeMap<_, _> =
                    found.into_iter().map(|case| (case.case.clone(), case)).collect();
                for case in &mut overview.cases {
                    if let Some(found) = found.remove(&case.name) {
                        history::complete(case, &found, overview.at);
                    }
                }
                // What is here is what this runner wrote when it led.
                overview.history_is_missing = self.trouble.get();
            }
        }
        Ok(overview)
    }

    async fn history(&self, name: CaseName, span: Span) -> Result<Option<CaseHistory>, SourceError> {
        let Overview { cases, history_is_missing, .. } = self.today(Some(name.clone())).await?;
        let Some(case) = cases.into_iter().next() else { return Ok(None) };
        let (from, until) = span.bounds(Timestamp::now());
        let window = Window { from, until };
        let found = self
            .ask(move |queries| {
                let series = queries.series(&name, window, POINTS)?;
                let causes = queries.causes(Some(&name), window, CAUSES)?;
                Ok((series, causes))
            })
            .await;
        // Without the store the state of the case is worth showing, too.
        let found = match (found, history_is_missing) {
            (Ok(found), None) => Ok(found),
            (Ok(_), Some(reason)) | (Err(SourceError(reason)), _) => Err(reason),
        };
        Ok(Some(history::of(case, span.range, window, found)))
    }

    async fn page(&self, query: ExecutionQuery) -> Result<ExecutionPage, SourceError> {
        let cursor = query.cursor.as_deref().map(str::parse::<Cursor>).transpose();
        let cursor = cursor.map_err(|error| SourceError(error.to_string()))?;
        let filter = Filter {
            case: query.case,
            states: query.states,
            window: query.within.map(|(from, until)| Window { from, until }),
            cause: query.cause,
            text: query.text,
        };
        let page = self.ask(move |queries| queries.page(&filter, cursor, query.limit)).await?;
        Ok(history::page(page))
    }

    async fn reports(&self, name: CaseName, id: TestId) -> Result<Vec<Execution>, SourceError> {
        let found = self.ask(move |queries| queries.reports(&id, Some(&name))).await?;
        Ok(found
            .into_iter()
            .map(|Reported { at, report }| {
                let trace =
                    self.trace_url.as_deref().and_then(|url| Some(TraceParent::of(&report)?.address(url)));
                Execution { at, is_whole: is_kept_whole(&report), report, trace }
            })
            .collect())
    }
}

impl Source for RunnerSource {
    fn group(&self) -> Option<&str> {
        self.group.as_deref()
    }

    fn overview(&self) -> BoxFuture<'_, Result<Overview, SourceError>> {
        self.today(None).boxed()
    }

    fn case(&self, name: CaseName, span: Span) -> BoxFuture<'_, Result<Option<CaseHistory>, SourceError>> {
        self.history(name, span).boxed()
    }

    fn executions(&self, query: ExecutionQuery) -> BoxFuture<'_, Result<ExecutionPage, SourceError>> {
        self.page(query).boxed()
    }

    fn execution(&self, name: CaseName, id: TestId) -> BoxFuture<'_, Result<Vec<Execution>, SourceError>> {
        self.reports(name, id).boxed()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.follower.as_ref().map_or_else(|| self.silence.subscribe(), |follower| follower.changes())
    }
}
