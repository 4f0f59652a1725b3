//! Which time is shown.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use livecheck_core::Timestamp;
use serde::Serialize;

/// The shortest time that is shown: the results are counted by the minute.
const SHORTEST: Duration = Duration::from_secs(60);

/// The time that is shown of a case: the latest, or a part of it into which somebody has zoomed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// How far back one looks.
    pub range: Range,
    /// From when until when, where that is not until now.
    pub zoom: Option<(Timestamp, Timestamp)>,
}

impl Span {
    /// The latest of that length.
    #[must_use]
    pub const fn latest(range: Range) -> Self {
        Self { range, zoom: None }
    }

    /// A part; none that is too short to show something, or that ends before it begins.
    #[must_use]
    pub fn part(range: Range, from: Timestamp, until: Timestamp) -> Option<Self> {
        (from < until && until.since(from) >= SHORTEST).then_some(Self { range, zoom: Some((from, until)) })
    }

    /// From when until when, if it is `now`.
    #[must_use]
    pub fn bounds(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        self.zoom.unwrap_or((now - self.range.duration(), now))
    }
}

/// How far back one looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Range {
    /// An hour.
    Hour,
    /// Six hours.
    SixHours,
    /// A day.
    #[default]
    Day,
    /// A week.
    Week,
    /// Thirty days.
    Month,
    /// Ninety days.
    Quarter,
}

impl Range {
    /// All, the shortest first.
    pub const ALL: [Self; 6] =
        [Self::Hour, Self::SixHours, Self::Day, Self::Week, Self::Month, Self::Quarter];

    /// As it is written in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::SixHours => "6h",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Quarter => "90d",
        }
    }

    /// For readers.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Hour => "the last hour",
            Self::SixHours => "the last 6 hours",
            Self::Day => "the last 24 hours",
            Self::Week => "the last 7 days",
            Self::Month => "the last 30 days",
            Self::Quarter => "the last 90 days",
        }
    }

    /// How long it is.
    #[must_use]
    pub const fn duration(self) -> Duration {
        const HOUR: u64 = 3_600;
        Duration::from_secs(match self {
            Self::Hour => HOUR,
            Self::SixHours => 6 * HOUR,
            Self::Day => 24 * HOUR,
            Self::Week => 7 * 24 * HOUR,
            Self::Month => 30 * 24 * HOUR,
            Self::Quarter => 90 * 24 * HOUR,
        })
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|range| range.as_str() == text);
        known.ok_or_else(|| format!("range={text}: 1h, 6h, 24h, 7d, 30d and 90d are known"))
    }
}

impl Serialize for Range {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_begins_before_it_ends_and_has_a_minute_at_least() {
        let at = Timestamp::from_millis;
        assert_eq!(Span::part(Range::Day, at(60_000), at(0)), None);
        assert_eq!(Span::part(Range::Day, at(0), at(59_999)), None);
        let part = Span::part(Range::Day, at(0), at(60_000)).expect("a minute");
        assert_eq!(part.bounds(at(99_000_000)), (at(0), at(60_000)));
        assert_eq!(Span::latest(Range::Hour).bounds(at(3_600_000)), (at(0), at(3_600_000)));
    }
}
