//! The gate by HTTP, as controllers of deployments ask for it.
//!
//! `GET /gate?case=order_flow&last=10m` answers 200 with the judgement, whatever it is: a metric of Argo Rollouts
//! reads the verdict. `POST /gate` answers 200 only if the gate is open, as a webhook of Flagger wants it, and takes
//! what is asked from the `metadata` of the body.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use livecheck_uptest::args::duration;
use serde::Deserialize;
use serde_json::json;

use super::judgement::{CaseQuery, Criteria, GateVerdict, Judgement};

/// What a request asks: by which criteria, and how far back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Question {
    pub(crate) criteria: Criteria,
    pub(crate) last: Duration,
}

/// What judges; the error says why it cannot.
pub(crate) type Judge =
    Arc<dyn Fn(Question) -> Pin<Box<dyn Future<Output = Result<Judgement, String>> + Send>> + Send + Sync>;

#[derive(Clone)]
struct Gate {
    judge: Judge,
    /// What holds where a request does not say otherwise.
    default: Question,
}

/// The routes: the gate, and `/health`, which says that this answers.
pub(crate) fn router(judge: Judge, default: Question) -> Router {
    Router::new()
        .route("/gate", get(metric).post(webhook))
        .route("/health", get(|| async { "OK" }))
        .with_state(Gate { judge, default })
}

async fn metric(State(gate): State<Gate>, Query(settings): Query<Vec<(String, String)>>) -> Response {
    gate.answer(question(&gate.default, settings), |_| StatusCode::OK).await
}

/// The body of a webhook of Flagger, of which the metadata is the user's.
#[derive(Deserialize)]
struct Webhook {
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

async fn webhook(State(gate): State<Gate>, body: Bytes) -> Response {
    let body = if body.is_empty() { Bytes::from_static(b"{}") } else { body };
    let asked = serde_json::from_slice::<Webhook>(&body)
        .map_err(|error| format!("the body is no webhook of Flagger: {error}"))
        .and_then(|Webhook { metadata }| question(&gate.default, metadata.into_iter().collect()));
    let status = |verdict| match verdict {
        GateVerdict::Pass => StatusCode::OK,
        GateVerdict::Inconclusive => StatusCode::CONFLICT,
        GateVerdict::Fail => StatusCode::PRECONDITION_FAILED,
    };
    gate.answer(asked, status).await
}

impl Gate {
    async fn answer(
        &self,
        asked: Result<Question, String>,
        status: impl FnOnce(GateVerdict) -> StatusCode,
    ) -> Response {
        match asked {
            Err(error) => refusal(StatusCode::BAD_REQUEST, &error),
            Ok(question) => match (self.judge)(question).await {
                Ok(judgement) => (status(judgement.verdict), Json(judgement)).into_response(),
                Err(error) => refusal(StatusCode::SERVICE_UNAVAILABLE, &error),
            },
        }
    }
}

fn refusal(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

/// What is asked: the defaults, but for those settings. `case` may be given again, or be a list with commas.
fn question(default: &Question, settings: Vec<(String, String)>) -> Result<Question, String> {
    let mut question = default.clone();
    let mut cases = Vec::new();
    for (name, value) in settings {
        let wrong = |reason: String| format!("{name}={value}: {reason}");
        match name.as_str() {
            "case" => cases.extend(value.split(',').map(|case| CaseQuery(case.trim().to_owned()))),
            "last" => question.last = duration(&value).map_err(wrong)?,
            "min_executions" => {
                question.criteria.min_executions = value
                    .parse()
                    .map_err(|error| wrong(format!("{error}; expected a number of executions")))?;
            }
            "max_failure_rate" => question.criteria.max_failure_rate = value.parse().map_err(wrong)?,
            _ => {
                return Err(format!(
                    "{name} is unknown; case, last, min_executions and max_failure_rate are known"
                ));
            }
        }
    }
    if !cases.is_empty() {
        question.criteria.cases = cases;
    }
    if question.criteria.cases.is_empty() || question.criteria.cases.iter().any(|case| case.0.is_empty()) {
        return Err("case=NAME is missing: which case is to do well?".to_owned());
    }
    Ok(question)
}

#[cfg(test)]
mod tests {
    use livecheck_core::wire::State;
    use tower::ServiceExt;

    use super::super::judgement::tests::{criteria, judged};
    use super::*;

    /// The gate of a system in which `well` passes, `ill` fails, and of `new` too little was seen.
    fn gate() -> Router {
        let judge = |Question { criteria, .. }: Question| {
            let reports = [("well", State::Pass, 99), ("ill", State::Fail, 99), ("new", State::Pass, 1)];
            let is_away = criteria.cases.iter().any(|case| case.0 == "away");
            let judgement = judged(&criteria, &reports);
            let answer = if is_away { Err("no broker answers".to_owned()) } else { Ok(judgement) };
            Box::pin(std::future::ready(answer)) as Pin<Box<_>>
        };
        let default = Question { criteria: criteria(&[], 50, "1%"), last: Duration::from_secs(600) };
        router(Arc::new(judge), default)
    }

    async fn ask(request: axum::http::Request<axum::body::Body>) -> String {
        let response = gate().oneshot(request).await.expect("it answers");
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 65_536).await.expect("a body");
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let said = body.get("verdict").or_else(|| body.get("error")).cloned().unwrap_or_default();
        format!("{} {}", status.as_u16(), said.as_str().unwrap_or("-"))
    }

    async fn metric(query: &str) -> String {
        let request = axum::http::Request::get(format!("/gate?{query}"));
        ask(request.body(axum::body::Body::empty()).expect("a request")).await
    }

    async fn webhook(body: &'static str) -> String {
        ask(axum::http::Request::post("/gate").body(body.into()).expect("a request")).await
    }

    #[tokio::test]
    async fn a_metric_is_answered_whatever_the_verdict_is() {
        assert_eq!(metric("case=well&last=5m&min_executions=10&max_failure_rate=1%25").await, "200 PASS");
        assert_eq!(metric("case=well,ill").await, "200 FAIL");
        assert_eq!(metric("case=well&case=new").await, "200 INCONCLUSIVE");
    }

    #[tokio::test]
    async fn a_webhook_succeeds_only_where_the_gate_is_open() {
        assert_eq!(
            webhook(
                r#"{"name":"orders","namespace":"shop","phase":"Progressing","metadata":{"case":"well"}}"#
            )
            .await,
            "200 PASS"
        );
        assert_eq!(webhook(r#"{"metadata":{"case":"ill"}}"#).await, "412 FAIL");
        assert_eq!(webhook(r#"{"metadata":{"case":"new"}}"#).await, "409 INCONCLUSIVE");
        assert_eq!(webhook(r#"{"metadata":{"case":"away"}}"#).await, "503 no broker answers");
    }

    #[tokio::test]
    async fn a_question_that_makes_no_sense_is_told_so() {
        assert_eq!(metric("").await, "400 case=NAME is missing: which case is to do well?");
        assert_eq!(
            metric("case=well&min=1").await,
            "400 min is unknown; case, last, min_executions and max_failure_rate are known"
        );
        assert_eq!(
            metric("case=well&max_failure_rate=2").await,
            "400 max_failure_rate=2: expected a share from 0% to 100%, such as 1%, or from 0 to 1, such as 0.01"
        );
        assert!(webhook("case=label").await.starts_with("400 the body is no webhook of Flagger"));
    }
}
