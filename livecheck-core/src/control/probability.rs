//! A share of requests.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A share, from 0 (none) to 1 (all), as it is written in configurations and on command lines.
///
/// ```
/// use livecheck_core::control::Probability;
///
/// let tenth: Probability = "10%".parse()?;
/// assert_eq!(tenth, "0.1".parse()?);
/// assert_eq!(tenth.to_string(), "10%");
/// assert!("110%".parse::<Probability>().is_err());
/// # Ok::<(), livecheck_core::control::NoProbability>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Probability(f64);

/// Something that is no share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {}", Self::EXPECTED)]
pub struct NoProbability;

impl NoProbability {
    /// What is one, for messages.
    pub const EXPECTED: &str = "a share from 0% to 100%, such as 10%, or from 0 to 1, such as 0.1";
}

impl Probability {
    /// The share, from 0 to 1.
    #[must_use]
    pub const fn share(self) -> f64 {
        self.0
    }

    /// The nearest share; none, where that is no number.
    pub(super) fn nearest(share: f64) -> Self {
        Self::try_from(share.clamp(0.0, 1.0)).unwrap_or_default()
    }
}

impl TryFrom<f64> for Probability {
    type Error = NoProbability;

    fn try_from(share: f64) -> Result<Self, NoProbability> {
        // Not a number is in no range. Adding nothing makes the negative zero positive.
        if (0.0..=1.0).contains(&share) { Ok(Self(share + 0.0)) } else { Err(NoProbability) }
    }
}

impl From<Probability> for f64 {
    fn from(probability: Probability) -> Self {
        probability.0
    }
}

impl FromStr for Probability {
    type Err = NoProbability;

    fn from_str(text: &str) -> Result<Self, NoProbability> {
        let share = match text.trim().strip_suffix('%') {
            Some(percent) => percent.trim_end().parse::<f64>().map(|percent| percent / 100.0),
            None => text.trim().parse(),
        };
        share.map_err(|_| NoProbability)?.try_into()
    }
}

impl fmt::Display for Probability {
    /// In per cent, without the digits that binary fractions add.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:.6}", self.0 * 100.0);
        write!(f, "{}%", digits.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_read_in_per_cent_or_as_a_fraction() {
        let read = |text: &str| text.parse::<Probability>().map(|probability| probability.to_string());
        for (text, shown) in [("1%", "1%"), ("0.0125", "1.25%"), ("100 %", "100%"), ("0", "0%"), ("7%", "7%")]
        {
            assert_eq!(read(text), Ok(shown.to_owned()), "{text}");
        }
        for text in ["1.5", "-1%", "NaN", "", "%", "some", "inf"] {
            assert_eq!(read(text), Err(NoProbability), "{text}");
        }
    }

    #[test]
    fn what_the_wire_brings_is_checked() {
        let read = |text: &str| serde_json::from_str::<Probability>(text).ok().map(Probability::share);
        assert_eq!((read("0.5"), read("1"), read("1.5"), read("\"1\"")), (Some(0.5), Some(1.0), None, None));
    }
}
