//! What holds in this process now, where `maybe_trigger` finds it within some nanoseconds.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::{Controls, Profile, Sampling};
use crate::case::{Case, Registered};
use crate::time::Timestamp;

static LIVE: OnceLock<Live> = OnceLock::new();

/// All the cases of this process. Made when something other than their code is to count.
struct Live {
    /// In the order of the addresses of the cases.
    cases: Box<[LiveCase]>,
    set: Mutex<Set>,
}

struct LiveCase {
    case: &'static Case,
    /// The bits of its probability; negative, where the case is not active.
    share: AtomicU64,
}

#[derive(Default)]
struct Set {
    profile: Profile,
    controls: Controls,
}

/// Lets a profile count in this process.
pub fn apply_profile(profile: Profile) {
    Live::get().change(|set| set.profile = profile);
}

/// Lets what was read from the control topic count in this process, and what follows from the time that has passed.
/// Gives the time from which something else will count, if nothing else is read: whoever reads comes back by then.
pub fn apply_controls(controls: &Controls) -> Option<Timestamp> {
    Live::get().change(|set| controls.clone_into(&mut set.controls));
    controls.next_change(Timestamp::now())
}

/// What holds of a case in this process now, and by what.
#[must_use]
pub fn sampling(case: &Case) -> Sampling {
    let now = Timestamp::now();
    match LIVE.get() {
        Some(live) => live.with(|set| Sampling::of(case, &set.profile, &set.controls, now)),
        None => Sampling::of(case, &Profile::default(), &Controls::default(), now),
    }
}

/// Whether a case is active in this process now.
#[must_use]
pub fn is_active(case: &'static Case) -> bool {
    match LIVE.get().and_then(|live| live.share(case)) {
        Some(share) => share.is_sign_positive(),
        None => case.settings.active,
    }
}

/// The share of the requests that a case is triggered for, in this process, now. What is below zero is none, as well.
pub(crate) fn share(case: &'static Case) -> f64 {
    match LIVE.get().and_then(|live| live.share(case)) {
        Some(share) => share,
        None if case.settings.active => case.settings.probability,
        None => 0.0,
    }
}

impl Live {
    fn get() -> &'static Self {
        LIVE.get_or_init(|| {
            let cases = inventory::iter::<Registered>().map(|registered| registered.0);
            Self::of(cases)
        })
    }

    fn of(cases: impl Iterator<Item = &'static Case>) -> Self {
        let mut cases: Vec<_> = cases.map(|case| LiveCase { case, share: AtomicU64::default() }).collect();
        cases.sort_by_key(|live| address(live.case));
        let live = Self { cases: cases.into(), set: Mutex::default() };
        live.change(|_| {});
        live
    }

    fn share(&self, case: &'static Case) -> Option<f64> {
        let place = self.cases.binary_search_by_key(&address(case), |live| address(live.case)).ok()?;
        Some(f64::from_bits(self.cases[place].share.load(Ordering::Relaxed)))
    }

    fn with<T>(&self, look: impl FnOnce(&mut Set) -> T) -> T {
        look(&mut self.set.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, change: impl FnOnce(&mut Set)) {
        let now = Timestamp::now();
        self.with(|set| {
            change(set);
            for LiveCase { case, share } in &self.cases {
                let sampling = Sampling::of(case, &set.profile, &set.controls, now);
                let probability = sampling.probability.value.share();
                let signed = if sampling.active.value { probability } else { -probability };
                share.store(signed.to_bits(), Ordering::Relaxed);
            }
        });
    }
}

fn address(case: &'static Case) -> usize {
    std::ptr::from_ref(case).addr()
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

    static ORDERS: Case = case("shop::orders", Settings::new().probability(0.25));
    static REFUNDS: Case = case("shop::refunds", Settings::new().active(false).probability(0.0));
    static OTHERS: Case = case("shop::others", Settings::new());

    #[test]
    fn each_case_has_its_own_share() {
        let live = Live::of([&ORDERS, &REFUNDS].into_iter());
        assert_eq!(live.share(&ORDERS), Some(0.25));
        assert_eq!(live.share(&OTHERS), None, "it was not registered");
        // A zero has a sign: so it is known that the case is not active.
        assert!(live.share(&REFUNDS).is_some_and(|share| share == 0.0 && share.is_sign_negative()));

        let mut profile = Profile::default();
        let probability = Some("75%".parse().expect("a share"));
        profile.set("refunds", CaseProfile { active: Some(true), probability });
        profile.set("orders", CaseProfile { active: Some(false), probability: None });
        live.change(|set| set.profile = profile);
        assert_eq!((live.share(&REFUNDS), live.share(&ORDERS)), (Some(0.75), Some(-0.25)));
    }
}
