//! Which topics there are: asked once, and looked at by all who want some.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaResult;

use super::connection::{Connection, REQUEST_TIMEOUT};
use super::error::KafkaEdgeError;
use super::topics::TopicProblem;

/// The topics that there were at one moment, with their partition counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inspection(BTreeMap<String, usize>);

impl Inspection {
    /// Asks for them. Changes nothing.
    pub(crate) async fn of(connection: &Connection) -> Result<Self, KafkaEdgeError> {
        connection.ask(Self::ask).await
    }

    fn ask(connection: &Connection) -> Result<Self, KafkaEdgeError> {
        let read = read(connection, REQUEST_TIMEOUT)?;
        Ok(read.map_err(TopicProblem::Inspect)?)
    }

    /// The same, for as long as no broker answers, up to that. Blocks.
    pub(crate) fn reach(connection: &Connection, patience: Duration) -> Result<Self, KafkaEdgeError> {
        read(connection, patience)?.map_err(|source| KafkaEdgeError::Unreachable {
            servers: connection.servers.clone(),
            waited: patience,
            source,
        })
    }

    /// How many partitions a topic has; none if it is not there.
    pub(crate) fn partitions(&self, topic: &str) -> Option<usize> {
        self.0.get(topic).copied()
    }
}

fn read(connection: &Connection, patience: Duration) -> Result<KafkaResult<Inspection>, KafkaEdgeError> {
    // Of all topics: to ask for one by its name would create it, where brokers create what is asked for.
    let metadata = connection.inquirer()?.fetch_metadata(None, patience);
    Ok(metadata
        .map(|found| found.topics().iter().map(|topic| (topic.name(), topic.partitions().len())).collect()))
}

impl<'n> FromIterator<(&'n str, usize)> for Inspection {
    /// A topic without partitions is one that is not there.
    fn from_iter<I: IntoIterator<Item = (&'n str, usize)>>(topics: I) -> Self {
        let there = topics.into_iter().filter(|(_, count)| *count > 0);
        Self(there.map(|(name, count)| (name.to_owned(), count)).collect())
    }
}
