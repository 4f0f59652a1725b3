//! Offsets that are to be committed: what is asked, and answered, alike at once and in a transaction.

use std::sync::Arc;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::TopicName;
use kafka_protocol::messages::offset_commit_request::OffsetCommitRequestTopic;
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::txn_offset_commit_request::TxnOffsetCommitRequestTopic;
use kafka_protocol::messages::txn_offset_commit_response::{
    TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use kafka_protocol::protocol::StrBytes;

use super::membership::code;
use crate::groups::{Committed, Pending};
use crate::node::Node;
use crate::transactions::TopicPartition;

/// What a request asks to be committed, in its order.
pub(super) struct AskedOffsets(Vec<(TopicName, Vec<AskedOffset>)>);

struct AskedOffset {
    partition: i32,
    offset: i64,
    leader_epoch: i32,
    metadata: Option<StrBytes>,
}

/// What became of each, in the order of the request.
pub(super) struct Outcomes(Vec<(TopicName, Vec<Outcome>)>);

type Outcome = (i32, Result<(), ResponseError>);

impl AskedOffsets {
    /// What can be committed, and what is wrong with the rest.
    pub(super) fn check(self, node: &Node) -> (Pending, Outcomes) {
        let mut acceptable = Pending::new();
        let topics = self.0.into_iter().map(|(name, partitions)| {
            let topic = node.topics.get(&name);
            let outcomes = partitions.into_iter().map(|asked| {
                let metadata = asked.metadata.as_ref().map(StrBytes::as_str).unwrap_or_default();
                let outcome = match topic.as_ref().filter(|topic| topic.partition(asked.partition).is_some())
                {
                    None => Err(ResponseError::UnknownTopicOrPartition),
                    Some(_) if metadata.len() > node.settings.max_offset_metadata => {
                        Err(ResponseError::OffsetMetadataTooLarge)
                    }
                    Some(topic) => {
                        let at =
                            TopicPartition { topic: Arc::clone(&topic.name), partition: asked.partition };
                        let committed = Committed {
                            offset: asked.offset,
                            leader_epoch: asked.leader_epoch,
                            metadata: metadata.to_owned(),
                        };
                        acceptable.push((at, committed));
                        Ok(())
                    }
                };
                (asked.partition, outcome)
            });
            (name, outcomes.collect())
        });
        let outcomes = Outcomes(topics.collect());
        (acceptable, outcomes)
    }

    /// The same error for all of it.
    pub(super) fn refuse(self, error: ResponseError) -> Outcomes {
        let topics = self.0.into_iter().map(|(name, partitions)| {
            (name, partitions.iter().map(|asked| (asked.partition, Err(error))).collect())
        });
        Outcomes(topics.collect())
    }
}

impl Outcomes {
    /// With how it went for what could be committed.
    pub(super) fn and(mut self, committed: Result<(), ResponseError>) -> Self {
        for (_, outcome) in self.0.iter_mut().flat_map(|(_, partitions)| partitions) {
            *outcome = outcome.and(committed);
        }
        self
    }
}

/// The two requests have types of their own, which are alike to the letter, and so have their answers.
macro_rules! read_and_answer {
    ($($asked:ty => $answered:ident of $partition:ident;)*) => {$(
        impl From<Vec<$asked>> for AskedOffsets {
            fn from(topics: Vec<$asked>) -> Self {
                let topics = topics.into_iter().map(|topic| {
                    let partitions = topic.partitions.into_iter().map(|asked| AskedOffset {
                        partition: asked.partition_index,
                        offset: asked.committed_offset,
                        leader_epoch: asked.committed_leader_epoch,
                        metadata: asked.committed_metadata,
                    });
                    (topic.name, partitions.collect())
                });
                Self(topics.collect())
            }
        }

        impl From<Outcomes> for Vec<$answered> {
            fn from(outcomes: Outcomes) -> Self {
                let topics = outcomes.0.into_iter().map(|(name, partitions)| {
                    let partitions = partitions.into_iter().map(|(partition, outcome)| {
                        $partition::default().with_partition_index(partition).with_error_code(code(outcome))
                    });
                    $answered::default().with_name(name).with_partitions(partitions.collect())
                });
                topics.collect()
            }
        }
    )*};
}

read_and_answer! {
    OffsetCommitRequestTopic => OffsetCommitResponseTopic of OffsetCommitResponsePartition;
    TxnOffsetCommitRequestTopic => TxnOffsetCommitResponseTopic of TxnOffsetCommitResponsePartition;
}
