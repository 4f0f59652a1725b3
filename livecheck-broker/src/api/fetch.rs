//! Fetching, and waiting for something to fetch.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::fetch_request::FetchPartition;
use kafka_protocol::messages::fetch_response::{AbortedTransaction, FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::{FetchRequest, FetchResponse, ProducerId, TopicName};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::log::{Isolation, Slice};
use crate::node::Node;
use crate::topics::{Partition, Registration};

/// From this version on topics are named by their ids.
const BY_ID: i16 = 13;

struct AskedTopic {
    name: TopicName,
    id: Uuid,
    partitions: Vec<Asked>,
}

struct Asked {
    partition: Result<Arc<Partition>, ResponseError>,
    wanted: FetchPartition,
}

/// What one pass over the partitions found, in their order.
struct Read {
    slices: Vec<Vec<Result<Slice, ResponseError>>>,
    size: usize,
    failed: bool,
}

pub(super) async fn fetch(node: &Node, request: FetchRequest, version: i16) -> FetchResponse {
    // Incremental sessions are an optimisation that a broker may decline, which this one does; so no client has
    // one to continue.
    if request.session_id != 0 && request.session_epoch > 0 {
        return FetchResponse::default().with_error_code(ResponseError::FetchSessionIdNotFound.code());
    }
    let isolation = isolation(request.isolation_level);
    let max_bytes = usize::try_from(request.max_bytes).unwrap_or(0);
    // What others do not take away is not multiplied.
    let max_bytes = max_bytes.min(node.settings.max_fetch_bytes).min(node.traffic.room());
    let min_bytes = usize::try_from(request.min_bytes).unwrap_or(0).min(max_bytes);
    let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
    let until = tokio::time::Instant::now() + wait;
    let asked = find(node, request, version);
    let enough = |read: &Read| read.failed || read.size >= min_bytes;

    let mut read = read_all(&asked, max_bytes, isolation, None);
    if !enough(&read) && !wait.is_zero() && asked.iter().any(|topic| !topic.partitions.is_empty()) {
        let waiter = Arc::new(Notify::new());
        let present = asked.iter().flat_map(|topic| &topic.partitions);
        let partitions = present.filter_map(|asked| asked.partition.as_ref().ok().cloned()).collect();
        let registration = Registration { waiter, partitions };
        loop {
            read = read_all(&asked, max_bytes, isolation, Some(&registration.waiter));
            if enough(&read) {
                break;
            }
            if tokio::time::timeout_at(until, registration.waiter.notified()).await.is_err() {
                // Time is up; what has gathered is sent, however little.
                read = read_all(&asked, max_bytes, isolation, None);
                break;
            }
        }
    }
    respond(asked, read, isolation)
}

/// Says this of all that was asked for.
pub(super) fn refused(request: FetchRequest, error: ResponseError) -> FetchResponse {
    let topics = request.topics.into_iter().map(|asked| {
        let partitions = asked
            .partitions
            .iter()
            .map(|wanted| partition_data(wanted.partition, Err(error), Isolation::Uncommitted));
        FetchableTopicResponse::default()
            .with_topic(asked.topic)
            .with_topic_id(asked.topic_id)
            .with_partitions(partitions.collect())
    });
    FetchResponse::default().with_responses(topics.collect())
}

fn find(node: &Node, request: FetchRequest, version: i16) -> Vec<AskedTopic> {
    let by_id = version >= BY_ID;
    let topics = request.topics.into_iter().map(|asked| {
        let topic = if by_id { node.topics.get_by_id(asked.topic_id) } else { node.topics.get(&asked.topic) };
        let unknown =
            if by_id { ResponseError::UnknownTopicId } else { ResponseError::UnknownTopicOrPartition };
        let partitions = asked.partitions.into_iter().map(|wanted| {
            let partition = match &topic {
                None => Err(unknown),
                // There has only ever been one leader.
                Some(_) if wanted.current_leader_epoch > 0 => Err(ResponseError::UnknownLeaderEpoch),
                Some(topic) => {
                    topic.partition(wanted.partition).ok_or(ResponseError::UnknownTopicOrPartition)
                }
            };
            Asked { partition, wanted }
        });
        AskedTopic { name: asked.topic, id: asked.topic_id, partitions: partitions.collect() }
    });
    topics.collect()
}

/// Reads all that was asked for, as much as fits; with a waiter, and so that no change is missed, asks each
/// partition to tell of its next.
fn read_all(
    asked: &[AskedTopic],
    max_bytes: usize,
    isolation: Isolation,
    waiter: Option<&Arc<Notify>>,
) -> Read {
    let mut read = Read { slices: Vec::with_capacity(asked.len()), size: 0, failed: false };
    for topic in asked {
        let mut slices = Vec::with_capacity(topic.partitions.len());
        for Asked { partition, wanted } in &topic.partitions {
            let room = max_bytes.saturating_sub(read.size);
            let room = room.min(usize::try_from(wanted.partition_max_bytes).unwrap_or(0));
            // However small the limits, a reader must get on: the first batch is sent whole.
            let first = read.size == 0;
            let slice = partition.clone().and_then(|partition| {
                let look =
                    |log: &crate::log::PartitionLog| log.read(wanted.fetch_offset, room, first, isolation);
                match waiter {
                    Some(waiter) => partition.look_and_wait(waiter, look),
                    None => partition.look(look),
                }
                .and_then(|slice| slice)
            });
            match &slice {
                Ok(slice) => read.size += slice.size,
                Err(_) => read.failed = true,
            }
            slices.push(slice);
        }
        read.slices.push(slices);
    }
    read
}

fn respond(asked: Vec<AskedTopic>, read: Read, isolation: Isolation) -> FetchResponse {
    let topics = asked.into_iter().zip(read.slices).map(|(topic, slices)| {
        let partitions = topic
            .partitions
            .into_iter()
            .zip(slices)
            .map(|(asked, slice)| partition_data(asked.wanted.partition, slice, isolation));
        FetchableTopicResponse::default()
            .with_topic(topic.name)
            .with_topic_id(topic.id)
            .with_partitions(partitions.collect())
    });
    FetchResponse::default().with_responses(topics.collect())
}

fn partition_data(index: i32, slice: Result<Slice, ResponseError>, isolation: Isolation) -> PartitionData {
    let data = PartitionData::default().with_partition_index(index);
    let slice = match slice {
        Ok(slice) => slice,
        Err(error) => {
            return data
                .with_error_code(error.code())
                .with_high_watermark(-1)
                .with_last_stable_offset(-1)
                .with_log_start_offset(-1)
                .with_aborted_transactions(None)
                .with_records(Some(Bytes::new()));
        }
    };
    let aborted = (isolation == Isolation::Committed).then(|| {
        let aborted = slice.aborted.iter().map(|transaction| {
            AbortedTransaction::default()
                .with_producer_id(ProducerId(transaction.producer_id))
                .with_first_offset(transaction.first_offset)
        });
        aborted.collect()
    });
    data.with_high_watermark(slice.high_watermark)
        .with_last_stable_offset(slice.last_stable)
        .with_log_start_offset(slice.log_start)
        .with_aborted_transactions(aborted)
        .with_records(Some(join(slice.batches, slice.size)))
}

fn join(mut batches: Vec<Bytes>, size: usize) -> Bytes {
    if batches.len() == 1 {
        return batches.remove(0);
    }
    let mut joined = BytesMut::with_capacity(size);
    for batch in batches {
        joined.extend_from_slice(&batch);
    }
    joined.freeze()
}

/// The wire's number for it.
pub(super) fn isolation(level: i8) -> Isolation {
    if level == 1 { Isolation::Committed } else { Isolation::Uncommitted }
}
