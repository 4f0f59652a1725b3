//! How far the consumer group of a service is behind: asked where a signal of that service stays out.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use livecheck_core::wire::{ConsumerLag, TopicLag};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::OnceCell;

use super::connection::{BusContext, Connection};

/// For how long an answer holds: when a service is down, thousands of executions want to know.
const FRESH: Duration = Duration::from_secs(5);
/// How long a verdict waits for the answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a single request to the brokers may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(1);
/// Of how many groups answers are remembered.
const MOST_GROUPS: usize = 100;
/// How many partitions a cluster may have for all of them to be looked through.
const MOST_PARTITIONS: usize = 20_000;
/// Of how many partitions the ends are asked for.
const MOST_ENDS: usize = 256;

/// What is known of consumer groups.
#[derive(Clone)]
pub(crate) struct ConsumerLags {
    connection: Connection,
    asked: Arc<Mutex<HashMap<String, Question>>>,
}

/// A question that is under way, or has been answered.
#[derive(Clone)]
struct Question {
    at: Instant,
    answer: Arc<OnceCell<Option<ConsumerLag>>>,
}

impl ConsumerLags {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection, asked: Arc::default() }
    }

    /// How far that group is behind, if the brokers say so before long.
    pub(crate) async fn of(&self, group: &str) -> Option<ConsumerLag> {
        let answer = self.question(group).answer;
        let asking = answer.get_or_init(|| async {
            let group = group.to_owned();
            let asked = self.connection.ask(move |connection| lag(connection, &group)).await;
            asked
                .inspect_err(|error| tracing::debug!(%error, "asking how far a group is behind"))
                .ok()
                .flatten()
        });
        tokio::time::timeout(PATIENCE, asking).await.ok().and_then(Clone::clone)
    }

    /// The question about that group that was asked last, if its answer still holds; else a new one.
    fn question(&self, group: &str) -> Question {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(question) = asked.get(group).filter(|question| question.at.elapsed() < FRESH) {
            return question.clone();
        }
        if asked.len() >= MOST_GROUPS {
            asked.clear();
        }
        let question = Question { at: Instant::now(), answer: Arc::default() };
        asked.insert(group.to_owned(), question.clone());
        question
    }
}

/// What the brokers say; nothing, where the group has committed no offset and has no member. Blocks.
fn lag(connection: &Connection, group: &str) -> KafkaResult<Option<ConsumerLag>> {
    let consumer = connection.observer_of(group)?;
    let members = members(&consumer, group);
    let committed = consumer.committed_offsets(all_partitions(&consumer)?, REQUEST_TIMEOUT)?;
    let mut topics = BTreeMap::<String, u64>::new();
    let committed = committed.elements();
    let committed = committed.iter().filter_map(|element| match element.offset() {
        Offset::Offset(offset) => Some((element.topic(), element.partition(), offset)),
        _ => None,
    });
    for (topic, partition, offset) in committed.take(MOST_ENDS) {
        let (beginning, end) = consumer.fetch_watermarks(topic, partition, REQUEST_TIMEOUT)?;
        // What retention has taken away nobody has to read any more.
        let behind = end.saturating_sub(offset.max(beginning));
        *topics.entry(topic.to_owned()).or_default() += u64::try_from(behind).unwrap_or(0);
    }
    if topics.is_empty() && members.unwrap_or(0) == 0 {
        return Ok(None);
    }
    let lag = topics.values().sum();
    let topics = topics.into_iter().map(|(topic, lag)| TopicLag { topic, lag }).collect();
    Ok(Some(ConsumerLag { group: group.to_owned(), lag, topics, members }))
}

/// How many members the group has. A group of the newer protocol (KIP-848) seems dead to who asks in the older one: of
/// such a one it is unknown.
fn members(consumer: &BaseConsumer<BusContext>, group: &str) -> Option<u32> {
    let list = consumer.fetch_group_list(Some(group), REQUEST_TIMEOUT).ok()?;
    let found = list.groups().iter().find(|found| found.name() == group)?;
    match found.state() {
        "Dead" | "" => None,
        _ => u32::try_from(found.members().len()).ok(),
    }
}

/// All the partitions that there are, but for those of Kafka's own topics: which of them a group reads only the
/// group knows.
fn all_partitions(consumer: &BaseConsumer<BusContext>) -> KafkaResult<TopicPartitionList> {
    let metadata = consumer.fetch_metadata(None, REQUEST_TIMEOUT)?;
    let mut all = TopicPartitionList::new();
    let topics = metadata.topics().iter().filter(|topic| !topic.name().starts_with("__"));
    for (topic, partition) in topics
        .flat_map(|topic| topic.partitions().iter().map(move |partition| (topic.name(), partition.id())))
        .take(MOST_PARTITIONS)
    {
        all.add_partition(topic, partition);
    }
    Ok(all)
}
