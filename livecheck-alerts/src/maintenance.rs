//! Maintenance windows: times that come again, in which nobody is to be woken.

use std::time::Duration;

use livecheck_core::Timestamp;
use livecheck_schedule::{Instant, Schedule};

use crate::labels::Labels;
use crate::matcher::{Matcher, all_match};

/// A time that comes again: it begins by a cron expression in a time zone, and lasts for so long.
#[derive(Clone, Debug)]
pub struct Window {
    /// Its name, for messages.
    pub name: String,
    /// Which alerts are hidden: those for which all of these hold, and all where there is none.
    pub matchers: Vec<Matcher>,
    /// When it begins, and where.
    pub schedule: Schedule,
    /// For how long.
    pub lasts: Duration,
}

impl Window {
    /// Whether it is about an alert with those labels.
    #[must_use]
    pub fn is_about(&self, labels: &Labels) -> bool {
        all_match(&self.matchers, labels)
    }

    /// Whether it is open.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        // It is, if it began within its length: if the first slot since then is not in the future.
        let since = Instant::from_microsecond((now - self.lasts).as_micros()).ok();
        let begun = since.and_then(|since| self.schedule.after(since));
        begun.is_some_and(|begun| begun.as_microsecond() <= now.as_micros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(cron: &str, zone: &str, lasts: Duration) -> Window {
        let schedule = Schedule::cron(cron, Some(zone)).expect("a schedule");
        Window { name: "nightly".to_owned(), matchers: Vec::new(), schedule, lasts }
    }

    fn is_open(window: &Window, at: &str) -> bool {
        window.is_open(at.parse().expect("an instant"))
    }

    #[test]
    fn a_window_is_open_from_its_beginning_for_its_length() {
        let window = window("0 2 * * SAT", "Europe/Berlin", Duration::from_secs(7200));
        assert!(!is_open(&window, "2026-11-21T00:59:59Z"), "in Berlin it is just before two");
        assert!(is_open(&window, "2026-11-21T01:00:00Z"));
        assert!(is_open(&window, "2026-11-21T02:59:59.999Z"));
        assert!(!is_open(&window, "2026-11-21T03:00:00Z"));
        assert!(!is_open(&window, "2026-11-22T01:30:00Z"), "on a Sunday");
    }

    #[test]
    fn a_window_keeps_to_the_clocks_of_its_zone() {
        let window = window("0 2 * * *", "Europe/Berlin", Duration::from_secs(60));
        assert!(is_open(&window, "2026-07-01T00:00:30Z"), "in summer two is midnight in UTC");
        assert!(is_open(&window, "2026-12-01T01:00:30Z"));
        assert!(!is_open(&window, "2026-12-01T00:00:30Z"));
    }
}
