//! The fake requests of the cases: when each is due, and the sending.

use std::panic::AssertUnwindSafe;
use std::sync::mpsc::{Receiver, Sender, channel};

use futures_util::FutureExt;
use livecheck_core::fake_request::{FakeRequest, Slot};
use livecheck_core::{CaseName, Cases, Timestamp};
use tokio::runtime::Handle;

/// The fake requests of the cases that want some.
pub(super) struct FakeRequests {
    requests: Vec<Scheduled>,
    runtime: Handle,
    ended: (Sender<Ended>, Receiver<Ended>),
}

/// A fake request, and how far it is.
struct Scheduled {
    request: &'static FakeRequest,
    /// The latest slot that somebody has fired, or was about to.
    fired: Option<Timestamp>,
    is_under_way: bool,
}

/// A fake request has been answered, or not.
struct Ended {
    index: usize,
    failure: Option<Failure>,
}

/// A fake request could not be sent.
pub(super) struct Failure {
    pub(super) slot: Slot,
    pub(super) error: String,
}

impl FakeRequests {
    /// Those of the cases that are active and have a frequency.
    pub(super) fn of(cases: &Cases, runtime: &Handle) -> Self {
        let is_wanted = |request: &&FakeRequest| {
            let settings = &request.case.settings;
            settings.active && settings.frequency.is_some() && cases.get(request.case.name).is_some()
        };
        let requests = FakeRequest::linked().filter(is_wanted);
        let requests = requests.map(|request| Scheduled { request, fired: None, is_under_way: false });
        Self { requests: requests.collect(), runtime: runtime.clone(), ended: channel() }
    }

    /// A case's slot was fired by a predecessor.
    pub(super) fn fired(&mut self, case: &CaseName, slot: Timestamp) {
        for scheduled in self.requests.iter_mut().filter(|scheduled| *case == scheduled.request.case.name) {
            scheduled.fired = scheduled.fired.max(Some(slot));
        }
    }

    /// Those that are due, by their index here: whoever fires them writes that down before. One that is still under
    /// way leaves its slot out.
    pub(super) fn due(&mut self, now: Timestamp) -> Vec<(usize, Slot)> {
        let mut due = Vec::new();
        for (index, scheduled) in self.requests.iter_mut().enumerate() {
            let case = scheduled.request.case;
            let Some(frequency) = case.settings.frequency else { continue };
            let slot = Slot::latest(case, frequency, now);
            if scheduled.fired.is_some_and(|fired| fired >= slot.time()) {
                continue;
            }
            scheduled.fired = Some(slot.time());
            if !scheduled.is_under_way {
                scheduled.is_under_way = true;
                due.push((index, slot));
            }
        }
        due
    }

    /// Sends one, and goes on.
    pub(super) fn send(&self, index: usize, slot: Slot) {
        let Some(Scheduled { request, .. }) = self.requests.get(index) else { return };
        let (ended, sending) = (self.ended.0.clone(), request.send(slot));
        self.runtime.spawn(async move {
            let error = match AssertUnwindSafe(sending).catch_unwind().await {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(format!("{error:#}")),
                Err(panic) => Some(format!("the fake request panicked: {}", said(&*panic))),
            };
            let failure = error.map(|error| Failure { slot, error });
            // The term may be over: then its successor goes on.
            let _ = ended.send(Ended { index, failure });
        });
    }

    /// Those that could not be sent, since the last time.
    pub(super) fn failures(&mut self) -> Vec<Failure> {
        let ended: Vec<Ended> = self.ended.1.try_iter().collect();
        for Ended { index, .. } in &ended {
            if let Some(scheduled) = self.requests.get_mut(*index) {
                scheduled.is_under_way = false;
            }
        }
        ended.into_iter().filter_map(|ended| ended.failure).collect()
    }
}

/// What a panic said.
fn said(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word")
}

/// Whether a program has fake requests for any of those cases.
pub(crate) fn are_wanted(cases: &Cases) -> bool {
    FakeRequest::linked()
        .any(|request| request.case.settings.frequency.is_some() && cases.get(request.case.name).is_some())
}
