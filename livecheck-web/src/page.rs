//! The pages: what is asked for, fetched, and handed to the templates.

mod case;
mod execution;
mod layout;
mod overview;
mod spark;
mod waterfall;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use livecheck_core::{CaseName, TestId};
use maud::Markup;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::api::{ApiError, Asked};
use crate::site::Shared;
use crate::view::ExecutionPage;

/// What needs no encoding in a segment of a path, or in a value of a query.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b':');

/// The address of a case.
fn case_address(name: &CaseName) -> String {
    format!("/case/{}", encoded(name.as_str()))
}

/// The address of an execution.
fn execution_address(case: &CaseName, id: &TestId) -> String {
    format!("/execution/{}/{}", encoded(case.as_str()), encoded(id.as_str()))
}

/// A text as a segment of a path. (A segment of dots alone would be taken for a folder.)
fn encoded(text: &str) -> String {
    match text {
        "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        _ => utf8_percent_encode(text, SEGMENT).to_string(),
    }
}

/// A page that could not be made, as a page.
pub(crate) struct PageError(ApiError);

impl<E: Into<ApiError>> From<E> for PageError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let status = self.0.status();
        (status, html(&layout::message(status, &self.0.to_string()))).into_response()
    }
}

fn html(markup: &Markup) -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], markup.0.clone()).into_response()
}

pub(crate) async fn overview(State(shared): State<Shared>, asked: Asked) -> Result<Response, PageError> {
    let overview = shared.source.overview().await?;
    Ok(html(&overview::page(&overview, &overview::Filter::of(&asked)?)))
}

pub(crate) async fn case(
    State(shared): State<Shared>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Response, PageError> {
    let name = CaseName::from(name.as_str());
    let (span, query) = (asked.span()?, asked.executions(Some(&name))?);
    let Some(history) = shared.source.case(name.clone(), span).await? else {
        return Err(ApiError::Unknown(format!("case `{name}`")).into());
    };
    let executions = match shared.source.executions(query).await {
        // The page says why, above.
        Err(_) if history.history_is_missing.is_some() => ExecutionPage::default(),
        executions => executions?,
    };
    let group = shared.source.group();
    let view = case::View { group, history: &history, executions: &executions, asked: &asked };
    Ok(html(&case::page(&view, shared.control.is_some())))
}

pub(crate) async fn execution(
    State(shared): State<Shared>,
    Path((case, id)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let (name, id) = (CaseName::from(case.as_str()), TestId::from(id.as_str()));
    let executions = shared.executions_of(name.clone(), id.clone()).await?;
    if executions.is_empty() {
        return Err(ApiError::Unknown(format!("execution `{id}` of case `{name}`")).into());
    }
    Ok(html(&execution::page(shared.source.group(), &name, &id, &executions)))
}

pub(crate) async fn nothing_here() -> Response {
    let page = layout::message(StatusCode::NOT_FOUND, "there is no such page");
    (StatusCode::NOT_FOUND, html(&page)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_whatever_a_name_is() {
        let name = CaseName::from("orders::a/b?c#d%<é>");
        assert_eq!(case_address(&name), "/case/orders::a%2Fb%3Fc%23d%25%3C%C3%A9%3E");
        assert_eq!(case_address(&CaseName::from("..")), "/case/%2E%2E");
    }
}
