//! What the monitor of a group has kept, for commands that ask.

use std::time::Duration;

use super::RunnerError;
use super::broker::Running;
use crate::args::exit_code;
use crate::config::Config;
use crate::kafka::{Connection, Inspection, KafkaEdgeError};
use crate::monitor::{Kept, OwnTopic};

/// How long the brokers may take to answer, and what is kept to be read.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// All that is kept of the configured group, if brokers are configured, and it can be read within that time.
pub(super) async fn kept_within(config: &Config, patience: Duration) -> Option<Kept> {
    let Running::Configured(connection) = Running::find(config)? else { return None };
    let topic = connection.topics.monitor_topic.clone();
    let group = config.group.clone();
    let read = connection.ask(move |connection| {
        // Of a topic that is not there no end would be found.
        let inspection = Inspection::reach(connection, patience).ok()?;
        inspection.partitions(&topic)?;
        let (own, mut kept) = (OwnTopic::open(connection, &group).ok()?, Kept::default());
        own.read_to_end_within(patience, |record| kept.take(record)).then_some(kept)
    });
    read.await
}

/// All that is kept of a group.
pub(super) async fn kept(
    connection: &Connection,
    inspection: &Inspection,
    group: &str,
) -> Result<Kept, RunnerError> {
    let topic = connection.topics.monitor_topic.clone();
    if inspection.partitions(&topic).is_none() {
        return Err(RunnerError::refused(
            format!("nothing is known of any case: there is no topic `{topic}`"),
            "the first runner of a group creates it; is one running, on these brokers?",
            exit_code::SETUP_FAILED,
        ));
    }
    let kept = {
        let group = group.to_owned();
        connection.ask(move |connection| {
            let (own, mut kept) = (OwnTopic::open(connection, &group)?, Kept::default());
            let is_whole = own.read_to_end_within(PATIENCE, |record| kept.take(record));
            Ok::<_, KafkaEdgeError>(is_whole.then_some(kept))
        })
    };
    kept.await?.ok_or_else(|| {
        let patience = humantime::format_duration(PATIENCE);
        RunnerError::refused(
            format!("topic `{topic}` was not read to its end within {patience}"),
            "`doctor` looks whether the brokers are well",
            exit_code::SETUP_FAILED,
        )
    })
}
