//! Fake requests: what `#[livecheck::fake_request]` registers, for cases whose own traffic is too thin.
//!
//! The runner that leads its group sends one at each slot of the case's `frequency`. What the function triggers gets an
//! id and a timestamp made of the case and the slot, so a slot has one execution, whoever fires it.

use std::future::Future;

use crate::case::{Case, Location};
use crate::execution::Executing;
use crate::schedule::Slot;

tokio::task_local! {
    static SLOT: Slot;
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

    /// Sends the request of that slot.
    pub fn send(&self, slot: Slot) -> impl Future<Output = crate::Result> + Send + 'static {
        SLOT.scope(slot, (self.call)())
    }
}

/// The case whose fake request this task sends, if it sends one.
#[cfg(feature = "reqwest")]
pub(crate) fn in_progress() -> Option<&'static Case> {
    SLOT.try_with(Slot::case).ok()
}

/// The slot for which this task sends a fake request of that case, if it does.
pub(crate) fn current(case: &Case) -> Option<Slot> {
    SLOT.try_with(|slot| *slot).ok().filter(|slot| std::ptr::eq(slot.case(), case))
}
