//! What stands before every request: whom it may be addressed to, who may change something, what a browser may do
//! with the answer.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use subtle::ConstantTimeEq;

/// A page loads only what this server has, runs no script that stands in the page, and is part of no other page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// The secret that allows to change something. Its `Debug` does not tell it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token; none if there is nothing but spaces.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// Whether it is the same, in a time that does not depend on where they differ.
    fn is(&self, other: &str) -> bool {
        self.0.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Whom requests may be addressed to, and who may change something.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// The names by which the server is reached, beside `localhost` and IP addresses; `*` is any name.
    pub hosts: Vec<String>,
    /// What a request must have that changes something; without one nothing can be changed.
    pub token: Option<Token>,
}

/// Why a request is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum Refusal {
    #[error(
        "this server is not known as `{0}`: let `hosts` in the table `web` of .config/livecheck.toml name it, if it is"
    )]
    Host(String),
    #[error("the request has no `Host` header")]
    NoHost,
    #[error("a page of another site may change nothing here")]
    CrossSite,
    #[error(
        "this page is read-only: set `token` in the table `web`, or LIVECHECK_WEB_TOKEN, to change something"
    )]
    ReadOnly,
    #[error("the token is not this server's: send `Authorization: Bearer TOKEN`")]
    Token,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Host(_) => StatusCode::MISDIRECTED_REQUEST,
            Self::NoHost => StatusCode::BAD_REQUEST,
            Self::CrossSite | Self::ReadOnly => StatusCode::FORBIDDEN,
            Self::Token => StatusCode::UNAUTHORIZED,
        };
        (status, axum::Json(serde_json::json!({ "error": self.to_string() }))).into_response()
    }
}

/// Lets through what may be answered, and says to browsers how to treat the answer.
pub(crate) async fn guard(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let mut response = match guard.check(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

impl Guard {
    fn check(&self, method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).ok_or(Refusal::NoHost)?;
        if !self.knows(host) {
            return Err(Refusal::Host(host.chars().take(100).collect()));
        }
        if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return Ok(());
        }
        if !is_same_site(headers, host) {
            return Err(Refusal::CrossSite);
        }
        let Some(token) = &self.token else { return Err(Refusal::ReadOnly) };
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        if token.is(given) { Ok(()) } else { Err(Refusal::Token) }
    }

    /// Whether a request to that host may be for us. A site that lets its own name lead here (DNS rebinding) would
    /// have its scripts read what is shown; an address has no name that could.
    fn knows(&self, host: &str) -> bool {
        let name = without_port(host);
        let is_address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        let is_named = |known: &String| known == "*" || known.eq_ignore_ascii_case(name);
        is_address || name.eq_ignore_ascii_case("localhost") || self.hosts.iter().any(is_named)
    }
}

/// Whether what asks is a page of this server, or no page at all.
fn is_same_site(headers: &HeaderMap, host: &str) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("null"));
    let by_site = text(HeaderName::from_static("sec-fetch-site"))
        .is_none_or(|site| matches!(site, "same-origin" | "none"));
    let by_origin = text(header::ORIGIN).is_none_or(|origin| {
        origin.split_once("://").is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(host))
    });
    by_site && by_origin
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty() => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: &Method, headers: &[(&'static str, &str)]) -> Result<(), Refusal> {
        let guard = Guard { hosts: vec!["checks.example.com".to_owned()], token: Token::new("open sesame") };
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"))
            })
            .collect();
        guard.check(method, &headers)
    }

    #[test]
    fn only_names_that_are_ours_are_answered() {
        for host in ["localhost:9999", "127.0.0.1:9999", "[::1]:9999", "10.1.2.3", "CHECKS.example.com:80"] {
            assert_eq!(asked(&Method::GET, &[("host", host)]), Ok(()), "{host}");
        }
        for host in ["evil.example:9999", "localhost.evil.example", "127.0.0.1.evil.example", ":9999"] {
            assert_eq!(asked(&Method::GET, &[("host", host)]), Err(Refusal::Host(host.to_owned())), "{host}");
        }
        assert_eq!(asked(&Method::GET, &[]), Err(Refusal::NoHost));
    }

    #[test]
    fn changes_need_the_token() {
        let host = ("host", "localhost:9999");
        assert_eq!(asked(&Method::POST, &[host]), Err(Refusal::Token));
        assert_eq!(asked(&Method::POST, &[host, ("authorization", "Bearer open")]), Err(Refusal::Token));
        assert_eq!(asked(&Method::POST, &[host, ("authorization", "Bearer open sesame")]), Ok(()));
        let guard = Guard::default();
        let headers = [(header::HOST, HeaderValue::from_static("localhost"))].into_iter().collect();
        assert_eq!(guard.check(&Method::PUT, &headers), Err(Refusal::ReadOnly));
    }

    #[test]
    fn a_page_of_another_site_changes_nothing_even_with_the_token() {
        let with = |name, value| {
            let token = ("authorization", "Bearer open sesame");
            asked(&Method::POST, &[("host", "localhost:9999"), token, (name, value)])
        };
        assert_eq!(with("origin", "http://localhost:9999"), Ok(()));
        assert_eq!(with("sec-fetch-site", "same-origin"), Ok(()));
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("origin", "http://localhost:8000"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert_eq!(with(name, value), Err(Refusal::CrossSite), "{name}: {value}");
        }
    }

    #[test]
    fn a_token_is_told_to_nobody() {
        assert_eq!(format!("{:?}", Token::new("open sesame")), "Some(Token(…))");
        assert_eq!(Token::new("  "), None);
    }
}
