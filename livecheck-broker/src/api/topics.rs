//! Creating, deleting and growing topics.

use std::collections::HashSet;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::{CreatableTopicConfigs, CreatableTopicResult};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse,
    DeleteTopicsRequest, DeleteTopicsResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::configs::source;
use crate::node::{NODE_ID, Node};
use crate::topics::{Refused, TopicSettings, described};

/// The version that names topics by id, or by name.
const DELETE_BY_ID: i16 = 6;
/// The version that tells what was created.
const CREATE_DESCRIBES: i16 = 5;

pub(super) fn create(node: &Node, request: CreateTopicsRequest, version: i16) -> CreateTopicsResponse {
    let repeated = repeated(request.topics.iter().map(|topic| topic.name.as_str().to_owned()));
    let topics = request.topics.into_iter().map(|asked| {
        let created = if repeated.contains(asked.name.as_str()) {
            Err(Refused::new(ResponseError::InvalidRequest, "Duplicate topic name."))
        } else {
            create_one(node, &asked, request.validate_only)
        };
        let result = CreatableTopicResult::default().with_name(asked.name).with_error_message(None);
        match created {
            Ok(_) if version < CREATE_DESCRIBES => result,
            Ok((id, partitions, settings)) => result
                .with_topic_id(id)
                .with_num_partitions(partitions)
                .with_replication_factor(1)
                .with_configs(Some(configs(&settings))),
            Err(refused) => {
                let result = result
                    .with_error_code(refused.error.code())
                    .with_error_message(Some(StrBytes::from_string(refused.message)));
                if version < CREATE_DESCRIBES { result } else { result.with_configs(Some(Vec::new())) }
            }
        }
    });
    let topics = topics.collect();
    CreateTopicsResponse::default().with_topics(topics)
}

fn create_one(
    node: &Node,
    asked: &CreatableTopic,
    only_check: bool,
) -> Result<(uuid::Uuid, i32, TopicSettings), Refused> {
    let mut settings = node.topic_settings();
    for config in &asked.configs {
        let refuse = |why| Refused::new(ResponseError::InvalidConfig, why);
        match &config.value {
            Some(value) => settings.set(&config.name, value).map_err(refuse)?,
            None => {
                return Err(refuse(format!("Null value not supported for topic configs: {}", config.name)));
            }
        }
    }
    let partitions = partitions(node, asked)?;
    let topic = node.topics.create(&asked.name, partitions, settings.clone(), only_check)?;
    // What was only checked has no id.
    let id = if only_check { uuid::Uuid::nil() } else { topic.id };
    Ok((id, partitions, settings))
}

/// How many partitions: as many as are asked for, assigned, or usual here.
fn partitions(node: &Node, asked: &CreatableTopic) -> Result<i32, Refused> {
    if asked.assignments.is_empty() {
        if !matches!(asked.replication_factor, -1 | 1) {
            let why = format!(
                "Unable to replicate the partition {} time(s): The target replication factor of {} cannot be \
                 reached because only 1 broker(s) are registered.",
                asked.replication_factor, asked.replication_factor
            );
            return Err(Refused::new(ResponseError::InvalidReplicationFactor, why));
        }
        return Ok(match asked.num_partitions {
            -1 => node.settings.default_partitions,
            count => count,
        });
    }
    let refuse = |why: &str| Err(Refused::new(ResponseError::InvalidReplicaAssignment, why));
    let mut indexes: Vec<i32> =
        asked.assignments.iter().map(|assignment| assignment.partition_index).collect();
    indexes.sort_unstable();
    if !indexes.iter().copied().eq(0..indexes.len() as i32) {
        return refuse("Partitions must be numbered from 0 without gaps.");
    }
    if asked.assignments.iter().any(|assignment| assignment.broker_ids != [NODE_ID]) {
        return refuse("There is one broker, and each partition must be assigned to it alone.");
    }
    Ok(indexes.len() as i32)
}

fn configs(settings: &TopicSettings) -> Vec<CreatableTopicConfigs> {
    described(settings)
        .into_iter()
        .map(|setting| {
            CreatableTopicConfigs::default()
                .with_name(StrBytes::from_static_str(setting.name))
                .with_config_source(source(&setting))
                .with_value(Some(StrBytes::from_string(setting.value)))
        })
        .collect()
}

pub(super) fn delete(node: &Node, request: DeleteTopicsRequest, version: i16) -> DeleteTopicsResponse {
    let asked: Vec<DeleteTopicState> = if version >= DELETE_BY_ID {
        request.topics
    } else {
        let by_name = |name| DeleteTopicState::default().with_name(Some(name));
        request.topic_names.into_iter().map(by_name).collect()
    };
    let responses = asked.into_iter().map(|asked| {
        let (name, unknown) = match &asked.name {
            Some(name) => (Some(name.as_str().to_owned()), ResponseError::UnknownTopicOrPartition),
            None => {
                let topic = node.topics.get_by_id(asked.topic_id);
                (topic.map(|topic| topic.name.to_string()), ResponseError::UnknownTopicId)
            }
        };
        let result = DeletableTopicResult::default().with_name(asked.name).with_topic_id(asked.topic_id);
        match name.and_then(|name| node.delete_topic(&name)) {
            Some(topic) => {
                let name = TopicName(StrBytes::from_string(topic.name.to_string()));
                let result = result.with_name(Some(name));
                if version >= DELETE_BY_ID { result.with_topic_id(topic.id) } else { result }
            }
            None => result.with_error_code(unknown.code()),
        }
    });
    DeleteTopicsResponse::default().with_responses(responses.collect())
}

pub(super) fn create_partitions(node: &Node, request: CreatePartitionsRequest) -> CreatePartitionsResponse {
    let repeated = repeated(request.topics.iter().map(|topic| topic.name.as_str().to_owned()));
    let results = request.topics.into_iter().map(|asked| {
        let assignments = asked.assignments.as_deref().unwrap_or_default();
        let grown = if repeated.contains(asked.name.as_str()) {
            Err(Refused::new(ResponseError::InvalidRequest, "Duplicate topic name."))
        } else if assignments.iter().any(|assignment| assignment.broker_ids != [NODE_ID]) {
            let why = "There is one broker, and each partition must be assigned to it alone.";
            Err(Refused::new(ResponseError::InvalidReplicaAssignment, why))
        } else {
            node.topics.grow(&asked.name, asked.count, request.validate_only)
        };
        let result = CreatePartitionsTopicResult::default().with_name(asked.name);
        match grown {
            Ok(()) => result,
            Err(refused) => result
                .with_error_code(refused.error.code())
                .with_error_message(Some(StrBytes::from_string(refused.message))),
        }
    });
    let results = results.collect();
    CreatePartitionsResponse::default().with_results(results)
}

fn repeated(names: impl Iterator<Item = String>) -> HashSet<String> {
    let mut seen = HashSet::new();
    names.filter(|name| !seen.insert(name.clone())).collect()
}
