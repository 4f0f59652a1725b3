//! Who is there, which topics, and who is in charge: always this node.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    DescribeClusterRequest, DescribeClusterResponse, FindCoordinatorRequest, FindCoordinatorResponse,
    MetadataRequest, MetadataResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use crate::node::{NODE_ID, Node};
use crate::topics::Topic;

/// Many keys in one request.
const BATCHED: i16 = 4;

pub(super) fn metadata(node: &Node, request: MetadataRequest, version: i16) -> MetadataResponse {
    let may_create = request.allow_auto_topic_creation;
    let topics = match request.topics {
        // In the first version an empty list meant all; since, none.
        Some(asked) if version >= 1 || !asked.is_empty() => {
            asked.into_iter().map(|asked| one(node, asked, may_create)).collect()
        }
        _ => node.topics.all().iter().map(|topic| described(topic)).collect(),
    };
    let broker = MetadataResponseBroker::default()
        .with_node_id(NODE_ID)
        .with_host(StrBytes::from_string(node.host.clone()))
        .with_port(i32::from(node.port))
        .with_rack(None);
    MetadataResponse::default()
        .with_brokers(vec![broker])
        .with_cluster_id(Some(StrBytes::from_string(node.cluster_id.clone())))
        .with_controller_id(NODE_ID)
        .with_topics(topics)
}

fn one(node: &Node, asked: MetadataRequestTopic, may_create: bool) -> MetadataResponseTopic {
    let Some(name) = asked.name else {
        return match node.topics.get_by_id(asked.topic_id) {
            Some(topic) => described(&topic),
            None => MetadataResponseTopic::default()
                .with_error_code(ResponseError::UnknownTopicId.code())
                .with_name(None)
                .with_topic_id(asked.topic_id),
        };
    };
    match node.topic_or_create(&name, may_create) {
        Ok(topic) => described(&topic),
        Err(refused) => {
            MetadataResponseTopic::default().with_error_code(refused.error.code()).with_name(Some(name))
        }
    }
}

fn described(topic: &Topic) -> MetadataResponseTopic {
    let partitions = (0..topic.partition_count()).map(|index| {
        MetadataResponsePartition::default()
            .with_partition_index(index)
            .with_leader_id(NODE_ID)
            .with_leader_epoch(0)
            .with_replica_nodes(vec![NODE_ID])
            .with_isr_nodes(vec![NODE_ID])
    });
    MetadataResponseTopic::default()
        .with_name(Some(TopicName(StrBytes::from_string(topic.name.to_string()))))
        .with_topic_id(topic.id)
        .with_partitions(partitions.collect())
}

pub(super) fn describe_cluster(node: &Node, request: &DescribeClusterRequest) -> DescribeClusterResponse {
    // 1 is brokers; 2 would be controllers, which have no address of their own here.
    if request.endpoint_type != 1 {
        return DescribeClusterResponse::default()
            .with_error_code(ResponseError::UnsupportedEndpointType.code())
            .with_endpoint_type(request.endpoint_type);
    }
    let broker = DescribeClusterBroker::default()
        .with_broker_id(NODE_ID)
        .with_host(StrBytes::from_string(node.host.clone()))
        .with_port(i32::from(node.port))
        .with_rack(None);
    DescribeClusterResponse::default()
        .with_cluster_id(StrBytes::from_string(node.cluster_id.clone()))
        .with_controller_id(NODE_ID)
        .with_brokers(vec![broker])
}

pub(super) fn find_coordinator(
    node: &Node,
    request: FindCoordinatorRequest,
    version: i16,
) -> FindCoordinatorResponse {
    let host = StrBytes::from_string(node.host.clone());
    let port = i32::from(node.port);
    // 0 is groups, 1 is transactions.
    let known = matches!(request.key_type, 0 | 1);
    let error = if known { 0 } else { ResponseError::InvalidRequest.code() };
    if version >= BATCHED {
        let coordinators = request.coordinator_keys.into_iter().map(|key| {
            let coordinator =
                Coordinator::default().with_key(key).with_error_code(error).with_error_message(None);
            if known {
                coordinator.with_node_id(NODE_ID).with_host(host.clone()).with_port(port)
            } else {
                coordinator.with_node_id((-1).into()).with_port(-1)
            }
        });
        return FindCoordinatorResponse::default().with_coordinators(coordinators.collect());
    }
    let response = FindCoordinatorResponse::default().with_error_code(error).with_error_message(None);
    if known {
        response.with_node_id(NODE_ID).with_host(host).with_port(port)
    } else {
        response.with_node_id((-1).into()).with_port(-1)
    }
}

/// Says this of all coordinators asked for.
pub(super) fn find_coordinator_refused(
    request: FindCoordinatorRequest,
    error: ResponseError,
    version: i16,
) -> FindCoordinatorResponse {
    let code = error.code();
    if version < BATCHED {
        let response = FindCoordinatorResponse::default().with_error_code(code).with_error_message(None);
        return response.with_node_id((-1).into()).with_port(-1);
    }
    let coordinators = request.coordinator_keys.into_iter().map(|key| {
        let coordinator = Coordinator::default().with_key(key).with_error_code(code).with_error_message(None);
        coordinator.with_node_id((-1).into()).with_port(-1)
    });
    FindCoordinatorResponse::default().with_coordinators(coordinators.collect())
}
