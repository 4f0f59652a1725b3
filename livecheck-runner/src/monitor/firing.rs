//! What the leading runner does itself at a slot: the sending of fake requests.

use std::panic::AssertUnwindSafe;
use std::sync::mpsc::{Receiver, Sender, channel};

use futures_util::FutureExt;
use futures_util::future::join_all;
use livecheck_core::Timestamp;
use livecheck_core::fake_request::FakeRequest;
use livecheck_core::schedule::Slot;
use tokio::runtime::Handle;

/// What is under way.
pub(super) struct Firings {
    runtime: Handle,
    over: (Sender<Over>, Receiver<Over>),
}

/// What was done at a slot is over.
pub(super) struct Over {
    /// The plan, by its index.
    pub(super) index: usize,
    pub(super) slot: Timestamp,
    pub(super) failures: Vec<Failure>,
}

/// A fake request could not be sent.
pub(crate) struct Failure {
    pub(crate) slot: Slot,
    pub(crate) error: String,
}

impl Firings {
    pub(super) fn new(runtime: &Handle) -> Self {
        Self { runtime: runtime.clone(), over: channel() }
    }

    /// Sends the fake requests of a slot, and goes on.
    pub(super) fn send(&self, index: usize, slot: Slot, requests: &[&'static FakeRequest]) {
        let over = self.over.0.clone();
        let sending = join_all(requests.iter().map(|request| send(request, slot)));
        self.runtime.spawn(async move {
            let failures = sending.await.into_iter().filter_map(Result::err).collect();
            // The term may be over: then its successor goes on.
            let _ = over.send(Over { index, slot: slot.time(), failures });
        });
    }

    /// What is over, since the last time.
    pub(super) fn over(&self) -> Vec<Over> {
        self.over.1.try_iter().collect()
    }
}

/// Sends a fake request; says whether it has triggered its test, or what went wrong.
pub(crate) async fn send(request: &FakeRequest, slot: Slot) -> Result<bool, Failure> {
    let error = match AssertUnwindSafe(request.send(slot)).catch_unwind().await {
        Ok(Ok(has_triggered)) => return Ok(has_triggered),
        Ok(Err(error)) => format!("{error:#}"),
        Err(panic) => format!("the fake request panicked: {}", said(&*panic)),
    };
    Err(Failure { slot, error })
}

/// What a panic said.
fn said(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word")
}
