//! The monitor of a run, where the run is one of a group's.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use livecheck_core::Cases;

use crate::config::{AlertsConfig, Config, silent_policy};
use crate::kafka::{Connection, Inspection, KafkaEdgeError, Sharing, ensure_internal_topic};
use crate::monitor::{
    AlertGauges, AlertingOptions, Monitor, MonitorEvent, MonitorOptions, Serves, has_fake_requests_for,
};
use crate::observer::Observation;
use crate::observers::Observers;
use crate::reporter::{Events, RunEvent};
use crate::selected::Selected;
use crate::serving::Heard;

/// The monitor of a run.
///
/// A run of one's own has none: what it sees is a look at some cases for some time, and no ground to say that a case
/// as a whole has failed or recovered. The runners of the group go on watching beside it.
pub(super) struct Monitoring(Option<Monitor>);

impl Monitoring {
    /// Makes the topic that the monitor needs.
    pub(super) async fn prepare(
        connection: &Connection,
        inspection: &Inspection,
        config: &Config,
        sharing: &Sharing,
    ) -> Result<(), KafkaEdgeError> {
        if !sharing.is_shared() {
            return Ok(());
        }
        let topic = &connection.topics.monitor_topic;
        ensure_internal_topic(connection, inspection, topic, config.topics.replication_factor).await
    }

    /// Starts it. Of all the cases it knows the states; what is done by the clock is done of those that are selected.
    pub(super) fn start(
        connection: &Connection,
        sharing: &Sharing,
        (cases, selected): (&Cases, &Selected),
        alerts: Option<&AlertsConfig>,
        events: Events,
        heard: Heard,
        observers: Observers,
    ) -> Result<Self, KafkaEdgeError> {
        let Some(group) = sharing.group() else { return Ok(Self(None)) };
        if has_fake_requests_for(selected) {
            // What they trigger goes where the services' triggers go.
            if let Err(error) = connection.client_builder().install() {
                events.send(RunEvent::Warning(format!("fake requests trigger nothing: {error}")));
            }
        }
        let gauges = AlertGauges::default();
        heard.alerts(gauges.clone());
        let alerting = AlertingOptions {
            policy: alerts.map_or_else(|| silent_policy(group, cases), |alerts| alerts.policy(group, cases)),
            receivers: alerts.map(|alerts| alerts.receivers.clone()).unwrap_or_default(),
            gauges: gauges.clone(),
        };
        let options = MonitorOptions {
            connection: connection.clone(),
            group: group.to_owned(),
            cases: cases.clone(),
            selected: selected.clone(),
            alerting,
        };
        let monitor = Monitor::start(options, move |event| {
            events.send(match event {
                MonitorEvent::Changed(change) => {
                    heard.change(&change);
                    observers.report(&change.report());
                    RunEvent::Case(change)
                }
                MonitorEvent::Found(report) => RunEvent::from(*report),
                MonitorEvent::Alert(alert) => RunEvent::Alert(alert),
                MonitorEvent::Warning(text) => RunEvent::Warning(text),
            });
        })?;
        Ok(Self(Some(monitor)))
    }

    /// The name of this runner among the group's.
    pub(super) fn id(&self) -> Option<&str> {
        self.0.as_ref().map(Monitor::id)
    }

    /// Whether this runner leads, if it is one of a group.
    pub(super) fn leads(&self) -> Option<Arc<AtomicBool>> {
        self.0.as_ref().map(Monitor::leads)
    }

    /// Tells the others what they may ask this runner for.
    pub(super) fn serves(&self, serves: Serves) {
        if let Self(Some(monitor)) = self {
            monitor.serves(serves);
        }
    }

    /// Hears what the observer says.
    pub(super) fn hear(&self, observation: &Observation) {
        if let (Self(Some(monitor)), Observation::Committed { tally, .. }) = (self, observation) {
            monitor.tell(tally);
        }
    }

    /// Leaves the lead to another runner. Blocks for some seconds at most.
    pub(super) fn stop(self) {
        if let Self(Some(monitor)) = self {
            monitor.stop();
        }
    }
}
