//! Producing.

use std::sync::Arc;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{ProduceRequest, ProduceResponse};

use super::call::Refusal;
use crate::log::{Appended, Batch};
use crate::node::Node;
use crate::topics::Topic;
use crate::transactions::TopicPartition;

/// Appends what was sent. Without an answer to put an error in, an error closes the connection, as in Kafka:
/// the client then at least asks for fresh metadata.
pub(super) fn produce(node: &Node, request: ProduceRequest) -> Result<Option<ProduceResponse>, Refusal> {
    let transactional_id = request.transactional_id.as_ref().map(|id| id.as_str());
    let bad_acks = !(-1..=1).contains(&request.acks);
    let mut failure = None;
    let mut responses = Vec::with_capacity(request.topic_data.len());
    for data in request.topic_data {
        let topic = node.topics.get(&data.name);
        let mut partitions = Vec::with_capacity(data.partition_data.len());
        for partition in data.partition_data {
            let appended = match &topic {
                _ if bad_acks => Err(ResponseError::InvalidRequiredAcks),
                None => Err(ResponseError::UnknownTopicOrPartition),
                Some(topic) => append(
                    node,
                    topic,
                    partition.index,
                    partition.records.unwrap_or_default(),
                    transactional_id,
                ),
            };
            failure = failure.or(appended.err());
            partitions.push(partition_response(partition.index, appended));
        }
        responses
            .push(TopicProduceResponse::default().with_name(data.name).with_partition_responses(partitions));
    }
    match (request.acks, failure) {
        (0, None) => Ok(None),
        (0, Some(failure)) => Err(Refusal::UnansweredFailure(failure)),
        _ => Ok(Some(ProduceResponse::default().with_responses(responses))),
    }
}

/// Says this of all that was sent.
pub(super) fn refused(request: ProduceRequest, error: ResponseError) -> ProduceResponse {
    let topics = request.topic_data.into_iter().map(|data| {
        let partitions = data.partition_data.iter().map(|sent| partition_response(sent.index, Err(error)));
        let partitions = partitions.collect();
        TopicProduceResponse::default().with_name(data.name).with_partition_responses(partitions)
    });
    ProduceResponse::default().with_responses(topics.collect())
}

fn append(
    node: &Node,
    topic: &Arc<Topic>,
    index: i32,
    records: Bytes,
    transactional_id: Option<&str>,
) -> Result<Appended, ResponseError> {
    let partition = topic.partition(index).ok_or(ResponseError::UnknownTopicOrPartition)?;
    let settings = topic.settings();
    if records.len() > settings.max_message_bytes() {
        return Err(ResponseError::MessageTooLarge);
    }
    let batch = Batch::from_producer(records)?;
    let now = node.clock.timestamp();
    if !settings.allows_time(batch.max_timestamp(), now) {
        return Err(ResponseError::InvalidTimestamp);
    }
    if settings.is_compacted() && !batch.has_keys()? {
        return Err(ResponseError::InvalidRecord);
    }
    let rules = settings.rules();
    let append = || partition.change(|log| log.append(&batch, &rules, now)).and_then(|appended| appended);
    if !batch.is_transactional() {
        return append();
    }
    // Under the transaction's lock from the check to the write: a record of a transaction that has ended, or
    // never began, would hold back the readers of committed records for good.
    let transactional_id = transactional_id.ok_or(ResponseError::TransactionalIdAuthorizationFailed)?;
    let at = TopicPartition { topic: Arc::clone(&topic.name), partition: index };
    node.in_transaction(transactional_id, |transaction, _| {
        transaction.covers_partition(batch.producer(), &at)?;
        append()
    })
}

fn partition_response(index: i32, appended: Result<Appended, ResponseError>) -> PartitionProduceResponse {
    let response = PartitionProduceResponse::default().with_index(index);
    match appended {
        Ok(appended) => response
            .with_base_offset(appended.base_offset)
            .with_log_append_time_ms(appended.append_time.unwrap_or(-1))
            .with_log_start_offset(appended.log_start),
        Err(error) => response
            .with_error_code(error.code())
            .with_base_offset(-1)
            .with_log_append_time_ms(-1)
            .with_log_start_offset(-1),
    }
}
