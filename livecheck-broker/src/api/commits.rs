//! Offsets that groups commit and fetch back.

use std::sync::Arc;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::asked_offsets::AskedOffsets;
use crate::groups::{Claim, Fetched};
use crate::node::Node;
use crate::transactions::TopicPartition;

/// The version that asks for many groups at once.
const MANY_GROUPS: i16 = 8;

pub(super) fn commit(node: &Node, request: OffsetCommitRequest) -> OffsetCommitResponse {
    let (acceptable, outcomes) = AskedOffsets::from(request.topics).check(node);
    let claim = Claim {
        member_id: &request.member_id,
        instance_id: request.group_instance_id.as_deref(),
        generation: request.generation_id_or_member_epoch,
    };
    let committed = if request.group_id.is_empty() {
        Err(ResponseError::InvalidGroupId)
    } else if acceptable.is_empty() {
        Ok(())
    } else {
        node.groups.with_or_create(&request.group_id, |group, now, _| group.commit(claim, acceptable, now))
    };
    OffsetCommitResponse::default().with_topics(outcomes.and(committed).into())
}

/// Says this of all that was to be committed.
pub(super) fn commit_refused(request: OffsetCommitRequest, error: ResponseError) -> OffsetCommitResponse {
    OffsetCommitResponse::default().with_topics(AskedOffsets::from(request.topics).refuse(error).into())
}

/// Says this of all groups asked for.
pub(super) fn fetch_refused(
    request: OffsetFetchRequest,
    error: ResponseError,
    version: i16,
) -> OffsetFetchResponse {
    if version < MANY_GROUPS {
        return OffsetFetchResponse::default().with_error_code(error.code());
    }
    let groups = request.groups.into_iter().map(|asked| {
        OffsetFetchResponseGroup::default().with_group_id(asked.group_id).with_error_code(error.code())
    });
    OffsetFetchResponse::default().with_groups(groups.collect())
}

/// Which partitions of one group are asked for: all that have an offset, or these.
type Asked = Option<Vec<(TopicName, Vec<i32>)>>;

/// What was found, by topic.
type Answered = Vec<(TopicName, Vec<(i32, Fetched)>)>;

pub(super) fn fetch(node: &Node, request: OffsetFetchRequest, version: i16) -> OffsetFetchResponse {
    let only_stable = request.require_stable;
    if version >= MANY_GROUPS {
        let groups = request.groups.into_iter().map(|asked| {
            let topics = asked.topics.map(|topics| {
                topics.into_iter().map(|topic| (topic.name, topic.partition_indexes)).collect()
            });
            let topics = find(node, &asked.group_id, topics, only_stable).into_iter().map(|(name, found)| {
                let partitions = found.into_iter().map(|(index, fetched)| {
                    let (offset, epoch, metadata, error) = on_wire(fetched);
                    OffsetFetchResponsePartitions::default()
                        .with_partition_index(index)
                        .with_committed_offset(offset)
                        .with_committed_leader_epoch(epoch)
                        .with_metadata(Some(metadata))
                        .with_error_code(error)
                });
                OffsetFetchResponseTopics::default().with_name(name).with_partitions(partitions.collect())
            });
            let topics = topics.collect();
            OffsetFetchResponseGroup::default().with_group_id(asked.group_id).with_topics(topics)
        });
        return OffsetFetchResponse::default().with_groups(groups.collect());
    }
    let asked = request
        .topics
        .map(|topics| topics.into_iter().map(|topic| (topic.name, topic.partition_indexes)).collect());
    let topics = find(node, &request.group_id, asked, only_stable).into_iter().map(|(name, found)| {
        let partitions = found.into_iter().map(|(index, fetched)| {
            let (offset, epoch, metadata, error) = on_wire(fetched);
            OffsetFetchResponsePartition::default()
                .with_partition_index(index)
                .with_committed_offset(offset)
                .with_committed_leader_epoch(epoch)
                .with_metadata(Some(metadata))
                .with_error_code(error)
        });
        OffsetFetchResponseTopic::default().with_name(name).with_partitions(partitions.collect())
    });
    OffsetFetchResponse::default().with_topics(topics.collect())
}

fn find(node: &Node, group: &str, asked: Asked, only_stable: bool) -> Answered {
    let found = node.groups.with(group, |group, _, _| {
        let Some(asked) = &asked else {
            let mut all: Answered = Vec::new();
            for at in group.committed_partitions() {
                let fetched = group.fetch_offset(&at, only_stable);
                match all.last_mut() {
                    Some((name, partitions)) if name.as_str() == &*at.topic => {
                        partitions.push((at.partition, fetched));
                    }
                    _ => {
                        let name = TopicName(StrBytes::from_string(at.topic.to_string()));
                        all.push((name, vec![(at.partition, fetched)]));
                    }
                }
            }
            return all;
        };
        let topics = asked.iter().map(|(name, partitions)| {
            let topic: Arc<str> = Arc::from(name.as_str());
            let fetched = partitions.iter().map(|&partition| {
                let at = TopicPartition { topic: Arc::clone(&topic), partition };
                (partition, group.fetch_offset(&at, only_stable))
            });
            (name.clone(), fetched.collect())
        });
        topics.collect()
    });
    // A group that is not there has committed nothing, which is no error.
    found.unwrap_or_else(|| {
        let nothing = |partitions: Vec<i32>| partitions.into_iter().map(|index| (index, Fetched::None));
        asked
            .unwrap_or_default()
            .into_iter()
            .map(|(name, partitions)| (name, nothing(partitions).collect()))
            .collect()
    })
}

fn on_wire(fetched: Fetched) -> (i64, i32, StrBytes, i16) {
    match fetched {
        Fetched::Committed(committed) => {
            (committed.offset, committed.leader_epoch, StrBytes::from_string(committed.metadata), 0)
        }
        Fetched::None => (-1, -1, StrBytes::default(), 0),
        Fetched::Unstable => (-1, -1, StrBytes::default(), ResponseError::UnstableOffsetCommit.code()),
    }
}
