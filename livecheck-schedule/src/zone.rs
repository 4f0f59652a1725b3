//! Time zones, by their names.

use jiff::tz::{TimeZone, db};

use crate::ScheduleError;

/// How alike two names must be for one to be meant by the other.
const ALIKE: f64 = 0.8;

/// The time zone of that name in the IANA database that comes with this program.
pub(crate) fn of(name: &str) -> Result<TimeZone, ScheduleError> {
    TimeZone::get(name).map_err(|_| ScheduleError::Zone { name: name.to_owned(), nearest: nearest(name) })
}

/// The name that was probably meant.
fn nearest(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    let city = |zone: &str| zone.rsplit('/').next().unwrap_or(zone).to_lowercase();
    let likeness = |zone: &str| {
        // `Berlin` is as good a hint as `Europe/Berln`.
        strsim::jaro_winkler(&lower, &zone.to_lowercase()).max(strsim::jaro_winkler(&lower, &city(zone)))
    };
    let zones = db().available().map(|zone| zone.as_str().to_owned());
    let best = zones.map(|zone| (likeness(&zone), zone)).max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(likeness, _)| *likeness > ALIKE).map(|(_, zone)| zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_that_is_none_has_a_nearest_name() {
        for (name, meant) in [("Europe/Berln", "Europe/Berlin"), ("berlin", "Europe/Berlin"), ("UTCC", "UTC")]
        {
            assert_eq!(nearest(name).as_deref(), Some(meant), "{name}");
        }
        assert_eq!(nearest("xyzzy-qqq"), None);
        assert!(of("America/New_York").is_ok());
    }
}
