//! What must stand before cases can be ready: brokers that answer, and topics that are as they must be.

use std::time::Duration;

use livecheck_core::Cases;
use livecheck_core::control::apply_controls;
use rdkafka::error::KafkaError;

use super::monitoring::Monitoring;
use crate::config::Config;
use crate::doctor::{self, Grade, Longest};
use crate::kafka::{
    Connection, Inspection, KafkaEdgeError, Sharing, diagnosis, ensure_group_topics, ensure_internal_topic,
    ensure_topics, read_controls,
};
use crate::reporter::{Events, RunEvent};

/// How long a broker may take to answer when a run starts.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long they may take until somebody who looks on is told.
const SILENCE: Duration = Duration::from_secs(2);

/// What stands.
pub(super) struct Prepared {
    /// How many partitions each of the topics has.
    pub(super) partitions: usize,
    /// Whether the brokers stamp the records of the bus themselves.
    pub(super) bus_is_stamped_by_brokers: bool,
    /// The same of the test topic.
    pub(super) tests_are_stamped_by_brokers: bool,
}

/// Reaches the brokers, creates the topics that are missing, and warns of those on which verdicts cannot rely.
pub(super) async fn prepare(
    connection: &Connection,
    sharing: &Sharing,
    config: &Config,
    cases: &Cases,
    events: &Events,
) -> Result<Prepared, KafkaEdgeError> {
    let reaching = connection.ask(|connection| Inspection::reach(connection, PATIENCE));
    let inspection = say_if_slow(reaching, &connection.servers, events).await?;
    let (partitions, replication_factor) = (config.topics.partitions, config.topics.replication_factor);
    let topics = ensure_topics(connection, &inspection, partitions, replication_factor).await?;
    let partitions = topics.co_partitioned()?.unwrap_or(1);
    if let Some(group) = sharing.group() {
        ensure_group_topics(connection, &inspection, group, partitions, replication_factor).await?;
    }
    Monitoring::prepare(connection, &inspection, config, sharing).await?;
    follow_control(connection, &inspection, config, events).await?;
    let names: Vec<String> = topics.partitions.into_iter().map(|(name, _)| name).collect();
    // Who may not ask for settings, or gets no answer now, is told so by `doctor`.
    let described = diagnosis::topic_settings(connection, &names).await.unwrap_or_default();
    warn_of_settings(connection, &described, cases, events);
    // Of one that cannot be looked at the producers' clocks count, which is the careful way.
    let is_stamped_by_brokers = |topic: &str| {
        let found = described.iter().find(|(name, _)| name == topic);
        let settings = found.and_then(|(_, settings)| settings.as_ref().ok());
        settings
            .and_then(|settings| settings.get("message.timestamp.type"))
            .is_some_and(|kind| kind == "LogAppendTime")
    };
    Ok(Prepared {
        partitions,
        bus_is_stamped_by_brokers: is_stamped_by_brokers(&connection.topics.bus_topic),
        tests_are_stamped_by_brokers: is_stamped_by_brokers(&connection.topics.test_topic),
    })
}

/// Lets what is set at run time count from the beginning: a case that is to stand still must not be said to be stalled.
async fn follow_control(
    connection: &Connection,
    inspection: &Inspection,
    config: &Config,
    events: &Events,
) -> Result<(), KafkaEdgeError> {
    let (topic, replication_factor) = (&connection.topics.control_topic, config.topics.replication_factor);
    ensure_internal_topic(connection, inspection, topic, replication_factor).await?;
    match read_controls(connection, inspection, PATIENCE).await {
        Ok(controls) => drop(apply_controls(&controls)),
        Err(error) => {
            events.send(RunEvent::Warning(format!("what is set at run time does not count yet: {error}")));
        }
    }
    connection.client_builder().follow_control();
    Ok(())
}

/// Says what `doctor` would call a failure of the topics: records that are gone before their tests have ended.
fn warn_of_settings(
    connection: &Connection,
    described: &[(String, Result<diagnosis::Settings, KafkaError>)],
    cases: &Cases,
    events: &Events,
) {
    for (topic, settings) in described {
        let is_embedded = false; // no failure depends on it
        let findings = doctor::settings(topic, &connection.topics, settings, Longest::of(cases), is_embedded);
        for finding in findings.into_iter().filter(|finding| finding.grade == Grade::Fail) {
            let advice = finding.advice.map(|advice| format!(". To mend it: {advice}")).unwrap_or_default();
            events.send(RunEvent::Warning(format!("{}: {}{advice}", finding.subject, finding.found)));
        }
    }
}

/// Waits for the brokers' first answer, and says so where that takes a while: nothing else is printed meanwhile.
async fn say_if_slow<T>(answer: impl Future<Output = T>, servers: &str, events: &Events) -> T {
    tokio::pin!(answer);
    if let Ok(answer) = tokio::time::timeout(SILENCE, &mut answer).await {
        return answer;
    }
    let patience = humantime::format_duration(PATIENCE);
    let waiting = format!("no Kafka broker at {servers} has answered yet: trying for {patience}");
    events.send(RunEvent::Warning(waiting));
    answer.await
}
