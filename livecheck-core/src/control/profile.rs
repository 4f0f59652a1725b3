//! What a profile of the configuration, or the environment of a service, sets of cases.

use std::collections::BTreeMap;

use super::{NoProbability, Probability, Setting};
use crate::variables;

/// What is set of one case.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CaseProfile {
    /// Whether it is active, if that is set.
    pub active: Option<bool>,
    /// With which probability it is triggered, if that is set.
    pub probability: Option<Probability>,
}

impl CaseProfile {
    /// This, and where it says nothing the other.
    #[must_use]
    pub fn over(self, under: Self) -> Self {
        Self { active: self.active.or(under.active), probability: self.probability.or(under.probability) }
    }
}

/// What is set of the cases, by their names, or by the ends of those: `order_flow` is every case whose name ends with
/// `::order_flow`. The longer of two that fit one case counts.
///
/// ```
/// use livecheck_core::control::Profile;
///
/// let mut profile = Profile::default();
/// profile.set_from_variable("LIVECHECK_CASES_ORDER_FLOW_PROBABILITY", "10%")?;
/// let set = profile.of("stock_orders::cases::order_flow");
/// assert_eq!(set.probability.map(|probability| probability.share()), Some(0.1));
/// assert_eq!(profile.of("stock_orders::cases::flow"), Default::default());
/// # Ok::<(), livecheck_core::control::NoValue>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile(BTreeMap<String, CaseProfile>);

/// A value that a setting cannot have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {}", self.expected())]
pub struct NoValue(pub Setting);

impl NoValue {
    /// What it can have, for messages.
    #[must_use]
    pub const fn expected(self) -> &'static str {
        match self.0 {
            Setting::Active => "`true` or `false`",
            Setting::Probability => NoProbability::EXPECTED,
        }
    }
}

impl Profile {
    /// Sets something of the case of that name, or of all whose names end with it.
    pub fn set(&mut self, name: &str, settings: CaseProfile) {
        let before = self.0.entry(variables::spelt(name)).or_default();
        *before = settings.over(*before);
    }

    /// The same from a variable, `LIVECHECK_CASES_…_PROBABILITY` or `…_ACTIVE`. Says whether it is one.
    ///
    /// # Errors
    ///
    /// It is one, and its value is not one of those that the setting can have.
    pub fn set_from_variable(&mut self, variable: &str, value: &str) -> Result<bool, NoValue> {
        let Some((name, setting)) = variables::case_setting(variable) else { return Ok(false) };
        let no_value = || NoValue(setting);
        let settings = match setting {
            Setting::Active => {
                CaseProfile { active: Some(value.parse().map_err(|_| no_value())?), ..CaseProfile::default() }
            }
            Setting::Probability => CaseProfile {
                probability: Some(value.parse().map_err(|_| no_value())?),
                ..CaseProfile::default()
            },
        };
        self.set(name, settings);
        Ok(true)
    }

    /// The same as variables, for the services that are started with it.
    pub fn variables(&self) -> impl Iterator<Item = (String, String)> {
        self.0.iter().flat_map(|(name, CaseProfile { active, probability })| {
            let active = active.map(|active| (Setting::Active, active.to_string()));
            let probability = probability.map(|share| (Setting::Probability, share.share().to_string()));
            let set = [active, probability].into_iter().flatten();
            set.map(move |(setting, value)| (variables::variable_of_case(name, setting), value))
        })
    }

    /// This, and where it says nothing the other.
    #[must_use]
    pub fn over(mut self, under: Self) -> Self {
        for (name, settings) in under.0 {
            let above = self.0.entry(name).or_default();
            *above = above.over(settings);
        }
        self
    }

    /// What is set of the case of that name.
    #[must_use]
    pub fn of(&self, case: &str) -> CaseProfile {
        if self.0.is_empty() {
            return CaseProfile::default();
        }
        let fitting = tails(case).filter_map(|tail| self.0.get(&variables::spelt(tail)));
        fitting.fold(CaseProfile::default(), |longer, shorter| longer.over(*shorter))
    }

    /// The names, as variables spell them, that are none of those cases'.
    pub fn unknown<'a>(&'a self, cases: &'a crate::Cases) -> impl Iterator<Item = &'a str> {
        let is_known =
            |name: &str| cases.iter().any(|case| tails(case.name).any(|tail| variables::spelt(tail) == name));
        self.0.keys().map(String::as_str).filter(move |name| !is_known(name))
    }
}

/// A name, and what of it stands behind each `::` or `.`: from the longest to the shortest.
fn tails(name: &str) -> impl Iterator<Item = &str> {
    let behind = name.match_indices(['.', ':']).map(|(at, _)| &name[at + 1..]);
    std::iter::once(name).chain(behind.filter(|tail| !tail.starts_with(':')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, probability: &str) -> Profile {
        let mut profile = Profile::default();
        let probability = Some(probability.parse().expect("a share"));
        profile.set(name, CaseProfile { probability, active: None });
        profile
    }

    #[test]
    fn a_case_is_named_by_its_end_as_well() {
        for name in ["a::b::order_flow", "b::order_flow", "order_flow", "ORDER_FLOW"] {
            assert!(set(name, "1%").of("a::b::order_flow").probability.is_some(), "{name}");
        }
        for name in ["flow", "a::b", "a::order_flow", ""] {
            assert_eq!(set(name, "1%").of("a::b::order_flow"), CaseProfile::default(), "{name}");
        }
        assert!(set("Test_order", "1%").of("examples.livecheck.Test_order").probability.is_some());
    }

    #[test]
    fn the_longer_name_counts() {
        let both = set("order_flow", "1%").over(set("shop::order_flow", "2%"));
        let share = |case| both.of(case).probability.map(|probability| probability.to_string());
        assert_eq!(share("shop::order_flow").as_deref(), Some("2%"));
        assert_eq!(share("other::order_flow").as_deref(), Some("1%"));
    }

    #[test]
    fn what_a_runner_hands_on_is_what_its_services_read() {
        let mut profile = set("shop::order-flow", "12.5%");
        profile.set("lamp", CaseProfile { active: Some(false), probability: None });
        let mut read = Profile::default();
        for (variable, value) in profile.variables() {
            assert_eq!(read.set_from_variable(&variable, &value), Ok(true), "{variable}");
        }
        assert_eq!(read, profile);
        assert_eq!(
            read.set_from_variable("LIVECHECK_CASES_LAMP_ACTIVE", "perhaps"),
            Err(NoValue(Setting::Active))
        );
        assert_eq!(read.set_from_variable("LIVECHECK_GROUP", "g"), Ok(false));
    }
}
