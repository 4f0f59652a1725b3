//! What the leading runner does itself at a slot: it sends fake requests, and runs checks.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use futures_util::FutureExt;
use futures_util::future::join_all;
use livecheck_core::Timestamp;
use livecheck_core::fake_request::FakeRequest;
use livecheck_core::schedule::Slot;
use livecheck_core::wire::TestReport;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::checks;
use crate::config::CheckConfig;

/// What is under way.
pub(super) struct Firings {
    runtime: Handle,
    over: (Sender<Over>, Receiver<Over>),
    /// Ended with the term: whoever leads next runs them again.
    checks: Vec<AbortHandle>,
}

/// What was done at a slot is over.
pub(super) struct Over {
    /// The plan, by its index.
    pub(super) index: usize,
    pub(super) slot: Timestamp,
    pub(super) failures: Vec<Failure>,
    /// What a check has to say.
    pub(super) reports: Vec<TestReport>,
}

/// A fake request could not be sent.
pub(crate) struct Failure {
    pub(crate) slot: Slot,
    pub(crate) error: String,
}

impl Firings {
    pub(super) fn new(runtime: &Handle) -> Self {
        Self { runtime: runtime.clone(), over: channel(), checks: Vec::new() }
    }

    /// Sends the fake requests of a slot, and goes on.
    pub(super) fn send(&self, index: usize, slot: Slot, requests: &[&'static FakeRequest]) {
        let over = self.over.0.clone();
        let sending = join_all(requests.iter().map(|request| send(request, slot)));
        self.runtime.spawn(async move {
            let failures = sending.await.into_iter().filter_map(Result::err).collect();
            // The term may be over: then its successor goes on.
            let _ = over.send(Over { index, slot: slot.time(), failures, reports: Vec::new() });
        });
    }

    /// Runs a check, and goes on.
    pub(super) fn check(&mut self, index: usize, slot: Timestamp, check: &Arc<CheckConfig>) {
        let (over, check) = (self.over.0.clone(), Arc::clone(check));
        let running = self.runtime.spawn(async move {
            let reports = checks::run(&check, slot).await;
            let _ = over.send(Over { index, slot, failures: Vec::new(), reports });
        });
        self.checks.retain(|check| !check.is_finished());
        self.checks.push(running.abort_handle());
    }

    /// What is over, since the last time.
    pub(super) fn over(&self) -> Vec<Over> {
        self.over.1.try_iter().collect()
    }
}

impl Drop for Firings {
    fn drop(&mut self) {
        self.checks.iter().for_each(AbortHandle::abort);
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
