//! Instants and durations, as they are written on the wire and in attributes.

mod usual;

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text::Borrowed;
use usual::Written;

/// An instant in microseconds since 1970-01-01T00:00:00Z, the precision that Faust writes.
///
/// It is read from ISO 8601 with `Z` or any offset and any number of digits, and always written with six
/// digits of fraction: Faust reads `04.567Z` as 567 microseconds.
///
/// ```
/// use livecheck_core::Timestamp;
///
/// let instant: Timestamp = "2026-11-21T04:03:04.5+02:00".parse()?;
/// assert_eq!(instant.to_string(), "2026-11-21T02:03:04.500000Z");
/// assert_eq!(instant.to_header(), "2026-11-21T02:03:04.500000+00:00");
/// # Ok::<(), livecheck_core::time::TimestampError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// A text that is not an ISO 8601 instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an ISO 8601 instant such as 2026-11-21T02:03:04.567890Z")]
pub struct TimestampError {
    text: String,
}

impl Timestamp {
    /// The earliest instant there is.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest instant there is.
    pub const MAX: Self = Self(i64::MAX);

    /// The present, by this machine's clock.
    #[must_use]
    pub fn now() -> Self {
        Self(jiff::Timestamp::now().as_microsecond())
    }

    /// The instant that many microseconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The instant that many milliseconds after 1970-01-01T00:00:00Z: the unit of Kafka's record timestamps.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1000))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since 1970-01-01T00:00:00Z, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The time from `earlier` to this instant, or nothing if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        u64::try_from(self.0.saturating_sub(earlier.0)).map_or(Duration::ZERO, Duration::from_micros)
    }

    /// The distance between two instants, whichever is first.
    #[must_use]
    pub const fn distance(self, other: Self) -> Duration {
        Duration::from_micros(self.0.abs_diff(other.0))
    }

    /// As Faust writes an instant into a header: with the offset as `+00:00`.
    #[must_use]
    pub fn to_header(self) -> String {
        match Written::of(self) {
            Some(written) => [written.as_str(), "+00:00"].concat(),
            None => self.to_string().replace('Z', "+00:00"),
        }
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    /// Saturates at [`Timestamp::MAX`].
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    /// Saturates at [`Timestamp::MIN`].
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(written) = Written::of(*self) {
            f.write_str(written.as_str())?;
            return f.write_str("Z");
        }
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => write!(f, "{instant:.6}"),
            // Beyond the years -9999 to 9999: only `MIN` and `MAX` and sums that saturate get there.
            Err(_) => write!(f, "{} µs", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        if let Some(instant) = usual::read(text) {
            return Ok(instant);
        }
        let short = at_most_nine_digits(text);
        let instant = short.parse::<jiff::Timestamp>().or_else(|error| {
            // Without an offset, what is meant is UTC: Python's `datetime.utcnow().isoformat()`.
            short
                .parse::<jiff::civil::DateTime>()
                .and_then(|naive| naive.to_zoned(jiff::tz::TimeZone::UTC))
                .map(|zoned| zoned.timestamp())
                .map_err(|_| error)
        });
        instant
            .map(|instant| Self(instant.as_microsecond()))
            .map_err(|_| TimestampError { text: text.chars().take(64).collect() })
    }
}

/// Cuts a fraction of a second to the nine digits that the parser takes.
fn at_most_nine_digits(text: &str) -> std::borrow::Cow<'_, str> {
    let Some((whole, rest)) = text.split_once('.') else { return text.into() };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if digits <= 9 {
        return text.into();
    }
    format!("{whole}.{}{}", &rest[..9], &rest[digits..]).into()
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Borrowed::deserialize(deserializer)?;
        text.as_str().parse().map_err(serde::de::Error::custom)
    }
}

/// What may stand for a duration: a [`Duration`], seconds as a number, or a text such as `"1h 30s"`.
pub trait IntoDuration {
    /// The duration meant.
    ///
    /// # Errors
    ///
    /// A text that is no duration, and a number of seconds that is negative or not finite.
    fn into_duration(self) -> Result<Duration, DurationError>;
}

/// Something that is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a duration: write \"500ms\", \"30s\", \"1h 30s\", or a number of seconds")]
pub struct DurationError {
    text: String,
}

impl IntoDuration for Duration {
    fn into_duration(self) -> Result<Duration, DurationError> {
        Ok(self)
    }
}

impl IntoDuration for &str {
    fn into_duration(self) -> Result<Duration, DurationError> {
        humantime::parse_duration(self).map_err(|_| DurationError { text: self.to_owned() })
    }
}

impl IntoDuration for u64 {
    fn into_duration(self) -> Result<Duration, DurationError> {
        Ok(Duration::from_secs(self))
    }
}

impl IntoDuration for f64 {
    fn into_duration(self) -> Result<Duration, DurationError> {
        Duration::try_from_secs_f64(self).map_err(|_| DurationError { text: self.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_faust_writes_and_what_others_do() {
        let expected = Timestamp::from_micros(1_795_226_584_567_890);
        for text in [
            "2026-11-21T02:03:04.567890Z",
            "2026-11-21T02:03:04.567890+00:00",
            "2026-11-21T03:33:04.567890+01:30",
            "2026-11-21T02:03:04.567890",
            "2026-11-21T02:03:04.567890123456789Z",
            "2026-11-21T02:03:04.567890123456789+00:00",
            "2026-11-21 02:03:04.56789Z",
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_instant() {
        for text in ["", "yesterday", "2026-13-01T00:00:00Z", "1795226584", "2026-11-21T25:00:00Z"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn always_writes_six_digits() {
        assert_eq!(Timestamp::from_millis(0).to_string(), "1970-01-01T00:00:00.000000Z");
        assert_eq!(Timestamp::from_millis(1_567).to_string(), "1970-01-01T00:00:01.567000Z");
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Timestamp::MAX + Duration::from_secs(1), Timestamp::MAX);
        assert_eq!(Timestamp::MIN - Duration::MAX, Timestamp::MIN);
        assert_eq!(Timestamp::from_millis(1).since(Timestamp::from_millis(3)), Duration::ZERO);
    }

    #[test]
    fn durations_as_people_write_them() {
        assert_eq!("1h 30s".into_duration(), Ok(Duration::from_secs(3630)));
        assert_eq!(0.5.into_duration(), Ok(Duration::from_millis(500)));
        assert!("soon".into_duration().is_err());
        assert!((-1.0).into_duration().is_err());
    }
}
