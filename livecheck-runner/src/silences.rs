//! Silences as people read them.

use std::collections::BTreeMap;

use livecheck_alerts::{Matcher, Silence};
use livecheck_core::Timestamp;
use std::time::Duration;

use crate::reporter::style::{COUNT, INDENT, PASS, paint, verb};
use crate::reporter::text::plain;

/// A silence that has just begun, and how it is ended.
pub(crate) fn begun(id: &str, silence: &Silence, now: Timestamp) -> String {
    let line = line(id, silence, now);
    format!("{} {line}{:INDENT$}= help: `silence end {id}` ends it before that\n", verb(PASS, "Silenced"), "")
}

/// A silence that has just been ended.
pub(crate) fn ended(id: &str, silence: &Silence, now: Timestamp) -> String {
    format!("{} {}", verb(PASS, "Ended"), line(id, silence, now))
}

/// Those that are on.
pub(crate) fn list(silences: &BTreeMap<String, Silence>, now: Timestamp) -> String {
    let on = silences.iter().filter(|(_, silence)| silence.is_on(now));
    let lines: String =
        on.map(|(id, silence)| format!("{} {}", verb(COUNT, "Silence"), line(id, silence, now))).collect();
    if lines.is_empty() { format!("{} no silence is on\n", verb(COUNT, "Silence")) } else { lines }
}

fn line(id: &str, Silence { matchers, until, by, reason, .. }: &Silence, now: Timestamp) -> String {
    let matchers: Vec<_> = matchers.iter().map(Matcher::to_string).collect();
    let left = humantime::format_duration(Duration::from_secs(until.since(now).as_secs()));
    let until = until.to_string();
    // To the second: nobody types more.
    let until = until.split_once('.').map_or(until.clone(), |(seconds, _)| format!("{seconds}Z"));
    format!(
        "{}: {}\n{:INDENT$}until {until} ({left}), by {}: {}\n",
        paint(COUNT, plain(id)),
        plain(&matchers.join(", ")),
        "",
        plain(by),
        plain(reason),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silence() -> Silence {
        let since: Timestamp = "2026-11-21T16:00:00.25Z".parse().expect("an instant");
        Silence {
            matchers: vec![
                Matcher::is_one_of("case", ["orders::order_flow", "orders::parcel"]),
                Matcher::is("tag", "smoke"),
            ],
            since,
            until: since + Duration::from_secs(7200),
            by: "ada".to_owned(),
            reason: "the new database\u{1b}[31m".to_owned(),
        }
    }

    #[test]
    fn silences_are_shown_with_their_end_and_their_reason() {
        let silence = silence();
        let now = silence.since + Duration::from_secs(90);
        let silences = BTreeMap::from([("3f2a9c1d".to_owned(), silence.clone())]);
        let text = [
            begun("3f2a9c1d", &silence, silence.since),
            list(&silences, now),
            list(&silences, silence.until),
            ended("3f2a9c1d", &Silence { until: now, ..silence.clone() }, now),
        ];
        insta::assert_snapshot!(anstream::adapter::strip_str(&text.join("\n")).to_string());
    }
}
