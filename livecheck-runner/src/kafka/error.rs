//! What can go wrong before a run is under way.

use std::time::Duration;

use rdkafka::error::KafkaError;

use super::topics::TopicProblem;

/// The Kafka edge could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum KafkaEdgeError {
    /// librdkafka refuses the configuration.
    #[error("the Kafka client cannot be made")]
    Client(#[source] KafkaError),
    /// No broker answered.
    #[error("no Kafka broker at {servers} answered within {}", humantime::format_duration(*waited))]
    Unreachable {
        /// The bootstrap servers.
        servers: String,
        /// How long it was tried.
        waited: Duration,
        /// What librdkafka said.
        #[source]
        source: KafkaError,
    },
    /// What is set at run time cannot be read, or changed.
    #[error("topic `{topic}`, where it stands what is set at run time, cannot be used")]
    Control {
        /// The topic.
        topic: String,
        /// What librdkafka said.
        #[source]
        source: KafkaError,
    },
    /// A table could not be read from its changelog.
    #[error("the table cannot be read: {0}")]
    Table(String),
    /// The topics are not as they must be.
    #[error(transparent)]
    Topics(#[from] TopicProblem),
}
