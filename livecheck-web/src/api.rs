//! The API: what the pages show, as JSON.

use axum::Json;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use livecheck_core::{CaseName, TestId};
use serde::Deserialize;
use serde_json::json;

use crate::control::{Change, ChangeError};
use crate::site::Shared;
use crate::view::{ExecutionQuery, Range, SourceError, Span};

/// How many executions a page has, and how many may be asked for.
const PAGE: usize = 50;
const MOST: usize = 500;
/// How long a text to search for may be.
const LONGEST_TEXT: usize = 200;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("{0}")]
    Question(String),
    #[error("nothing is known of {0}")]
    Unknown(String),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Change(#[from] ChangeError),
    #[error("this runner changes nothing")]
    NoControl,
}

impl ApiError {
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::Question(_) | Self::Change(ChangeError::Refused(_)) => StatusCode::BAD_REQUEST,
            Self::Unknown(_) | Self::Change(ChangeError::UnknownCase(_)) | Self::NoControl => {
                StatusCode::NOT_FOUND
            }
            Self::Source(_) | Self::Change(ChangeError::Failed(_)) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status(), Json(json!({ "error": self.to_string() }))).into_response()
    }
}

/// What an address asks for: the part behind the question mark.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    pub(crate) q: String,
    pub(crate) state: String,
    pub(crate) case: String,
    pub(crate) cause: String,
    pub(crate) range: String,
    pub(crate) from: String,
    pub(crate) until: String,
    pub(crate) cursor: String,
    pub(crate) limit: String,
}

impl Asked {
    fn range(&self) -> Result<Range, ApiError> {
        if self.range.is_empty() {
            Ok(Range::default())
        } else {
            self.range.parse().map_err(ApiError::Question)
        }
    }

    /// Which time of a case: the latest, or from a moment until another.
    pub(crate) fn span(&self) -> Result<Span, ApiError> {
        let range = self.range()?;
        if self.from.is_empty() && self.until.is_empty() {
            return Ok(Span::latest(range));
        }
        let moment = |name: &str, text: &str| {
            text.parse().map_err(|error| ApiError::Question(format!("{name}={text}: {error}")))
        };
        let (from, until) = (moment("from", &self.from)?, moment("until", &self.until)?);
        Span::part(range, from, until).ok_or_else(|| {
            ApiError::Question(format!("from={from}, until={until}: expected a minute at least between them"))
        })
    }

    /// Which executions: those of the case given, or else of the one asked for.
    pub(crate) fn executions(&self, case: Option<&CaseName>) -> Result<ExecutionQuery, ApiError> {
        let states = self.state.split(',').filter(|state| !state.is_empty());
        let states = states
            .map(|state| {
                state.to_uppercase().parse().map_err(|error| ApiError::Question(format!("state: {error}")))
            })
            .collect::<Result<_, _>>()?;
        let limit = match self.limit.as_str() {
            "" => PAGE,
            text => text.parse().ok().filter(|limit| (1..=MOST).contains(limit)).ok_or_else(|| {
                ApiError::Question(format!("limit={text}: expected a number from 1 to {MOST}"))
            })?,
        };
        let text: String = self.q.trim().chars().take(LONGEST_TEXT).collect();
        Ok(ExecutionQuery {
            case: case.cloned().or_else(|| (!self.case.is_empty()).then(|| self.case.as_str().into())),
            states,
            text: (!text.is_empty()).then_some(text),
            cause: (!self.cause.is_empty()).then(|| self.cause.clone()),
            within: self.span()?.zoom,
            cursor: (!self.cursor.is_empty()).then(|| self.cursor.clone()),
            limit,
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let asked = Query::<Self>::from_request_parts(parts, state).await;
        asked.map(|Query(asked)| asked).map_err(|error| ApiError::Question(error.body_text()))
    }
}

pub(crate) async fn overview(State(shared): State<Shared>) -> Result<Response, ApiError> {
    Ok(Json(shared.source.overview().await?).into_response())
}

pub(crate) async fn case(
    State(shared): State<Shared>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Response, ApiError> {
    let case = shared.source.case(name.as_str().into(), asked.span()?).await?;
    case.map(|case| Json(case).into_response()).ok_or_else(|| ApiError::Unknown(format!("case `{name}`")))
}

pub(crate) async fn executions(State(shared): State<Shared>, asked: Asked) -> Result<Response, ApiError> {
    Ok(Json(shared.source.executions(asked.executions(None)?).await?).into_response())
}

pub(crate) async fn execution(
    State(shared): State<Shared>,
    Path((case, id)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let executions = shared.executions_of(case.as_str().into(), TestId::from(id.as_str())).await?;
    if executions.is_empty() {
        return Err(ApiError::Unknown(format!("execution `{id}` of case `{case}`")));
    }
    Ok(Json(executions).into_response())
}

pub(crate) async fn change(
    State(shared): State<Shared>,
    Path(name): Path<String>,
    body: bytes::Bytes,
) -> Result<Response, ApiError> {
    let control = shared.control.ok_or(ApiError::NoControl)?;
    let change: Change = serde_json::from_slice(&body)
        .map_err(|error| ApiError::Question(format!("the body is no change: {error}")))?;
    let done = control.change(name.as_str().into(), change).await?;
    Ok(Json(json!({ "done": done })).into_response())
}
