//! By which spans of time executions are counted, and which of them make up a longer one.

use std::time::Duration;

use livecheck_core::Timestamp;

/// A span of time by which executions are counted. They begin with UTC's minutes, hours and days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resolution {
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day.
    Day,
}

/// Spans of one resolution, one after the other: from the start of the first to the end of the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) resolution: Resolution,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

impl Resolution {
    /// All of them, from short to long.
    pub const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// How long one is, in seconds.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }

    /// How long one is.
    #[must_use]
    pub const fn length(self) -> Duration {
        Duration::from_secs(self.seconds().unsigned_abs())
    }

    /// The start of the one that holds this moment.
    #[must_use]
    pub const fn start_of(self, moment: Timestamp) -> Timestamp {
        let length = self.seconds() * 1_000_000;
        Timestamp::from_micros(moment.as_micros().div_euclid(length).saturating_mul(length))
    }

    /// The start of the first one that begins at this moment or later.
    const fn first_from(self, moment: Timestamp) -> Timestamp {
        let length = self.seconds() * 1_000_000;
        let last = Timestamp::from_micros(moment.as_micros().saturating_sub(1));
        Timestamp::from_micros(self.start_of(last).as_micros().saturating_add(length))
    }
}

/// The fewest spans that make up the time from the minute of `from` until before `until`: days in the middle, and
/// shorter ones at both ends.
pub(crate) fn cover(from: Timestamp, until: Timestamp) -> Vec<Stretch> {
    let from = Resolution::Minute.start_of(from);
    let until = Resolution::Minute.first_from(until);
    let mut stretches = Vec::new();
    cover_with(Resolution::Day, from, until, &mut stretches);
    stretches
}

fn cover_with(resolution: Resolution, from: Timestamp, until: Timestamp, stretches: &mut Vec<Stretch>) {
    if from >= until {
        return;
    }
    let (first, last) = (resolution.first_from(from), resolution.start_of(until));
    let shorter = match resolution {
        Resolution::Day => Resolution::Hour,
        Resolution::Hour => Resolution::Minute,
        Resolution::Minute => {
            stretches.push(Stretch { resolution, from, to: until });
            return;
        }
    };
    if first >= last {
        cover_with(shorter, from, until, stretches);
        return;
    }
    cover_with(shorter, from, first, stretches);
    stretches.push(Stretch { resolution, from: first, to: last });
    cover_with(shorter, last, until, stretches);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_time_is_covered_once_by_whole_spans_and_by_few(from in 0..4_000_000_i64, length in 0..40_000_000_i64) {
            let micros = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
            let (from, until) = (micros(from), micros(from + length));
            let stretches = cover(from, until);
            let mut next = Resolution::Minute.start_of(from);
            let mut spans = 0;
            for Stretch { resolution, from, to } in stretches {
                prop_assert_eq!(from, next, "one begins where the last one ends");
                prop_assert!(from < to);
                prop_assert_eq!(resolution.start_of(from), from);
                prop_assert_eq!(resolution.start_of(to), to);
                spans += (to.as_micros() - from.as_micros()) / 1_000_000 / resolution.seconds();
                next = to;
            }
            prop_assert!(next >= until && next.since(until) < Duration::from_secs(60));
            prop_assert!(spans <= 2 * (59 + 23) + length / 86_400 + 1, "{} spans", spans);
        }
    }

    #[test]
    fn a_moment_before_1970_is_in_a_span_too() {
        assert_eq!(Resolution::Day.start_of(Timestamp::from_micros(-1)).as_micros(), -86_400_000_000);
    }
}
