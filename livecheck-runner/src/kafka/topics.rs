//! LiveCheck's three topics: there, and co-partitioned.

use std::time::{Duration, Instant};

use livecheck_core::Topics;
use rdkafka::admin::{AdminOptions, NewTopic, TopicReplication};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::connection::{Connection, LARGEST_OF_OURS, REQUEST_TIMEOUT};
use super::error::KafkaEdgeError;
use super::inspection::Inspection;
use super::internal_topics::Keeps;
use super::{checkpoints, keys};

/// How long topics that have just been created may take to be known everywhere.
const SETTLE: Duration = Duration::from_secs(30);
/// The pause before it is asked again whether they are.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// The topics are not as they must be.
#[derive(Debug, thiserror::Error)]
pub enum TopicProblem {
    /// Two of the topics have different partition counts.
    #[error(
        "topic `{first}` has {first_partitions} partitions and topic `{second}` has {second_partitions}: what \
         belongs to one test would be in partitions of different runners. Give `{fewer}` {most} partitions \
         (kafka-topics.sh --alter --topic {fewer} --partitions {most}), or name other topics in the \
         configuration",
        fewer = if first_partitions < second_partitions { first } else { second },
        most = first_partitions.max(second_partitions)
    )]
    Partitions {
        /// One topic.
        first: String,
        /// Its partition count.
        first_partitions: usize,
        /// The other.
        second: String,
        /// Its partition count.
        second_partitions: usize,
    },
    /// A topic is not there, and could not be created.
    #[error(
        "topic `{topic}` is not there and could not be created: {reason}. Create it with {partitions} partitions"
    )]
    Create {
        /// The topic.
        topic: String,
        /// The partition count that it must have.
        partitions: usize,
        /// What the broker said.
        reason: String,
    },
    /// The brokers did not answer what was asked about the topics.
    #[error("the topics could not be inspected")]
    Inspect(#[source] KafkaError),
}

/// What there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoundTopics {
    /// By name, in the order test, bus, report: the partition count, if the topic is there.
    pub(crate) partitions: [(String, Option<usize>); 3],
}

impl FoundTopics {
    /// Those of that name.
    pub(crate) fn of(topics: &Topics, inspection: &Inspection) -> Self {
        let names = [&topics.test_topic, &topics.bus_topic, &topics.report_topic];
        Self { partitions: names.map(|name| (name.clone(), inspection.partitions(name))) }
    }

    /// Whether those that are there have one partition count; which it is.
    pub(crate) fn co_partitioned(&self) -> Result<Option<usize>, TopicProblem> {
        let mut there = self.partitions.iter().filter_map(|(name, count)| Some((name, (*count)?)));
        let Some((first, count)) = there.next() else { return Ok(None) };
        match there.find(|(_, other)| *other != count) {
            None => Ok(Some(count)),
            Some((second, other)) => Err(TopicProblem::Partitions {
                first: first.clone(),
                first_partitions: count,
                second: second.clone(),
                second_partitions: other,
            }),
        }
    }
}

/// Creates the topics that are not there, and checks that all have one partition count.
pub(crate) async fn ensure_topics(
    connection: &Connection,
    inspection: &Inspection,
    partitions: i32,
    replication_factor: Option<i32>,
) -> Result<FoundTopics, KafkaEdgeError> {
    let mut found = FoundTopics::of(&connection.topics, inspection);
    let mut count = found.co_partitioned()?.unwrap_or_else(|| usize::try_from(partitions).unwrap_or(1));
    let missing = found.partitions.iter().filter(|(_, there)| there.is_none()).map(|(name, _)| name.clone());
    let (reports, others): (Vec<String>, Vec<String>) =
        missing.partition(|name| *name == connection.topics.report_topic);
    // Verdicts are by the log's own time: one clock for all senders.
    let by_broker = ("message.timestamp.type", "LogAppendTime");
    let of_reports = &[by_broker, ("max.message.bytes", LARGEST_OF_OURS)];
    for (missing, settings) in [(others, &[by_broker][..]), (reports, of_reports)] {
        if missing.is_empty() {
            continue;
        }
        create(connection, &missing, settings, count, replication_factor).await?;
        // One that somebody else has created meanwhile may have another count.
        found = until_there(connection, &missing).await?;
        count = found.co_partitioned()?.unwrap_or(count);
    }
    Ok(found)
}

async fn create(
    connection: &Connection,
    missing: &[String],
    settings: &[(&str, &str)],
    partitions: usize,
    replication_factor: Option<i32>,
) -> Result<(), KafkaEdgeError> {
    if missing.is_empty() {
        return Ok(());
    }
    let count = i32::try_from(partitions).unwrap_or(i32::MAX);
    let topics: Vec<_> = missing
        .iter()
        .map(|name| {
            let topic = NewTopic::new(name, count, TopicReplication::Fixed(replication_factor.unwrap_or(-1)));
            settings.iter().fold(topic, |topic, (key, value)| topic.set(key, value))
        })
        .collect();
    let options = AdminOptions::new().operation_timeout(Some(REQUEST_TIMEOUT));
    let results =
        connection.admin()?.create_topics(&topics, &options).await.map_err(TopicProblem::Inspect)?;
    for result in results {
        match result {
            // Another runner may have been faster.
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => {
                return Err(TopicProblem::Create { topic, partitions, reason: code.to_string() }.into());
            }
        }
    }
    Ok(())
}

