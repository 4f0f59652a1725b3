//! What is set at run time: the records of the control topic, put together.
//!
//! | key | value |
//! |---|---|
//! | `["CASE","probability"]` | a [`Plan`] of shares, as JSON; none where it was reset |
//! | `["CASE","active"]` | the same of `true` and `false` |
//!
//! The topic is compacted: of each key the latest is kept. Each setting is a record of its own, so that two people who
//! set two things at once do not undo each other's work.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::plan::Plan;
use super::probability::Probability;
use crate::identity::CaseName;
use crate::time::Timestamp;
use crate::wire::{DecodeError, decode, encode};

/// What can be set while services and runners run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Setting {
    /// [`Settings::active`](crate::Settings::active).
    Active,
    /// [`Settings::probability`](crate::Settings::probability).
    Probability,
}

impl Setting {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Active, Self::Probability];

    /// Its name, as in the attribute of a case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Probability => "probability",
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What is set of one setting.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Control {
    /// Whether the case is active.
    Active(Plan<bool>),
    /// With which probability it is triggered.
    Probability(Plan<Probability>),
}

impl Control {
    /// What is set.
    #[must_use]
    pub fn setting(&self) -> Setting {
        match self {
            Self::Active(_) => Setting::Active,
            Self::Probability(_) => Setting::Probability,
        }
    }

    /// The key and the value of its record.
    ///
    /// ```
    /// use livecheck_core::{Timestamp, control::{Control, Controls, Plan}};
    ///
    /// let now = Timestamp::from_millis(0);
    /// let control = Control::Active(Plan::constant(false, now, "anna@laptop".to_owned()));
    /// let (key, value) = control.record(&"orders::order_flow".into())?;
    /// assert_eq!(key, r#"["orders::order_flow","active"]"#);
    ///
    /// let mut controls = Controls::default();
    /// controls.take(Some(key.as_bytes()), Some(&value))?;
    /// assert!(controls.iter().eq([(&"orders::order_flow".into(), control)]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// None: a plan has JSON.
    pub fn record(&self, case: &CaseName) -> Result<(String, Vec<u8>), serde_json::Error> {
        Ok((key(case, self.setting())?, encode(self)?))
    }
}

/// The key of the record that says what is set of a setting; with no value, the record says that nothing is.
///
/// # Errors
///
/// None: texts have JSON.
pub fn key(case: &CaseName, setting: Setting) -> Result<String, serde_json::Error> {
    serde_json::to_string(&(case, setting))
}

/// All that is set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Controls {
    pub(super) active: BTreeMap<CaseName, Plan<bool>>,
    pub(super) probability: BTreeMap<CaseName, Plan<Probability>>,
}

impl Controls {
    /// Takes in the next record of the topic. One of a kind that this version does not know changes nothing.
    ///
    /// # Errors
    ///
    /// The value cannot be read. What was set before stays.
    pub fn take(&mut self, key: Option<&[u8]>, value: Option<&[u8]>) -> Result<(), DecodeError> {
        let Ok((case, setting)) = serde_json::from_slice::<(CaseName, Setting)>(key.unwrap_or_default())
        else {
            return Ok(());
        };
        match setting {
            Setting::Active => take(&mut self.active, case, value),
            Setting::Probability => take(&mut self.probability, case, value),
        }
    }

    /// What is set, by case and setting.
    pub fn iter(&self) -> impl Iterator<Item = (&CaseName, Control)> {
        let active = self.active.iter().map(|(case, plan)| (case, Control::Active(plan.clone())));
        let probability =
            self.probability.iter().map(|(case, plan)| (case, Control::Probability(plan.clone())));
        let mut all: Vec<_> = active.chain(probability).collect();
        all.sort_by_key(|(case, control)| (*case, control.setting()));
        all.into_iter()
    }

    /// When anything next changes by itself, at the earliest.
    #[must_use]
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let active = self.active.values().filter_map(|plan| plan.next_change(now));
        active.chain(self.probability.values().filter_map(|plan| plan.next_change(now))).min()
    }
}

fn take<T: DeserializeOwned>(
    plans: &mut BTreeMap<CaseName, Plan<T>>,
    case: CaseName,
    value: Option<&[u8]>,
) -> Result<(), DecodeError> {
    match value {
        Some(_) => drop(plans.insert(case, decode(value)?)),
        None => drop(plans.remove(&case)),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_changes_nothing() {
        let mut controls = Controls::default();
        let plan = Plan::constant(false, Timestamp::from_millis(0), "anna".to_owned());
        let (key, value) = Control::Active(plan).record(&"c".into()).expect("it has JSON");
        controls.take(Some(key.as_bytes()), Some(&value)).expect("it is a plan");
        let before = controls.clone();
        for strange in [&b"[\"c\",\"colour\"]"[..], b"c", b"", b"[\"c\"]"] {
            controls.take(Some(strange), Some(&value)).expect("it is another's");
        }
        controls.take(None, None).expect("it is another's");
        assert!(controls.take(Some(key.as_bytes()), Some(b"{\"steps\":7}")).is_err());
        assert_eq!(controls, before);
        controls.take(Some(key.as_bytes()), None).expect("a tombstone");
        assert_eq!(controls, Controls::default());
    }

    #[test]
    fn a_share_beyond_all_is_refused() {
        let value = br#"{"steps":[{"from":"2026-11-21T02:03:04Z","value":1.5}],"by":"x","at":"2026-11-21T02:03:04Z"}"#;
        assert!(Controls::default().take(Some(b"[\"c\",\"probability\"]"), Some(value)).is_err());
    }
}
