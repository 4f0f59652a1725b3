//! Transactions.

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnTopicResult,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse,
    EndTxnRequest, EndTxnResponse, InitProducerIdRequest, InitProducerIdResponse, ProducerId,
    TxnOffsetCommitRequest, TxnOffsetCommitResponse,
};

use super::asked_offsets::AskedOffsets;
use super::membership::code;
use crate::groups::Claim;
use crate::log::{Producer, Verdict};
use crate::node::Node;
use crate::transactions::{Identity, TopicPartition};

/// Requests below these versions come from clients that do not know the error for a fenced producer.
const INIT_KNOWS_FENCED: i16 = 4;
const KNOWS_FENCED: i16 = 2;

pub(super) fn init_producer_id(
    node: &Node,
    request: &InitProducerIdRequest,
    version: i16,
) -> InitProducerIdResponse {
    let registered = match &request.transactional_id {
        // Idempotent alone: nothing is shared, so nobody needs fencing.
        None => Ok(Producer { id: node.fresh_producer_id(), epoch: 0 }),
        Some(id) if id.is_empty() => Err(ResponseError::InvalidRequest),
        Some(id) => {
            let timeout = u64::try_from(request.transaction_timeout_ms).unwrap_or(0);
            let timeout = Duration::from_millis(timeout);
            let identity = match request.producer_id.0 {
                -1 => Identity::New,
                id => Identity::Known(Producer { id, epoch: request.producer_epoch }),
            };
            if timeout.is_zero() || timeout > node.settings.max_transaction_timeout {
                Err(ResponseError::InvalidTransactionTimeout)
            } else {
                node.register_producer(id, identity, timeout)
            }
        }
    };
    match registered {
        Ok(producer) => InitProducerIdResponse::default()
            .with_producer_id(ProducerId(producer.id))
            .with_producer_epoch(producer.epoch),
        Err(error) => InitProducerIdResponse::default()
            .with_error_code(fenced_as(error, version >= INIT_KNOWS_FENCED).code())
            .with_producer_id(ProducerId(-1))
            .with_producer_epoch(-1),
    }
}

pub(super) fn add_partitions(
    node: &Node,
    request: AddPartitionsToTxnRequest,
    version: i16,
) -> AddPartitionsToTxnResponse {
    let producer =
        Producer { id: request.v3_and_below_producer_id.0, epoch: request.v3_and_below_producer_epoch };
    let asked: Vec<_> = request
        .v3_and_below_topics
        .into_iter()
        .map(|topic| {
            let known = node.topics.get(&topic.name);
            let partitions: Vec<_> = topic
                .partitions
                .into_iter()
                .map(|partition| {
                    let at = known
                        .as_ref()
                        .filter(|topic| topic.partition(partition).is_some())
                        .map(|topic| TopicPartition { topic: Arc::clone(&topic.name), partition });
                    (partition, at)
                })
                .collect();
            (topic.name, partitions)
        })
        .collect();
    let wanted = || asked.iter().flat_map(|(_, partitions)| partitions);
    // All or none.
    let added = if wanted().any(|(_, at)| at.is_none()) {
        Err(ResponseError::OperationNotAttempted)
    } else {
        node.in_transaction(&request.v3_and_below_transactional_id, |transaction, now| {
            transaction.add_partitions(producer, wanted().filter_map(|(_, at)| at.clone()), now)
        })
        .map_err(|error| fenced_as(error, version >= KNOWS_FENCED))
    };
    let results = asked.into_iter().map(|(name, partitions)| {
        let results = partitions.into_iter().map(|(partition, at)| {
            let outcome = if at.is_none() { Err(ResponseError::UnknownTopicOrPartition) } else { added };
            AddPartitionsToTxnPartitionResult::default()
                .with_partition_index(partition)
                .with_partition_error_code(code(outcome))
        });
        AddPartitionsToTxnTopicResult::default().with_name(name).with_results_by_partition(results.collect())
    });
    AddPartitionsToTxnResponse::default().with_results_by_topic_v3_and_below(results.collect())
}

/// Says this of all that was to be added.
pub(super) fn add_partitions_refused(
    request: AddPartitionsToTxnRequest,
    error: ResponseError,
) -> AddPartitionsToTxnResponse {
    let results = request.v3_and_below_topics.into_iter().map(|topic| {
        let partitions = topic.partitions.into_iter().map(|partition| {
            AddPartitionsToTxnPartitionResult::default()
                .with_partition_index(partition)
                .with_partition_error_code(error.code())
        });
        let partitions = partitions.collect();
        AddPartitionsToTxnTopicResult::default().with_name(topic.name).with_results_by_partition(partitions)
    });
    AddPartitionsToTxnResponse::default().with_results_by_topic_v3_and_below(results.collect())
}

pub(super) fn add_offsets(
    node: &Node,
    request: &AddOffsetsToTxnRequest,
    version: i16,
) -> AddOffsetsToTxnResponse {
    let producer = Producer { id: request.producer_id.0, epoch: request.producer_epoch };
    let added = node
        .in_transaction(&request.transactional_id, |transaction, now| {
            transaction.add_group(producer, &request.group_id, now)
        })
        .map_err(|error| fenced_as(error, version >= KNOWS_FENCED));
    AddOffsetsToTxnResponse::default().with_error_code(code(added))
}

pub(super) fn commit_offsets(node: &Node, request: TxnOffsetCommitRequest) -> TxnOffsetCommitResponse {
    let (acceptable, outcomes) = AskedOffsets::from(request.topics).check(node);
    let producer = Producer { id: request.producer_id.0, epoch: request.producer_epoch };
    let claim = Claim {
        member_id: &request.member_id,
        instance_id: request.group_instance_id.as_deref(),
        generation: request.generation_id,
    };
    let committed = node.in_transaction(&request.transactional_id, |transaction, _| {
        transaction.covers_group(producer, &request.group_id)?;
        node.groups.with_or_create(&request.group_id, |group, _, _| {
            group.commit_in_transaction(claim, producer.id, acceptable)
        })
    });
    TxnOffsetCommitResponse::default().with_topics(outcomes.and(committed).into())
}

/// Says this of all that was to be committed.
pub(super) fn commit_offsets_refused(
    request: TxnOffsetCommitRequest,
    error: ResponseError,
) -> TxnOffsetCommitResponse {
    TxnOffsetCommitResponse::default().with_topics(AskedOffsets::from(request.topics).refuse(error).into())
}

pub(super) fn end(node: &Node, request: &EndTxnRequest, version: i16) -> EndTxnResponse {
    let producer = Producer { id: request.producer_id.0, epoch: request.producer_epoch };
    let verdict = if request.committed { Verdict::Commit } else { Verdict::Abort };
    let ended = node
        .in_transaction(&request.transactional_id, |transaction, _| {
            if let Some(ending) = transaction.end(producer, verdict)? {
                node.write_markers(&request.transactional_id, &ending);
            }
            Ok(())
        })
        .map_err(|error| fenced_as(error, version >= KNOWS_FENCED));
    EndTxnResponse::default().with_error_code(code(ended))
}

/// The older error for the same, for clients that do not know the newer.
fn fenced_as(error: ResponseError, knows_fenced: bool) -> ResponseError {
    match error {
        ResponseError::ProducerFenced if !knows_fenced => ResponseError::InvalidProducerEpoch,
        error => error,
    }
}
