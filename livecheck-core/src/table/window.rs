//! Windows of time: which of them an instant is in.

use std::fmt;
use std::time::Duration;

use crate::time::Timestamp;

/// How a table is cut into windows of time. All begin at whole multiples of their step since 1970, as Faust's do.
///
/// ```
/// use std::time::Duration;
/// use livecheck_core::table::Window;
///
/// let hourly = Window::tumbling(Duration::from_secs(3600));
/// let range = hourly.current("2026-11-21T04:35:00Z".parse()?);
/// assert_eq!(range.start, "2026-11-21T04:00:00Z".parse()?);
/// assert_eq!(range.end, "2026-11-21T05:00:00Z".parse()?);
/// # Ok::<(), livecheck_core::time::TimestampError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    size: Duration,
    step: Duration,
    expires: Option<Duration>,
}

/// A window: from `start`, which is in it, to `end`, which is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowRange {
    /// The first instant in it.
    pub start: Timestamp,
    /// The first instant behind it.
    pub end: Timestamp,
}

impl Window {
    /// One window after the other, each of that size.
    #[must_use]
    pub const fn tumbling(size: Duration) -> Self {
        Self::hopping(size, size)
    }

    /// A window of that size at each step: an instant is in several where the step is the shorter.
    #[must_use]
    pub const fn hopping(size: Duration, step: Duration) -> Self {
        Self { size, step, expires: None }
    }

    /// The same, whose windows are removed once a window begins that long after their end.
    ///
    /// It is by the windows of the table's partition that time passes, and not by a clock: what is late because a
    /// runner was away is not removed.
    #[must_use]
    pub const fn expiring(mut self, after: Duration) -> Self {
        self.expires = Some(after);
        self
    }

    /// How long a window is.
    #[must_use]
    pub const fn size(self) -> Duration {
        self.size
    }

    /// How long after the beginning of a window the next one begins.
    #[must_use]
    pub const fn step(self) -> Duration {
        self.step
    }

    /// How long after its end a window is removed, if it is.
    #[must_use]
    pub const fn expires(self) -> Option<Duration> {
        self.expires
    }

    /// Whether windows overlap.
    #[must_use]
    pub fn is_tumbling(self) -> bool {
        self.size == self.step
    }

    /// The window that begins there.
    #[must_use]
    pub fn starting_at(self, start: Timestamp) -> WindowRange {
        WindowRange { start, end: start + self.size }
    }

    /// The latest window that an instant is in.
    #[must_use]
    pub fn current(self, time: Timestamp) -> WindowRange {
        let step = micros(self.step);
        self.starting_at(Timestamp::from_micros(time.as_micros().div_euclid(step).saturating_mul(step)))
    }

    /// All windows that an instant is in, the latest first.
    pub fn containing(self, time: Timestamp) -> impl Iterator<Item = WindowRange> {
        let latest = self.current(time).start;
        let earlier = std::iter::successors(Some(latest), move |start| Some(*start - self.step));
        earlier.map(move |start| self.starting_at(start)).take_while(move |range| range.end > time)
    }

    /// Whether the window that begins at `start` is removed where the latest begins at `latest`.
    #[must_use]
    pub fn is_expired(self, start: Timestamp, latest: Timestamp) -> bool {
        self.expires.is_some_and(|expires| start + self.size + expires <= latest)
    }

    /// Where the first window begins that is not removed, where the latest begins at `latest`.
    #[must_use]
    pub fn first_kept(self, latest: Timestamp) -> Option<Timestamp> {
        self.expires.map(|expires| latest - expires - self.size + Duration::from_micros(1))
    }
}

impl fmt::Display for Window {
    /// As in `1h every 10m, for 1day`: the size, the step where windows overlap, and how long after its end one is kept.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", humantime::format_duration(self.size))?;
        if !self.is_tumbling() {
            write!(f, " every {}", humantime::format_duration(self.step))?;
        }
        self.expires.map_or(Ok(()), |expires| write!(f, ", for {}", humantime::format_duration(expires)))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn minutes(count: u64) -> Duration {
        Duration::from_secs(count * 60)
    }

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_millis(minute * 60_000)
    }

    #[test]
    fn an_instant_is_in_one_tumbling_window_and_in_each_hopping_one_that_has_begun() {
        let range = |start, end| WindowRange { start: at(start), end: at(end) };
        let tumbling: Vec<_> = Window::tumbling(minutes(10)).containing(at(20)).collect();
        assert_eq!(tumbling, [range(20, 30)]);
        let hopping: Vec<_> = Window::hopping(minutes(10), minutes(5)).containing(at(22)).collect();
        assert_eq!(hopping, [range(20, 30), range(15, 25)]);
    }

    proptest! {
        #[test]
        fn every_window_that_contains_an_instant_is_found(
            size in 1u64..10_000,
            step in 1u64..10_000,
            time in -1_000_000i64..1_000_000,
        ) {
            let step = step.min(size);
            let window = Window::hopping(Duration::from_micros(size), Duration::from_micros(step));
            let time = Timestamp::from_micros(time);
            let found: Vec<_> = window.containing(time).collect();
            prop_assert_eq!(found.first(), Some(&window.current(time)));
            for range in &found {
                prop_assert!(range.start <= time && time < range.end);
                prop_assert_eq!(range.start.as_micros().rem_euclid(i64::try_from(step)?), 0);
            }
            // As many as there are multiples of the step in the size before the instant.
            let (time, size, step) = (time.as_micros(), i64::try_from(size)?, i64::try_from(step)?);
            let expected = time.div_euclid(step) - (time - size).div_euclid(step);
            prop_assert_eq!(i64::try_from(found.len())?, expected);
        }

        #[test]
        fn what_is_removed_is_what_begins_before_the_first_kept(
            size in 1u64..1000, expires in 0u64..1000, start in -2000i64..2000, latest in -2000i64..2000,
        ) {
            let window = Window::tumbling(Duration::from_micros(size)).expiring(Duration::from_micros(expires));
            let (start, latest) = (Timestamp::from_micros(start), Timestamp::from_micros(latest));
            let first_kept = window.first_kept(latest);
            prop_assert_eq!(window.is_expired(start, latest), Some(start) < first_kept);
        }
    }
}
