//! What holds in this process now, where `maybe_trigger` finds it within some nanoseconds.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{Controls, Profile, Sampling};
use crate::case::{self, Case};
use crate::time::Timestamp;

/// What counts beside the code of the cases; nothing before something was set.
static SET: Mutex<Option<Set>> = Mutex::new(None);

#[derive(Default)]
struct Set {
    profile: Profile,
    controls: Controls,
}

/// For which share of the requests a case is triggered in this process now, and whether it is active: in the case itself,
/// so that a trigger looks nowhere else. Empty as long as only the case's code counts.
#[derive(Debug)]
pub struct LiveShare(AtomicU64);

impl LiveShare {
    /// The bits of a NaN, which no share is.
    const NOTHING_SET: u64 = u64::MAX;

    /// Nothing counts but the code.
    #[must_use]
    pub const fn by_code() -> Self {
        Self(AtomicU64::new(Self::NOTHING_SET))
    }

    /// The share; negative where the case is not active. A zero has a sign, too.
    fn get(&self) -> Option<f64> {
        let bits = self.0.load(Ordering::Relaxed);
        (bits != Self::NOTHING_SET).then(|| f64::from_bits(bits))
    }

    fn set(&self, sampling: &Sampling) {
        let share = sampling.probability.value.share();
        let signed = if sampling.active.value { share } else { -share };
        self.0.store(signed.to_bits(), Ordering::Relaxed);
    }
}

/// Lets a profile count in this process.
pub fn apply_profile(profile: Profile) {
    change(|set| set.profile = profile);
}

/// Lets what was read from the control topic count in this process, and what follows from the time that has passed.
/// Gives the time from which something else will count, if nothing else is read: whoever reads comes back by then.
pub fn apply_controls(controls: &Controls) -> Option<Timestamp> {
    change(|set| controls.clone_into(&mut set.controls));
    controls.next_change(Timestamp::now())
}

/// Lets what was set before count for a case that has come since.
pub(crate) fn added(case: &Case) {
    with(|set| {
        if let Some(set) = set {
            case.live_share.set(&set.sampling(case, Timestamp::now()));
        }
    });
}

/// What holds of a case in this process now, and by what.
#[must_use]
pub fn sampling(case: &Case) -> Sampling {
    let now = Timestamp::now();
    with(|set| match set {
        Some(set) => set.sampling(case, now),
        None => Set::default().sampling(case, now),
    })
}

/// Whether a case is active in this process now.
#[must_use]
pub fn is_active(case: &Case) -> bool {
    match case.live_share.get() {
        Some(share) => share.is_sign_positive(),
        None => case.settings.active,
    }
}

/// The share of the requests that a case is triggered for, in this process, now. What is below zero is none, as well.
pub(crate) fn share(case: &Case) -> f64 {
    match case.live_share.get() {
        Some(share) => share,
        None if case.settings.active => case.settings.probability,
        None => 0.0,
    }
}

fn with<T>(look: impl FnOnce(&mut Option<Set>) -> T) -> T {
    look(&mut SET.lock().unwrap_or_else(PoisonError::into_inner))
}

fn change(change: impl FnOnce(&mut Set)) {
    let now = Timestamp::now();
    with(|set| {
        let set = set.get_or_insert_default();
        change(set);
        for case in case::registered() {
            case.live_share.set(&set.sampling(case, now));
        }
    });
}

impl Set {
    fn sampling(&self, case: &Case, now: Timestamp) -> Sampling {
        Sampling::of(case, &self.profile, &self.controls, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;
    use crate::case::Location;
    use crate::control::CaseProfile;

    const fn case(name: &'static str, settings: Settings) -> Case {
        Case {
            settings,
            ..Case::new(name, Location { package: "shop", file: "src/lib.rs", line: 1 }, |_| {
                Box::pin(async { Ok(()) })
            })
        }
    }

    #[test]
    fn each_case_has_its_own_share() {
        let orders = case("shop::orders", Settings::new().probability(0.25));
        let refunds = case("shop::refunds", Settings::new().active(false).probability(0.0));
        assert_eq!((share(&orders), is_active(&orders)), (0.25, true), "by its code");
        assert_eq!((share(&refunds), is_active(&refunds)), (0.0, false));

        let mut set = Set::default();
        let probability = Some("75%".parse().expect("a share"));
        let apply = |set: &Set| {
            for case in [&orders, &refunds] {
                case.live_share.set(&set.sampling(case, Timestamp::now()));
            }
        };
        apply(&set);
        assert_eq!((share(&orders), is_active(&orders)), (0.25, true));
        // A zero has a sign: so it is known that the case is not active.
        assert!(share(&refunds) == 0.0 && !is_active(&refunds));

        set.profile.set("refunds", CaseProfile { active: Some(true), probability });
        set.profile.set("orders", CaseProfile { active: Some(false), probability: None });
        apply(&set);
        assert_eq!((share(&refunds), is_active(&refunds)), (0.75, true));
        assert_eq!((share(&orders), is_active(&orders)), (-0.25, false));
    }
}
