//! A server that takes down what it is sent.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::IntoResponse;
use axum::{Router, serve};
use serde_json::Value;
use tokio::net::TcpListener;

/// A request, as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Arrived {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What it answers.
#[derive(Clone, Debug)]
pub(crate) struct Answer(
    pub(crate) u16,
    pub(crate) &'static str,
    pub(crate) Option<(&'static str, &'static str)>,
);

#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) port: u16,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    answer: Answer,
}

impl Server {
    /// Within the test's runtime, and as long as that lives.
    pub(crate) async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, arrived: Arc::default(), answer };
        let router = Router::new().fallback(take).with_state(server.clone());
        tokio::spawn(async move { serve(listener, router).await });
        server
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn all(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }

    pub(crate) fn last(&self) -> Arrived {
        self.arrived.lock().unwrap().last().cloned().unwrap()
    }
}

async fn take(
    State(server): State<Server>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    server.arrived.lock().unwrap().push(Arrived { method, path: uri.to_string(), headers, body });
    let Answer(status, text, header) = server.answer;
    let (name, value) = header.unwrap_or(("x-none", ""));
    (StatusCode::from_u16(status).unwrap(), [(name, value)], text)
}
