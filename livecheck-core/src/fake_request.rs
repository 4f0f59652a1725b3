//! Fake requests: what `#[livecheck::fake_request]` registers, for cases whose own traffic is too thin.
//!
//! The runner that leads its group sends one at each slot of the case's `frequency`. What the function triggers gets an
//! id and a timestamp made of the case and the slot, so a slot has one execution, whoever fires it.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use crate::case::{Case, Location};
use crate::execution::Executing;
use crate::identity::TestId;
use crate::time::Timestamp;

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

/// A moment at which a fake request is due: a whole number of periods after 1970.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    case: &'static Case,
    time: Timestamp,
}

impl Slot {
    /// The latest slot of a case at that moment.
    ///
    /// Slots do not drift: they are where they are, however late one is fired.
    #[must_use]
    pub fn latest(case: &'static Case, frequency: Duration, now: Timestamp) -> Self {
        let period = i64::try_from(frequency.as_micros()).unwrap_or(i64::MAX).max(1);
        Self { case, time: Timestamp::from_micros(now.as_micros().div_euclid(period).saturating_mul(period)) }
    }

    /// The case whose slot it is.
    #[must_use]
    pub fn case(&self) -> &'static Case {
        self.case
    }

    /// When it is.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// The id of the test that belongs to it.
    #[must_use]
    pub fn id(&self) -> TestId {
        TestId::from(self.to_string())
    }

    /// The case whose fake request this task sends, if it sends one.
    #[cfg(feature = "reqwest")]
    pub(crate) fn in_progress() -> Option<&'static Case> {
        SLOT.try_with(|slot| slot.case).ok()
    }

    /// The slot for which this task sends a fake request of that case, if it does.
    pub(crate) fn current(case: &Case) -> Option<Self> {
        SLOT.try_with(|slot| *slot).ok().filter(|slot| std::ptr::eq(slot.case, case))
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.case.name, self.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    static CASE: Case = Case {
        name: "orders::order_flow",
        docs: "",
        location: Location { package: "orders", file: "src/lib.rs", line: 1 },
        settings: Settings::new(),
        arguments: &[],
        signals: &[],
        run: |_| Box::pin(async { Ok(()) }),
    };

    #[test]
    fn whoever_looks_within_a_period_finds_the_same_slot() {
        let slot = |text: &str| {
            let now = text.parse().expect("a time");
            Slot::latest(&CASE, Duration::from_secs(60), now).id().to_string()
        };
        assert_eq!(slot("2026-11-21T02:03:00Z"), "orders::order_flow@2026-11-21T02:03:00.000000Z");
        assert_eq!(slot("2026-11-21T02:03:59.999Z"), slot("2026-11-21T02:03:00Z"));
        assert_ne!(slot("2026-11-21T02:04:00Z"), slot("2026-11-21T02:03:00Z"));
    }
}
