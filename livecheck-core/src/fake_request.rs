//! Fake requests: what `#[livecheck::fake_request]` registers, for cases whose own traffic is too thin.
//!
//! The runner that leads its group sends one at each slot of the case's `frequency`. What the function triggers gets an
//! id and a timestamp made of the case and the slot, so a slot has one execution, whoever fires it.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::case::{Case, Location};
use crate::execution::Executing;
use crate::schedule::Slot;

tokio::task_local! {
    static SENDING: Sending;
}

/// A fake request being sent.
#[derive(Clone, Debug)]
struct Sending {
    slot: Slot,
    /// Whether the test of the slot has been triggered.
    has_triggered: Arc<AtomicBool>,
}

/// A function that sends a request of its own, so that there is something to follow.
#[derive(Debug)]
pub struct FakeRequest {
    /// The case that follows it.
    pub case: &'static Case,
    /// Where the function stands.
    pub location: Location,
    /// Calls the function.
    #[doc(hidden)]
    pub call: fn() -> Executing,
}

inventory::collect!(FakeRequest);

impl FakeRequest {
    /// All those linked into this program.
    pub fn linked() -> impl Iterator<Item = &'static Self> {
        inventory::iter::<Self>()
    }

    /// Sends the request of that slot. Says whether that has triggered the slot's test.
    pub fn send(&self, slot: Slot) -> impl Future<Output = crate::Result<bool>> + Send + 'static {
        let sending = Sending { slot, has_triggered: Arc::default() };
        let has_triggered = Arc::clone(&sending.has_triggered);
        let request = SENDING.scope(sending, (self.call)());
        async move {
            request.await?;
            Ok(has_triggered.load(Ordering::Relaxed))
        }
    }
}

/// The case whose fake request this task sends, if it sends one.
#[cfg(feature = "reqwest")]
pub(crate) fn in_progress() -> Option<&'static Case> {
    SENDING.try_with(|sending| sending.slot.case()).ok()
}

/// The slot for which this task sends a fake request of that case, if it does: its test is triggered now.
pub(crate) fn triggers(case: &Case) -> Option<Slot> {
    let sending =
        SENDING.try_with(Clone::clone).ok().filter(|sending| std::ptr::eq(sending.slot.case(), case))?;
    sending.has_triggered.store(true, Ordering::Relaxed);
    Some(sending.slot)
}
