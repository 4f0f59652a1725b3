//! How times and numbers are written for readers.

use livecheck_core::Timestamp;

/// A duration in seconds, with three digits or so: `4 ms`, `1.25 s`, `3 min 5 s`.
pub(crate) fn seconds(seconds: f64) -> String {
    let magnitude = seconds.abs();
    match magnitude {
        _ if magnitude < 0.000_5 => "0 ms".to_owned(),
        _ if magnitude < 0.999_5 => format!("{:.0} ms", seconds * 1_000.0),
        _ if magnitude < 9.995 => format!("{seconds:.2} s"),
        _ if magnitude < 59.95 => format!("{seconds:.1} s"),
        _ => coarse(seconds),
    }
}

/// The same from a minute on, in its two greatest units.
fn coarse(seconds: f64) -> String {
    const UNITS: [(&str, f64); 4] = [("d", 86_400.0), ("h", 3_600.0), ("min", 60.0), ("s", 1.0)];
    let mut rest = seconds.round();
    let mut parts = Vec::new();
    for (name, length) in UNITS {
        let count = (rest / length).floor();
        rest -= count * length;
        if count > 0.0 || !parts.is_empty() {
            parts.push((count, name));
        }
    }
    let written = parts.iter().take(2).filter(|(count, _)| *count > 0.0);
    written.map(|(count, name)| format!("{count} {name}")).collect::<Vec<_>>().join(" ")
}

/// How long ago that was: `12 s ago`, `3 min ago`; or `in 3 min`, for what is to come.
pub(crate) fn relative(at: Timestamp, now: Timestamp) -> String {
    let ahead = at.since(now).as_secs_f64();
    if ahead >= 1.0 {
        return format!("in {}", rough(ahead));
    }
    match now.since(at).as_secs_f64() {
        ago if ago < 1.0 => "now".to_owned(),
        ago => format!("{} ago", rough(ago)),
    }
}

/// In one unit, cut off: what is 119 seconds ago is one minute ago.
fn rough(seconds: f64) -> String {
    const UNITS: [(&str, f64); 4] = [("d", 86_400.0), ("h", 3_600.0), ("min", 60.0), ("s", 1.0)];
    let unit = UNITS.iter().find(|(_, length)| seconds >= *length);
    unit.map_or_else(|| "0 s".to_owned(), |(name, length)| format!("{} {name}", (seconds / length).floor()))
}

/// A share as a percentage that says 100 only of all, and 0 only of none: `99.9 %`.
pub(crate) fn share(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        _ if percent >= 100.0 || percent <= 0.0 => format!("{percent:.0} %"),
        _ => format!("{:.1} %", percent.clamp(0.1, 99.9)),
    }
}

/// A count, its thousands apart: `12 345` (with narrow spaces, which do not break).
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// The first line of a text, cut to a length.
pub(crate) fn first_line(text: &str, most: usize) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// A moment, to the minute.
pub(crate) fn to_the_minute(at: Timestamp) -> String {
    let whole = at.to_string();
    let parts = whole.split_once('T').and_then(|(day, time)| Some(format!("{day} {} UTC", time.get(..5)?)));
    parts.unwrap_or(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_to_the_minute() {
        let at: Timestamp = "2026-09-10T07:08:09.123456Z".parse().expect("a moment");
        assert_eq!(to_the_minute(at), "2026-09-10 07:08 UTC");
    }

    #[test]
    fn durations_have_the_digits_that_say_something() {
        let written =
            [0.0, 0.004_2, 0.248, 0.999_7, 1.25, 12.34, 60.0, 185.0, 3_600.0, 90_061.0].map(seconds);
        assert_eq!(
            written,
            ["0 ms", "4 ms", "248 ms", "1.00 s", "1.25 s", "12.3 s", "1 min", "3 min 5 s", "1 h", "1 d 1 h"]
        );
    }

    #[test]
    fn times_are_told_from_now() {
        let now = Timestamp::from_millis(1_000_000_000);
        let at = |offset: i64| relative(Timestamp::from_millis(1_000_000_000 + offset), now);
        assert_eq!(
            [at(0), at(-400), at(-12_000), at(-119_000), at(-7_200_000)],
            ["now", "now", "12 s ago", "1 min ago", "2 h ago"]
        );
        assert_eq!(at(180_000), "in 3 min");
    }

    #[test]
    fn only_all_is_a_hundred_per_cent() {
        let written = [1.0, 0.999_99, 0.976, 0.000_01, 0.0].map(share);
        assert_eq!(written, ["100 %", "99.9 %", "97.6 %", "0.1 %", "0 %"]);
    }

    #[test]
    fn counts_have_their_thousands_apart() {
        assert_eq!(
            [count(7), count(1_234), count(1_234_567)],
            ["7", "1\u{202f}234", "1\u{202f}234\u{202f}567"]
        );
    }

    #[test]
    fn a_line_is_cut_between_characters() {
        assert_eq!(first_line("größer\nals", 4), "größ…");
        assert_eq!(first_line("", 4), "");
    }
}
