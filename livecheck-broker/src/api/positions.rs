//! Offsets in the log: by time, by epoch, and where it starts.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsTopicResult,
};
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderTopicResult,
};
use kafka_protocol::messages::{
    DeleteRecordsRequest, DeleteRecordsResponse, ListOffsetsRequest, ListOffsetsResponse,
    OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
};

use super::fetch::isolation;
use crate::log::{Found, Isolation, Want};
use crate::node::Node;

/// The version that says which leader epoch an offset is of.
const WITH_EPOCH: i16 = 4;
/// The epoch of the only leader there ever is.
const LEADER_EPOCH: i32 = 0;

pub(super) fn list(node: &Node, request: ListOffsetsRequest, version: i16) -> ListOffsetsResponse {
    let isolation = isolation(request.isolation_level);
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|asked| {
            let found = if asked.current_leader_epoch > LEADER_EPOCH {
                Err(ResponseError::UnknownLeaderEpoch)
            } else {
                find(node, &topic.name, asked.partition_index, asked.timestamp, isolation)
            };
            position(asked.partition_index, found, version)
        });
        let partitions = partitions.collect();
        ListOffsetsTopicResponse::default().with_name(topic.name).with_partitions(partitions)
    });
    ListOffsetsResponse::default().with_topics(topics.collect())
}

/// Says this of all that was asked for.
pub(super) fn list_refused(
    request: ListOffsetsRequest,
    error: ResponseError,
    version: i16,
) -> ListOffsetsResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions =
            topic.partitions.iter().map(|asked| position(asked.partition_index, Err(error), version));
        let partitions = partitions.collect();
        ListOffsetsTopicResponse::default().with_name(topic.name).with_partitions(partitions)
    });
    ListOffsetsResponse::default().with_topics(topics.collect())
}

fn find(
    node: &Node,
    topic: &str,
    partition: i32,
    timestamp: i64,
    isolation: Isolation,
) -> Result<Option<Found>, ResponseError> {
    let want = match timestamp {
        -1 => Want::Latest,
        // The earliest, and the earliest that is not in remote storage, of which there is none.
        -2 | -4 => Want::Earliest,
        -3 => Want::MaxTimestamp,
        time if time >= 0 => Want::Since(time),
        _ => return Err(ResponseError::UnsupportedVersion),
    };
    node.topics.partition(topic, partition)?.look(|log| log.find(want, isolation))?
}

fn position(
    partition: i32,
    found: Result<Option<Found>, ResponseError>,
    version: i16,
) -> ListOffsetsPartitionResponse {
    let response = ListOffsetsPartitionResponse::default()
        .with_partition_index(partition)
        .with_offset(-1)
        .with_timestamp(-1);
    match found {
        Ok(Some(found)) => {
            let response = response.with_offset(found.offset).with_timestamp(found.timestamp.unwrap_or(-1));
            if version >= WITH_EPOCH { response.with_leader_epoch(LEADER_EPOCH) } else { response }
        }
        Ok(None) => response,
        Err(error) => response.with_error_code(error.code()),
    }
}

/// How far the log of an epoch goes: clients ask to find out whether what they read was cut off since.
pub(super) fn for_leader_epoch(
    node: &Node,
    request: OffsetForLeaderEpochRequest,
) -> OffsetForLeaderEpochResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|asked| {
            let response = EpochEndOffset::default().with_partition(asked.partition);
            let end = node
                .topics
                .partition(&topic.topic, asked.partition)
                .and_then(|partition| partition.look(|log| log.visible_end(Isolation::Uncommitted)));
            match end {
                Err(error) => response.with_error_code(error.code()),
                Ok(_) if asked.current_leader_epoch > LEADER_EPOCH => {
                    response.with_error_code(ResponseError::UnknownLeaderEpoch.code())
                }
                Ok(end) if asked.leader_epoch == LEADER_EPOCH => {
                    response.with_leader_epoch(LEADER_EPOCH).with_end_offset(end)
                }
                // An epoch that never was.
                Ok(_) => response.with_leader_epoch(-1).with_end_offset(-1),
            }
        });
        let partitions = partitions.collect();
        OffsetForLeaderTopicResult::default().with_topic(topic.topic).with_partitions(partitions)
    });
    OffsetForLeaderEpochResponse::default().with_topics(topics.collect())
}

pub(super) fn delete_records(node: &Node, request: DeleteRecordsRequest) -> DeleteRecordsResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|asked| {
            let start = node.topics.partition(&topic.name, asked.partition_index).and_then(|partition| {
                partition.change(|log| {
                    // -1 stands for the end.
                    let before = match asked.offset {
                        -1 => log.visible_end(Isolation::Uncommitted),
                        offset => offset,
                    };
                    log.delete_before(before)
                })?
            });
            let result = DeleteRecordsPartitionResult::default().with_partition_index(asked.partition_index);
            match start {
                Ok(start) => result.with_low_watermark(start),
                Err(error) => result.with_low_watermark(-1).with_error_code(error.code()),
            }
        });
        let partitions = partitions.collect();
        DeleteRecordsTopicResult::default().with_name(topic.name).with_partitions(partitions)
    });
    DeleteRecordsResponse::default().with_topics(topics.collect())
}
