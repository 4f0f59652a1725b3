//! What holds of a case: its code, under a profile, under what is set at run time.

use serde::Serialize;

use super::controls::Controls;
use super::probability::Probability;
use super::profile::Profile;
use crate::case::Case;
use crate::settings::Settings;
use crate::time::Timestamp;

/// Where what holds was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// In the attribute of the case, or nowhere.
    Code,
    /// In the profile of the configuration, or in a variable.
    Profile,
    /// At run time, on the control topic.
    Control,
}

/// What holds of a setting, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Effective<T> {
    /// What holds.
    pub value: T,
    /// Where it was set.
    pub from: Origin,
}

/// Of which requests a case is triggered, at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sampling {
    /// Whether the case is active.
    pub active: Effective<bool>,
    /// With which probability it is triggered.
    pub probability: Effective<Probability>,
}

impl Sampling {
    /// What holds of a case at that time.
    #[must_use]
    pub fn of(case: &Case, profile: &Profile, controls: &Controls, now: Timestamp) -> Self {
        let set = profile.of(case.name);
        let active = controls.active.get(case.name).and_then(|plan| plan.at(now));
        let probability = controls.probability.get(case.name).and_then(|plan| plan.at(now));
        Self {
            active: uppermost(active, set.active, case.settings.active),
            probability: uppermost(
                probability,
                set.probability,
                Probability::nearest(case.settings.probability),
            ),
        }
    }

    /// The share of `maybe_trigger` calls that trigger: none, where the case is not active.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.active.value { self.probability.value.share() } else { 0.0 }
    }

    /// The case's settings, with these in place of those in its code.
    #[must_use]
    pub fn settings(&self, case: &Case) -> Settings {
        case.settings.clone().active(self.active.value).probability(self.probability.value.share())
    }
}

fn uppermost<T>(control: Option<T>, profile: Option<T>, code: T) -> Effective<T> {
    match (control, profile) {
        (Some(value), _) => Effective { value, from: Origin::Control },
        (None, Some(value)) => Effective { value, from: Origin::Profile },
        (None, None) => Effective { value: code, from: Origin::Code },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::case::Location;
    use crate::control::{CaseProfile, Control, Plan, Step};

    static CASE: Case = Case {
        settings: Settings::new().probability(0.5),
        ..Case::new("shop::order_flow", Location { package: "shop", file: "src/lib.rs", line: 1 }, |_| {
            Box::pin(async { Ok(()) })
        })
    };

    fn time(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1_000)
    }

    fn share(hundredths: u32) -> Probability {
        Probability::nearest(f64::from(hundredths) / 100.0)
    }

    prop_compose! {
        fn plans()(steps in prop::collection::btree_map(0..50_i64, 0..=100_u32, 1..5), until in prop::option::of(0..60_i64))
            -> Plan<Probability> {
            let steps = steps.into_iter().map(|(from, hundredths)| Step { from: time(from), value: share(hundredths) });
            Plan { steps: steps.collect(), until: until.map(time), by: "anna".to_owned(), at: time(0) }
        }
    }

    /// What somebody does to the topic: sets something, or takes it away.
    fn controls(records: &[Option<Plan<Probability>>]) -> Controls {
        let mut controls = Controls::default();
        for plan in records {
            let (key, value) = match plan {
                Some(plan) => {
                    let record = Control::Probability(plan.clone()).record(&CASE.name.into());
                    let (key, value) = record.expect("a plan has JSON");
                    (key, Some(value))
                }
                None => (
                    crate::control::key(&CASE.name.into(), crate::control::Setting::Probability)
                        .expect("JSON"),
                    None,
                ),
            };
            controls.take(Some(key.as_bytes()), value.as_deref()).expect("it is our own");
        }
        controls
    }

    proptest! {
        /// The specification, written down without the code: the last record of the topic while it lasts, else the
        /// profile, else the code.
        #[test]
        fn the_last_that_was_said_holds_and_after_it_what_held_before(
            records in prop::collection::vec(prop::option::of(plans()), 0..4),
            set in prop::option::of(0..=100_u32),
            now in -10..70_i64,
        ) {
            let mut profile = Profile::default();
            profile.set("order_flow", CaseProfile { probability: set.map(share), active: None });
            let held = Sampling::of(&CASE, &profile, &controls(&records), time(now)).probability;

            let said = records.last().cloned().flatten().filter(|plan| plan.until.is_none_or(|until| time(now) < until));
            let expected = match (said, set) {
                (Some(plan), _) => {
                    let begun = plan.steps.iter().rfind(|step| step.from <= time(now));
                    Effective { value: begun.unwrap_or(&plan.steps[0]).value, from: Origin::Control }
                }
                (None, Some(set)) => Effective { value: share(set), from: Origin::Profile },
                (None, None) => Effective { value: share(50), from: Origin::Code },
            };
            prop_assert_eq!(held, expected);
        }

        #[test]
        fn between_two_changes_nothing_changes(records in prop::collection::vec(prop::option::of(plans()), 0..4), now in -10..70_i64) {
            let (controls, profile) = (controls(&records), Profile::default());
            let of = |now| Sampling::of(&CASE, &profile, &controls, now);
            let next = controls.next_change(time(now)).unwrap_or(time(100));
            prop_assert!((now..100).map(time).take_while(|then| *then < next).all(|then| of(then) == of(time(now))));
        }
    }

    #[test]
    fn of_a_case_that_is_not_active_no_request_is_followed() {
        let mut profile = Profile::default();
        profile.set("order_flow", CaseProfile { active: Some(false), probability: None });
        let sampling = Sampling::of(&CASE, &profile, &Controls::default(), time(0));
        assert_eq!((sampling.share(), sampling.probability.value.share()), (0.0, 0.5));
        let settings = sampling.settings(&CASE);
        assert!(!settings.active && settings.test_expires == CASE.settings.test_expires);
    }
}
