//! Requests that another server answers, which has what this one has not.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, StatusCode};

/// A request that has this header was sent on by another server, and is sent on no further.
pub const SENT_ON: HeaderName = HeaderName::from_static("livecheck-sent-on");

/// Another server, which may answer what is asked of this one.
pub trait Elsewhere: Send + Sync {
    /// Its answer to a GET of that path, with its query; none, if this server is to answer. The request has
    /// [`SENT_ON`] as a header.
    fn answer(&self, path: String) -> BoxFuture<'_, Option<Answer>>;
}

/// What another server has answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// What the body is.
    pub content_type: Option<HeaderValue>,
    /// The body.
    pub body: Bytes,
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        response.headers_mut().remove(CONTENT_TYPE);
        response.headers_mut().extend(self.content_type.map(|of| (CONTENT_TYPE, of)));
        response
    }
}

/// Sends a request on, if it is one to look at something, and answers it here if nobody else does.
pub(crate) async fn sent_on(
    State(elsewhere): State<Option<Arc<dyn Elsewhere>>>,
    request: Request,
    next: Next,
) -> Response {
    if let (Some(elsewhere), &Method::GET, false) =
        (elsewhere, request.method(), request.headers().contains_key(SENT_ON))
    {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        if let Some(answer) = elsewhere.answer(path).await {
            return answer.into_response();
        }
    }
    next.run(request).await
}
