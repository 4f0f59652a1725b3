//! A receiver of alerts: a webhook that may be down.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::PATIENCE;

/// A webhook, on a port of its own, until it is dropped.
#[derive(Debug)]
pub struct Webhook {
    port: u16,
    heard: Arc<Heard>,
    _runtime: Runtime,
}

#[derive(Debug, Default)]
struct Heard {
    is_down: AtomicBool,
    token: Option<&'static str>,
    /// What was acknowledged.
    messages: Mutex<Vec<Value>>,
}

impl Webhook {
    /// Starts one.
    ///
    /// # Panics
    ///
    /// When the system has no port left.
    #[must_use]
    pub fn start() -> Self {
        Self::with_token(None)
    }

    /// Starts one that wants that token.
    ///
    /// # Panics
    ///
    /// When the system has no port left.
    #[must_use]
    pub fn with_token(token: Option<&'static str>) -> Self {
        let heard = Arc::new(Heard { token, ..Heard::default() });
        let runtime = Runtime::new().expect("a tokio runtime");
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let router = Router::new().fallback(post(hear)).with_state(Arc::clone(&heard));
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { port, heard, _runtime: runtime }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// From now on it does not take anything, or does again.
    pub fn is_down(&self, is_down: bool) {
        self.heard.is_down.store(is_down, Ordering::Relaxed);
    }

    /// What it has acknowledged, in order.
    #[must_use]
    pub fn messages(&self) -> Vec<Value> {
        self.heard.messages.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The statuses of the alerts of a case, in the order in which they came.
    #[must_use]
    pub fn statuses(&self, case: &str) -> Vec<String> {
        let messages = self.messages();
        let alerts = messages.iter().flat_map(|message| message["alerts"].as_array().into_iter().flatten());
        let of_case = alerts.filter(|alert| alert["case"] == case);
        of_case.map(|alert| alert["status"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Waits until it has been told that of a case.
    ///
    /// # Panics
    ///
    /// When it is not.
    pub fn wait_for(&self, case: &str, status: &str) {
        let began = Instant::now();
        while !self.statuses(case).iter().any(|told| told == status) {
            assert!(began.elapsed() < PATIENCE, "{case} {status} was not told: {:?}", self.messages());
            thread::sleep(Duration::from_millis(50));
        }
    }
}

async fn hear(State(heard): State<Arc<Heard>>, headers: HeaderMap, Json(message): Json<Value>) -> StatusCode {
    if heard.is_down.load(Ordering::Relaxed) {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let token = headers.get("authorization").and_then(|value| value.to_str().ok());
    if heard.token.is_some_and(|wanted| token != Some(&format!("Bearer {wanted}"))) {
        return StatusCode::UNAUTHORIZED;
    }
    heard.messages.lock().unwrap_or_else(PoisonError::into_inner).push(message);
    StatusCode::OK
}
