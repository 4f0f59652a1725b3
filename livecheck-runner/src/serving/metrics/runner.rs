//! About the runner itself: who it is, how far it has read, and what it has met.

use super::Now;
use crate::kafka::PartitionLag;
use crate::serving::exposition::Exposition;

/// Of this runner alone; `leads` is whether it leads its group.
pub(super) fn describe(to: &mut Exposition, now: &Now, group: Option<&str>, leads: bool) {
    to.gauge("livecheck_runner_info", "The runner: its version, and its group.")
        .with(&[("version", env!("CARGO_PKG_VERSION")), ("group", group.unwrap_or(""))], true);
    to.gauge(
        "livecheck_leader",
        "1 if this runner leads its group: it says what becomes of cases as a whole.",
    )
    .with(&[], leads);
    progress(to, now);
    oddities(to, now);
}

/// How far it has read, and when it has committed.
fn progress(to: &mut Exposition, now: &Now) {
    to.gauge("livecheck_brokers_up", "1 unless no Kafka broker can be reached.")
        .with(&[], !now.brokers_are_away);
    if let Some(committed) = now.committed {
        to.gauge(
            "livecheck_last_commit_timestamp_seconds",
            "When this runner has last committed reports and offsets; its age is time() minus this.",
        )
        .with(&[], committed);
    }
    let lag = to.gauge("livecheck_consumer_lag_records", "How many records this runner has yet to read.");
    for PartitionLag { topic, partition, records } in &now.lags {
        let labels = [("topic", topic.as_str()), ("partition", &partition.to_string())];
        lag.with(&labels, records.unwrap_or(0));
    }
}

/// What should not be, and is told in its log as well.
fn oddities(to: &mut Exposition, now: &Now) {
    let bad = to.counter("livecheck_bad_records_total", "Records that could not be read, by topic and kind.");
    for ((topic, kind), count) in &now.bad_records {
        bad.with(&[("topic", topic), ("kind", kind)], *count);
    }
    let notices = to.counter(
        "livecheck_notices_total",
        "Odd things that this runner has seen, by kind; its log tells more.",
    );
    for (kind, count) in &now.notices {
        notices.with(&[("kind", kind)], *count);
    }
    for (name, help, count) in [
        (
            "livecheck_repeated_triggers_total",
            "Triggers that repeat one already accepted.",
            now.tally.repeated_triggers,
        ),
        (
            "livecheck_late_signals_total",
            "Signals that came after their execution had ended.",
            now.tally.late_signals,
        ),
        (
            "livecheck_unknown_signals_total",
            "Signals for a case, or of a name, that this runner does not know.",
            now.tally.unknown_signals,
        ),
        (
            "livecheck_abandoned_signals_total",
            "Early signals whose test did not come, or for which memory was short.",
            now.tally.abandoned_signals,
        ),
    ] {
        to.counter(name, help).with(&[], count);
    }
}
