//! What holds in this process now, where `maybe_trigger` finds it within some nanoseconds.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};

use super::{Controls, Profile, Sampling};
use crate::case::{self, Case};
use crate::time::Timestamp;

static LIVE: OnceLock<Live> = OnceLock::new();

/// All the cases of this process. Made when something other than their code is to count.
struct Live {
    /// Those that were there when this was made, in the order of their addresses: whoever looks one up waits for nobody.
    cases: Box<[LiveCase]>,
    /// Those that were made at run time since, in the same order.
    added: RwLock<Vec<LiveCase>>,
    set: Mutex<Set>,
}

struct LiveCase {
    case: &'static Case,
    /// The bits of its probability; negative, where the case is not active. A zero has a sign, too.
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

/// Lets what is set count for a case that has come just now.
pub(crate) fn added(case: &'static Case) {
    Live::get().add(case);
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
        LIVE.get_or_init(|| Self::of(case::registered()))
    }

    fn of(cases: impl Iterator<Item = &'static Case>) -> Self {
        let mut cases: Vec<_> = cases.map(LiveCase::new).collect();
        cases.sort_by_key(|live| address(live.case));
        let live = Self { cases: cases.into(), added: RwLock::default(), set: Mutex::default() };
        live.change(|_| {});
        live
    }

    fn add(&self, case: &'static Case) {
        // In this order, as where something is set: what was set before, or is set at this moment, counts.
        self.with(|set| {
            let mut added = self.added.write().unwrap_or_else(PoisonError::into_inner);
            if let (Err(_), Err(place)) = (place(&self.cases, case), place(&added, case)) {
                let live = LiveCase::new(case);
                live.apply(set, Timestamp::now());
                added.insert(place, live);
            }
        });
    }

    fn share(&self, case: &'static Case) -> Option<f64> {
        if let Ok(place) = place(&self.cases, case) {
            return Some(self.cases[place].share());
        }
        let added = self.added.read().unwrap_or_else(PoisonError::into_inner);
        place(&added, case).ok().map(|place| added[place].share())
    }

    fn with<T>(&self, look: impl FnOnce(&mut Set) -> T) -> T {
        look(&mut self.set.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, change: impl FnOnce(&mut Set)) {
        let now = Timestamp::now();
        self.with(|set| {
            change(set);
            let added = self.added.read().unwrap_or_else(PoisonError::into_inner);
            for live in self.cases.iter().chain(added.iter()) {
                live.apply(set, now);
            }
        });
    }
}

impl LiveCase {
    fn new(case: &'static Case) -> Self {
        Self { case, share: AtomicU64::default() }
    }

    fn share(&self) -> f64 {
        f64::from_bits(self.share.load(Ordering::Relaxed))
    }

    fn apply(&self, set: &Set, now: Timestamp) {
        let sampling = Sampling::of(self.case, &set.profile, &set.controls, now);
        let probability = sampling.probability.value.share();
        let signed = if sampling.active.value { probability } else { -probability };
        self.share.store(signed.to_bits(), Ordering::Relaxed);
    }
}

/// Where a case stands, or would.
fn place(cases: &[LiveCase], case: &'static Case) -> Result<usize, usize> {
    cases.binary_search_by_key(&address(case), |live| address(live.case))
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
        live.add(&OTHERS);
        live.add(&OTHERS);
        assert_eq!(live.share(&OTHERS), Some(1.0));
        // A zero has a sign: so it is known that the case is not active.
        assert!(live.share(&REFUNDS).is_some_and(|share| share == 0.0 && share.is_sign_negative()));

        let mut profile = Profile::default();
        let probability = Some("75%".parse().expect("a share"));
        profile.set("refunds", CaseProfile { active: Some(true), probability });
        profile.set("orders", CaseProfile { active: Some(false), probability: None });
        profile.set("others", CaseProfile { active: None, probability });
        live.change(|set| set.profile = profile);
        assert_eq!((live.share(&REFUNDS), live.share(&ORDERS)), (Some(0.75), Some(-0.25)));
        assert_eq!(live.share(&OTHERS), Some(0.75));
    }
}
