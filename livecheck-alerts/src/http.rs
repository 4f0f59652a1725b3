//! Requests to receivers, over HTTP and HTTPS, and through the proxies that the environment names.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioExecutor;
use percent_encoding::percent_decode_str;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::receiver::{Receipt, SendError, shown};
use crate::secret::Secret;

/// How much of an answer is read.
const MOST_READ: usize = 64 * 1024;

/// Where a receiver is, and how one proves who asks.
#[derive(Clone)]
pub struct Endpoint {
    /// Without a name and a password: what sends requests writes it into its log.
    uri: Uri,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// What must not be seen in anything that comes back.
    secrets: Vec<Secret>,
    client: Way,
}

/// Straight to the receiver, or through a proxy.
#[derive(Clone)]
enum Way {
    Direct(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
    Proxy(Client<HttpsConnector<Tunnel<HttpConnector>>, Full<Bytes>>),
}

/// What is said with every request.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// A token, as `Authorization: Bearer …`.
    pub token: Option<Secret>,
    /// A name and a password, as `Authorization: Basic …`.
    pub basic: Option<(String, Secret)>,
    /// More headers.
    pub headers: Vec<(String, Secret)>,
    /// Certificates, as PEM, of the authorities that are trusted instead of the system's.
    pub ca_file: Option<PathBuf>,
}

/// An endpoint that cannot be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// The URL is none. It is not repeated here, for it may be a secret.
    #[error("it is no URL that starts with http:// or https://")]
    Url,
    /// A header cannot be.
    #[error("`{0}` cannot be a header, or its value cannot be one's")]
    Header(String),
    /// The file with certificates cannot be used.
    #[error("cannot read certificates from {}: {reason}", file.display())]
    Certificates {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

impl Endpoint {
    /// The endpoint at that URL.
    ///
    /// # Errors
    ///
    /// The URL is none, or what goes with it cannot be used.
    pub fn new(url: Secret, credentials: Credentials) -> Result<Self, EndpointError> {
        let given: Uri = url.expose().trim().parse().map_err(|_| EndpointError::Url)?;
        let (uri, login) = without_login(given)?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none_or(str::is_empty) {
            return Err(EndpointError::Url);
        }
        let mut secrets = vec![url];
        // A key is often the path: it is masked also where the host stands apart.
        secrets.extend(
            uri.path_and_query().map(|path| Secret::new(path.as_str())).filter(|path| path.expose() != "/"),
        );
        let Credentials { token, basic, headers: more, ca_file } = credentials;
        let mut headers = Vec::new();
        if let Some(token) = token {
            headers.push(header(AUTHORIZATION.as_str(), &format!("Bearer {}", token.expose()))?);
            secrets.push(token);
        }
        // What stands in the URL is for those who say nothing else.
        let login = login.filter(|_| headers.is_empty());
        if let Some((user, password)) = basic.or(login) {
            use base64::Engine as _;
            let pair = format!("{user}:{}", password.expose());
            let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
            headers.push(header(AUTHORIZATION.as_str(), &format!("Basic {encoded}"))?);
            secrets.extend([password, Secret::new(encoded)]);
        }
        for (name, value) in more {
            headers.push(header(&name, value.expose())?);
            secrets.push(value);
        }
        let client = Way::to(&uri, ca_file.as_deref())?;
        Ok(Self { uri, headers, secrets, client })
    }

    /// The same, with another path after its own.
    pub(crate) fn join(mut self, path: &str) -> Result<Self, EndpointError> {
        let joined = format!("{}/{path}", self.uri.to_string().trim_end_matches('/'));
        self.uri = joined.parse().map_err(|_| EndpointError::Url)?;
        Ok(self)
    }

    /// Posts a body. What comes back with a status from 200 to 299 is an acknowledgement.
    pub(crate) async fn post(&self, content_type: &str, body: Vec<u8>) -> Result<Receipt, SendError> {
        let mut request = Request::post(self.uri.clone())
            .header(CONTENT_TYPE, content_type)
            .header(USER_AGENT, concat!("livecheck/", env!("CARGO_PKG_VERSION")));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| SendError::refused(format!("it is no request: {error}")))?;
        let answer = match &self.client {
            Way::Direct(client) => client.request(request).await,
            Way::Proxy(client) => client.request(request).await,
        };
        let answer = answer.map_err(|error| SendError::passing(self.masked(&because(&error))))?;
        let (status, retry_after) = (answer.status(), retry_after(&answer));
        let body = Limited::new(answer.into_body(), MOST_READ).collect().await;
        let body =
            body.map(|body| String::from_utf8_lossy(&body.to_bytes()).into_owned()).unwrap_or_default();
        let said = match shown(&self.masked(&body)) {
            empty if empty.is_empty() => status.to_string(),
            said => format!("{status}: {said}"),
        };
        if status.is_success() {
            return Ok(Receipt(said));
        }
        let is_passing = status.is_server_error()
            || [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&status);
        Err(SendError { reason: said, refused: !is_passing, retry_after })
    }

    fn masked(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| secret.masked_in(&text))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Endpoint(…)")
    }
}

