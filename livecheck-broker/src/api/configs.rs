//! Settings of topics and of the broker.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use kafka_protocol::messages::incremental_alter_configs_request::AlterConfigsResource;
use kafka_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::{
    DescribeConfigsRequest, DescribeConfigsResponse, IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
};
use kafka_protocol::protocol::StrBytes;

use crate::node::{NODE_ID, Node};
use crate::topics::{DescribedSetting, Kind, Origin, Refused, described};

// The protocol's numbers for what a setting belongs to, and where its value comes from.
const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const FROM_TOPIC: i8 = 1;
const FROM_BROKER: i8 = 4;
const FROM_DEFAULT: i8 = 5;

/// Where a topic's setting has its value from.
pub(super) fn source(setting: &DescribedSetting) -> i8 {
    match setting.origin {
        Origin::Topic => FROM_TOPIC,
        Origin::Broker => FROM_BROKER,
        Origin::Default => FROM_DEFAULT,
    }
}

pub(super) fn describe(node: &Node, request: DescribeConfigsRequest) -> DescribeConfigsResponse {
    let synonyms = request.include_synonyms;
    let results = request.resources.into_iter().map(|asked| {
        let found = match asked.resource_type {
            TOPIC => topic_settings(node, &asked, synonyms),
            BROKER => broker_settings(node, &asked),
            _ => Err(Refused::new(
                ResponseError::InvalidRequest,
                "Only topics and brokers have settings here.",
            )),
        };
        let result = DescribeConfigsResult::default()
            .with_resource_type(asked.resource_type)
            .with_resource_name(asked.resource_name);
        match found {
            Ok(mut configs) => {
                if let Some(keys) = &asked.configuration_keys {
                    configs.retain(|config| keys.contains(&config.name));
                }
                result.with_configs(configs)
            }
            Err(refused) => result
                .with_error_code(refused.error.code())
                .with_error_message(Some(StrBytes::from_string(refused.message))),
        }
    });
    DescribeConfigsResponse::default().with_results(results.collect())
}

fn topic_settings(
    node: &Node,
    asked: &DescribeConfigsResource,
    synonyms: bool,
) -> Result<Vec<DescribeConfigsResourceResult>, Refused> {
    let topic = node
        .topics
        .get(&asked.resource_name)
        .ok_or_else(|| Refused::new(ResponseError::UnknownTopicOrPartition, "There is no such topic."))?;
    let results = described(&topic.settings()).into_iter().map(|setting| {
        let source = source(&setting);
        let name = StrBytes::from_static_str(setting.name);
        let value = Some(StrBytes::from_string(setting.value));
        let result = DescribeConfigsResourceResult::default()
            .with_name(name.clone())
            .with_value(value.clone())
            .with_config_source(source)
            .with_documentation(None)
            .with_config_type(setting.kind as i8);
        if !synonyms {
            return result;
        }
        let synonym = DescribeConfigsSynonym::default().with_name(name).with_value(value).with_source(source);
        result.with_synonyms(vec![synonym])
    });
    Ok(results.collect())
}

fn broker_settings(
    node: &Node,
    asked: &DescribeConfigsResource,
) -> Result<Vec<DescribeConfigsResourceResult>, Refused> {
    if asked.resource_name.as_str() != NODE_ID.to_string() {
        let why = format!("Unexpected broker id: this is {}.", *NODE_ID);
        return Err(Refused::new(ResponseError::InvalidRequest, why));
    }
    let settings = &node.settings;
    let known = [
        ("auto.create.topics.enable", Kind::Boolean, settings.auto_create_topics.to_string()),
        ("broker.id", Kind::Int, NODE_ID.to_string()),
        ("connections.max.idle.ms", Kind::Long, settings.max_idle.as_millis().to_string()),
        ("group.max.session.timeout.ms", Kind::Int, settings.max_session_timeout.as_millis().to_string()),
        ("group.min.session.timeout.ms", Kind::Int, settings.min_session_timeout.as_millis().to_string()),
        ("log.retention.check.interval.ms", Kind::Long, settings.upkeep_interval.as_millis().to_string()),
        ("log.retention.bytes", Kind::Long, limit(settings.retention_bytes)),
        ("log.retention.ms", Kind::Long, limit(settings.retention.map(|time| time.as_millis()))),
        ("message.max.bytes", Kind::Int, settings.max_message_bytes.to_string()),
        ("num.partitions", Kind::Int, settings.default_partitions.to_string()),
        ("offset.metadata.max.bytes", Kind::Int, settings.max_offset_metadata.to_string()),
        ("offsets.retention.minutes", Kind::Int, (settings.offsets_retention.as_secs() / 60).to_string()),
        ("producer.id.expiration.ms", Kind::Int, settings.producer_expiration.as_millis().to_string()),
        ("socket.request.max.bytes", Kind::Int, settings.max_frame_bytes.to_string()),
        ("transaction.max.timeout.ms", Kind::Int, settings.max_transaction_timeout.as_millis().to_string()),
        (
            "transactional.id.expiration.ms",
            Kind::Int,
            settings.transactional_id_expiration.as_millis().to_string(),
        ),
    ];
    let results = known.into_iter().map(|(name, kind, value)| {
        DescribeConfigsResourceResult::default()
            .with_name(StrBytes::from_static_str(name))
            .with_value(Some(StrBytes::from_string(value)))
            .with_read_only(true)
            .with_documentation(None)
            .with_config_source(FROM_BROKER)
            .with_config_type(kind as i8)
    });
    Ok(results.collect())
}

/// A limit in Kafka's words, where -1 stands for none.
fn limit(limit: Option<impl ToString>) -> String {
    limit.map_or("-1".to_owned(), |limit| limit.to_string())
}

pub(super) fn alter(node: &Node, request: IncrementalAlterConfigsRequest) -> IncrementalAlterConfigsResponse {
    let responses = request.resources.into_iter().map(|asked| {
        let altered = alter_one(node, &asked, request.validate_only);
        let response = AlterConfigsResourceResponse::default()
            .with_error_message(None)
            .with_resource_type(asked.resource_type)
            .with_resource_name(asked.resource_name);
        match altered {
            Ok(()) => response,
            Err(refused) => response
                .with_error_code(refused.error.code())
                .with_error_message(Some(StrBytes::from_string(refused.message))),
        }
    });
    let responses = responses.collect();
    IncrementalAlterConfigsResponse::default().with_responses(responses)
}

fn alter_one(node: &Node, asked: &AlterConfigsResource, only_check: bool) -> Result<(), Refused> {
    if asked.resource_type != TOPIC {
        let why = "The broker's own settings are given when it starts; only topics' can be changed.";
        return Err(Refused::new(ResponseError::InvalidRequest, why));
    }
    let topic = node
        .topics
        .get(&asked.resource_name)
        .ok_or_else(|| Refused::new(ResponseError::UnknownTopicOrPartition, "There is no such topic."))?;
    let mut settings = (*topic.settings()).clone();
    for config in &asked.configs {
        // 0 sets and 1 unsets; 2 and 3, which add to a list and take from it, are not served.
        match (config.config_operation, &config.value) {
            (0, Some(value)) => settings.set(&config.name, value),
            (1, _) => settings.unset(&config.name),
            (0, None) => Err(format!("Null value not supported for {}", config.name)),
            _ => Err(format!("{} can be set or deleted as a whole only", config.name)),
        }
        .map_err(|why| Refused::new(ResponseError::InvalidConfig, why))?;
    }
    if !only_check {
        node.topics.set_settings(&topic, settings);
    }
    Ok(())
}
