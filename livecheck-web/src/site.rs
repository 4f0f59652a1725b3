//! The addresses, joined to what answers.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use http::{StatusCode, header};
use livecheck_core::{CaseName, TestId};
use tokio::sync::watch;

use crate::control::Control;
use crate::elsewhere::{Elsewhere, sent_on};
use crate::guard::{Guard, guard};
use crate::redaction::Redaction;
use crate::view::{Execution, Source, SourceError};
use crate::{api, assets, badge, live, page};

/// How many bytes the body of a request may have.
const BODY: usize = 64 * 1024;
/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Renders the metrics in Prometheus' text format.
pub type Metrics = Arc<dyn Fn() -> String + Send + Sync>;

/// What is served.
#[derive(Clone)]
pub struct Site {
    /// Where what is shown comes from.
    pub source: Arc<dyn Source>,
    /// Another server that is asked first, where there is one.
    pub elsewhere: Option<Arc<dyn Elsewhere>>,
    /// What changes something, if anything does.
    pub control: Option<Arc<dyn Control>>,
    /// The metrics.
    pub metrics: Metrics,
    /// What is masked before it is shown.
    pub redaction: Redaction,
    /// Whom requests may be addressed to, and who may change something.
    pub guard: Guard,
}

/// What the answers need.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) control: Option<Arc<dyn Control>>,
    redaction: Redaction,
    metrics: Metrics,
    stopped: watch::Receiver<bool>,
}

impl Shared {
    /// The executions of a case with that id, as they may be seen.
    pub(crate) async fn executions_of(
        &self,
        name: CaseName,
        id: TestId,
    ) -> Result<Vec<Execution>, SourceError> {
        let executions = self.source.execution(name, id).await?;
        let masked = executions.into_iter().map(|execution| {
            let report = self.redaction.apply(execution.report)?;
            Some(Execution { report, ..execution })
        });
        masked.collect::<Option<_>>().ok_or_else(|| SourceError("this report cannot be masked".to_owned()))
    }
}

impl Site {
    /// What answers; streams end once they are told that the server is stopped.
    pub fn router(self, stopped: watch::Receiver<bool>) -> Router {
        let Self { source, elsewhere, control, metrics, redaction, guard: rules } = self;
        // Without a token nothing can be changed: then nobody is offered to.
        let control = control.filter(|_| rules.token.is_some());
        let shared = Shared { source, control, redaction, metrics, stopped };
        Router::new()
            .route("/", get(page::overview))
            .route("/case/{name}", get(page::case))
            .route("/execution/{case}/{id}", get(page::execution))
            .route("/api/overview", get(api::overview))
            .route("/api/case/{name}", get(api::case).post(api::change))
            .route("/api/executions", get(api::executions))
            .route("/api/execution/{case}/{id}", get(api::execution))
            .route_layer(middleware::from_fn_with_state(elsewhere, sent_on))
            .route("/badge/{file}", get(badge_of))
            .route("/metrics", get(metrics_now))
            .layer(middleware::from_fn(in_time))
            .route("/live", get(news))
            .route("/assets/{version}/{name}", get(assets::serve))
            .route("/health", get(|| async { "OK\n" }))
            .fallback(page::nothing_here)
            .layer(DefaultBodyLimit::max(BODY))
            .layer(middleware::from_fn_with_state(Arc::new(rules), guard))
            .with_state(shared)
    }
}

async fn in_time(request: axum::extract::Request, next: middleware::Next) -> Response {
    match tokio::time::timeout(ANSWER_WITHIN, next.run(request)).await {
        Ok(response) => response,
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "there was no answer in time\n").into_response(),
    }
}

async fn news(State(shared): State<Shared>) -> Response {
    live::news(shared.source.changes(), shared.stopped).into_response()
}

async fn metrics_now(State(shared): State<Shared>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], (shared.metrics)()).into_response()
}

async fn badge_of(State(shared): State<Shared>, Path(file): Path<String>) -> Result<Response, Response> {
    let away = |error: SourceError| (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response();
    let name = file.strip_suffix(".svg").map(CaseName::from).ok_or(StatusCode::NOT_FOUND.into_response())?;
    let overview = shared.source.overview().await.map_err(away)?;
    let case = overview.cases.iter().find(|case| case.name == name);
    let case = case.ok_or_else(|| StatusCode::NOT_FOUND.into_response())?;
    let badge = badge::badge(case.name.as_str(), case.state).into_string();
    Ok(([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "no-cache")], badge)
        .into_response())
}
