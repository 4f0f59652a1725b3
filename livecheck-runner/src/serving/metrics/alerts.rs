//! About alerts, of the runner that leads: of what another has told before, this one knows nothing.

use livecheck_alerts::Gauges;

use crate::serving::exposition::Exposition;

/// Nothing where nobody is to be told.
pub(super) fn describe(to: &mut Exposition, gauges: &Gauges) {
    if gauges.receivers.is_empty() {
        return;
    }
    to.gauge("livecheck_alerts_firing", "Alerts that go on, whoever is told of them.")
        .with(&[], gauges.firing);
    to.gauge("livecheck_alert_silences", "Silences that are on.").with(&[], gauges.silences);
    let receivers =
        || gauges.receivers.iter().map(|(name, receiver)| ([("receiver", name.as_str())], receiver));
    let sent = to.counter("livecheck_alert_messages_total", "Messages that a receiver has acknowledged.");
    receivers().for_each(|(labels, receiver)| sent.with(&labels, receiver.sent));
    let failed =
        to.counter("livecheck_alert_failures_total", "Attempts to tell a receiver that have failed.");
    receivers().for_each(|(labels, receiver)| failed.with(&labels, receiver.failed));
    let pending =
        to.gauge("livecheck_alert_groups_pending", "Groups of alerts of which a receiver is to be told.");
    receivers().for_each(|(labels, receiver)| pending.with(&labels, receiver.pending));
}
