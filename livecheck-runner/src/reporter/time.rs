//! Times as people read them.

use std::time::Duration;

use livecheck_core::Timestamp;

/// A moment, to the second: `2026-11-21 09:00:00 UTC`.
pub(crate) fn moment(moment: Timestamp) -> String {
    match jiff::Timestamp::from_microsecond(moment.as_micros()) {
        Ok(moment) => moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        // Beyond the years that a calendar has.
        Err(_) => moment.to_string(),
    }
}

/// A time from now or until now, as exactly as anybody wants to know it.
pub(crate) fn human(passed: Duration) -> String {
    let seconds = passed.as_secs();
    let whole = match seconds {
        0..=119 => seconds,
        120..=7_199 => seconds / 60 * 60,
        7_200..=172_799 => seconds / 3_600 * 3_600,
        _ => seconds / 86_400 * 86_400,
    };
    match whole {
        // A day is a day, and not the thirtieth part of a month.
        172_800.. => format!("{} days", whole / 86_400),
        _ => humantime::format_duration(Duration::from_secs(whole)).to_string(),
    }
}