/// A URL without the name and the password in it, and these.
fn without_login(uri: Uri) -> Result<(Uri, Option<(String, Secret)>), EndpointError> {
    let mut parts = uri.into_parts();
    let authority = parts.authority.as_ref().map(ToString::to_string).unwrap_or_default();
    let Some((login, host)) = authority.rsplit_once('@') else {
        return Ok((Uri::from_parts(parts).map_err(|_| EndpointError::Url)?, None));
    };
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let login = (plain(user), Secret::new(plain(password)));
    parts.authority = Some(host.parse().map_err(|_| EndpointError::Url)?);
    Ok((Uri::from_parts(parts).map_err(|_| EndpointError::Url)?, Some(login)))
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), EndpointError> {
    let bad = || EndpointError::Header(name.to_owned());
    let mut value: HeaderValue = value.parse().map_err(|_| bad())?;
    value.set_sensitive(true);
    Ok((name.parse().map_err(|_| bad())?, value))
}

/// How long the receiver wants to be left alone, where it says so in seconds.
fn retry_after<B>(answer: &Response<B>) -> Option<Duration> {
    let seconds = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    // Nobody is left alone for longer than a receiver that says nothing.
    Some(Duration::from_secs(seconds).min(Duration::from_secs(600)))
}

/// An error with what it is caused by.
fn because(error: &Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    // The innermost says what has happened; those around it where.
    causes.last().cloned().unwrap_or_else(|| error.to_string())
}

impl Way {
    fn to(uri: &Uri, ca_file: Option<&Path>) -> Result<Self, EndpointError> {
        let tls = tls(ca_file)?;
        let mut plain = HttpConnector::new();
        plain.enforce_http(false);
        let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        let builder = Client::builder(TokioExecutor::new());
        Ok(match Matcher::from_env().intercept(uri) {
            Some(proxy) => {
                let mut tunnel = Tunnel::new(proxy.uri().clone(), plain);
                if let Some(auth) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(auth.clone());
                }
                Self::Proxy(builder.build(https.wrap_connector(tunnel)))
            }
            None => Self::Direct(builder.build(https.wrap_connector(plain))),
        })
    }
}

/// Trusts the authorities in that file, or those of the system: none of them, where the system has none, is a matter
/// of the first request over TLS.
fn tls(ca_file: Option<&Path>) -> Result<ClientConfig, EndpointError> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(file) => {
            let bad = |reason: String| EndpointError::Certificates { file: file.to_owned(), reason };
            let certificates = CertificateDer::pem_file_iter(file).map_err(|error| bad(error.to_string()))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| bad(error.to_string()))?;
                roots.add(certificate).map_err(|error| bad(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(bad("there is none in it".to_owned()));
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    // Its own provider, whichever the rest of the program has installed.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