/// Waits until those topics, which were just created, are known.
async fn until_there(connection: &Connection, created: &[String]) -> Result<FoundTopics, KafkaEdgeError> {
    let deadline = Instant::now() + SETTLE;
    loop {
        let found = FoundTopics::of(&connection.topics, &Inspection::of(connection).await?);
        let mut of_created = found.partitions.iter().filter(|(name, _)| created.contains(name));
        let missing = of_created.find(|(_, count)| count.is_none());
        match missing {
            None => return Ok(found),
            Some((topic, _)) if Instant::now() >= deadline => return Err(not_there(topic).into()),
            Some(_) => tokio::time::sleep(ASK_AGAIN).await,
        }
    }
}

fn not_there(topic: &str) -> TopicProblem {
    let reason = format!("it did not appear within {}", humantime::format_duration(SETTLE));
    TopicProblem::Create { topic: topic.to_owned(), partitions: 0, reason }
}

/// Creates a group's own topics, where they are not there, with as many partitions as the others have, and checks
/// that they have them.
pub(crate) async fn ensure_group_topics(
    connection: &Connection,
    inspection: &Inspection,
    group: &str,
    partitions: usize,
    replication_factor: Option<i32>,
) -> Result<(), KafkaEdgeError> {
    for (topic, keeps) in [(checkpoints::topic_of(group), Keeps::Latest), (keys::topic_of(group), Keeps::All)]
    {
        let settings = keeps.settings();
        ensure_co_partitioned(connection, inspection, topic, settings, partitions, replication_factor)
            .await?;
    }
    Ok(())
}

/// Creates the changelog of a table, where it is not there, and checks that it has as many partitions as the others.
pub(crate) async fn ensure_changelog(
    connection: &Connection,
    inspection: &Inspection,
    topic: String,
    partitions: usize,
    replication_factor: Option<i32>,
) -> Result<(), KafkaEdgeError> {
    let settings = Keeps::Rows.settings();
    ensure_co_partitioned(connection, inspection, topic, settings, partitions, replication_factor).await
}

/// Whether there is that changelog; if so, with as many partitions as the others.
pub(crate) fn changelog_is_there(
    connection: &Connection,
    inspection: &Inspection,
    topic: String,
    partitions: usize,
) -> Result<bool, KafkaEdgeError> {
    match inspection.partitions(&topic) {
        None => Ok(false),
        Some(count) => co_partitioned(connection, topic, partitions, count).map(|()| true),
    }
}

async fn ensure_co_partitioned(
    connection: &Connection,
    inspection: &Inspection,
    topic: String,
    settings: &[(&str, &str)],
    partitions: usize,
    replication_factor: Option<i32>,
) -> Result<(), KafkaEdgeError> {
    let count = ensure(connection, inspection, &topic, settings, partitions, replication_factor).await?;
    co_partitioned(connection, topic, partitions, count)
}

/// Whether a topic has as many partitions as the others.
fn co_partitioned(
    connection: &Connection,
    topic: String,
    partitions: usize,
    count: usize,
) -> Result<(), KafkaEdgeError> {
    if count == partitions {
        return Ok(());
    }
    Err(TopicProblem::Partitions {
        first: connection.topics.test_topic.clone(),
        first_partitions: partitions,
        second: topic,
        second_partitions: count,
    }
    .into())
}

/// Creates a topic, where it was not there, and waits until it is known. Gives the partitions that it has.
pub(super) async fn ensure(
    connection: &Connection,
    inspection: &Inspection,
    topic: &str,
    settings: &[(&str, &str)],
    partitions: usize,
    replication_factor: Option<i32>,
) -> Result<usize, KafkaEdgeError> {
    let deadline = Instant::now() + SETTLE;
    let mut count = inspection.partitions(topic);
    loop {
        if let Some(count) = count {
            return Ok(count);
        }
        if Instant::now() >= deadline {
            return Err(not_there(topic).into());
        }
        create(connection, &[topic.to_owned()], settings, partitions, replication_factor).await?;
        count = Inspection::of(connection).await?.partitions(topic);
        if count.is_none() {
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(counts: [Option<usize>; 3]) -> FoundTopics {
        let mut counts = counts.into_iter();
        let partitions = ["livecheck", "livecheck-bus", "livecheck-report"]
            .map(|name| (name.to_owned(), counts.next().flatten()));
        FoundTopics { partitions }
    }

    #[test]
    fn topics_that_are_there_must_agree() {
        assert!(matches!(found([None, None, None]).co_partitioned(), Ok(None)));
        assert!(matches!(found([Some(8), None, Some(8)]).co_partitioned(), Ok(Some(8))));
        let problem = found([Some(8), Some(4), None]).co_partitioned().expect_err("8 is not 4");
        assert_eq!(
            problem.to_string(),
            "topic `livecheck` has 8 partitions and topic `livecheck-bus` has 4: what belongs to one test \
             would be in partitions of different runners. Give `livecheck-bus` 8 partitions (kafka-topics.sh --alter --topic \
             livecheck-bus --partitions 8), or name other topics in the configuration"
        );
    }
}
