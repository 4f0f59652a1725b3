//! The group of the runners, and how far it is with the test topic.

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};

use super::client;
use super::trouble::Troubles;
use crate::kafka::connection::{Connection, REQUEST_TIMEOUT};

/// The consumer group, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// As the coordinator names it: `Stable`, `Empty`; nothing if it does not know the group.
    pub(crate) state: String,
    /// Where its members are; those that have died and have not been missed yet are among them.
    pub(crate) hosts: Vec<String>,
    /// By partition.
    pub(crate) positions: Vec<Position>,
}

/// How far a group is with a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) partition: i32,
    /// The first offset that there is.
    pub(crate) beginning: i64,
    /// The one after the last.
    pub(crate) end: i64,
    /// What the group has committed.
    pub(crate) committed: Option<i64>,
}

impl Position {
    /// How many records the group has not done.
    pub(crate) fn lag(&self) -> i64 {
        (self.end - self.committed.unwrap_or(self.beginning).max(self.beginning)).max(0)
    }

    /// Whether records have gone that the group had still to read.
    pub(crate) fn is_out_of_range(&self) -> bool {
        self.committed.is_some_and(|committed| committed < self.beginning)
    }
}

/// Looks at the group, and at how far it is with the test topic. Blocks.
pub(crate) fn group(connection: &Connection, name: &str, partitions: usize) -> Result<Group, KafkaError> {
    let settings = [("group.id", name), ("enable.auto.commit", "false")];
    let consumer: BaseConsumer<Troubles> = client(connection, &settings, Troubles::default())?;
    let list = consumer.fetch_group_list(Some(name), REQUEST_TIMEOUT)?;
    let found = list.groups().iter().find(|group| group.name() == name);
    let members = found.map(rdkafka::groups::GroupInfo::members).unwrap_or_default();
    let topic = &connection.topics.test_topic;
    let mut asked = TopicPartitionList::new();
    let numbers: Vec<i32> = (0..).take(partitions).collect();
    for partition in &numbers {
        asked.add_partition(topic, *partition);
    }
    let committed = consumer.committed_offsets(asked, REQUEST_TIMEOUT)?;
    let position = |partition: i32| {
        let (beginning, end) = consumer.fetch_watermarks(topic, partition, REQUEST_TIMEOUT)?;
        let committed = match committed.find_partition(topic, partition).map(|found| found.offset()) {
            Some(Offset::Offset(offset)) => Some(offset),
            _ => None,
        };
        Ok(Position { partition, beginning, end, committed })
    };
    Ok(Group {
        state: found.map(|group| group.state().to_owned()).unwrap_or_default(),
        hosts: members.iter().map(|member| member.client_host().to_owned()).collect(),
        positions: numbers.into_iter().map(position).collect::<Result<_, KafkaError>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_committed_is_read_from_the_beginning() {
        let position = |committed| Position { partition: 0, beginning: 10, end: 25, committed };
        assert_eq!(position(Some(20)).lag(), 5);
        assert_eq!(position(None).lag(), 15);
        assert_eq!(position(Some(30)).lag(), 0);
        assert!(position(Some(9)).is_out_of_range() && position(Some(9)).lag() == 15);
        assert!(!position(None).is_out_of_range());
    }
}
