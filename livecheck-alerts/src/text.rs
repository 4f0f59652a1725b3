//! A message as text for people.

use std::fmt::Write as _;
use std::time::Duration;

use crate::message::{Message, Status, Told};

/// How much of an error is told, in characters.
const ERROR_TOLD: usize = 1_000;

/// All of a message, a paragraph an alert.
#[must_use]
pub fn of(message: &Message) -> String {
    let mut out = String::new();
    if message.test {
        out.push_str("This is a test: nothing is wrong, and nothing is to be done.\n\n");
    }
    if message.reminder {
        out.push_str("This is a reminder: nothing has changed.\n\n");
    }
    for alert in &message.alerts {
        out.push_str(&of_alert(alert));
        out.push('\n');
    }
    if let Some(link) = &message.link {
        let _ = writeln!(out, "{link}");
    }
    out.trim_end().to_owned() + "\n"
}

/// One alert: what, since when, and the latest failure.
fn of_alert(alert: &Told) -> String {
    let mut out = format!("{} {}: {}\n", alert.status.as_str().to_uppercase(), alert.case, alert.summary);
    let tags =
        if alert.tags.is_empty() { String::new() } else { format!(", tags {}", alert.tags.join(", ")) };
    let _ = match alert.ends_at {
        None => writeln!(out, "  {} since {}{tags}", alert.kind, alert.starts_at),
        Some(end) => {
            let lasted = humantime::format_duration(whole_seconds(end.since(alert.starts_at)));
            writeln!(out, "  it was {} for {lasted}, from {} to {end}{tags}", alert.kind, alert.starts_at)
        }
    };
    if alert.status == Status::Firing {
        if let Some(execution) = &alert.execution {
            let _ = writeln!(out, "  the latest: {execution}");
        }
        if let Some(error) = &alert.error {
            let error: String = error.chars().take(ERROR_TOLD).collect();
            for line in error.lines() {
                let _ = writeln!(out, "    {line}");
            }
        }
    }
    out
}

fn whole_seconds(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs())
}
