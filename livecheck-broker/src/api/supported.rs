//! Which requests are served, and in which versions: the versions up to which every field is honoured.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::ApiKey;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};

/// Later versions are left out where they bring what is not here: topics by id (`Produce` 13, `OffsetCommit` 10),
/// transactions of the second protocol (`Produce` 12, `EndTxn` 5), share groups (`FindCoordinator` 6).
pub(super) const SUPPORTED: &[(ApiKey, i16, i16)] = &[
    (ApiKey::Produce, 3, 11),
    (ApiKey::Fetch, 4, 16),
    (ApiKey::ListOffsets, 1, 8),
    (ApiKey::Metadata, 0, 12),
    (ApiKey::OffsetCommit, 2, 8),
    (ApiKey::OffsetFetch, 1, 8),
    (ApiKey::FindCoordinator, 0, 5),
    (ApiKey::JoinGroup, 0, 9),
    (ApiKey::Heartbeat, 0, 4),
    (ApiKey::LeaveGroup, 0, 5),
    (ApiKey::SyncGroup, 0, 5),
    (ApiKey::DescribeGroups, 0, 6),
    (ApiKey::ListGroups, 0, 5),
    (ApiKey::ApiVersions, 0, 4),
    (ApiKey::CreateTopics, 2, 7),
    (ApiKey::DeleteTopics, 1, 6),
    (ApiKey::DeleteRecords, 0, 2),
    (ApiKey::InitProducerId, 0, 5),
    (ApiKey::OffsetForLeaderEpoch, 2, 4),
    (ApiKey::AddPartitionsToTxn, 0, 3),
    (ApiKey::AddOffsetsToTxn, 0, 4),
    (ApiKey::EndTxn, 0, 4),
    (ApiKey::TxnOffsetCommit, 0, 4),
    (ApiKey::DescribeConfigs, 1, 4),
    (ApiKey::CreatePartitions, 0, 3),
    (ApiKey::DeleteGroups, 0, 2),
    (ApiKey::IncrementalAlterConfigs, 0, 1),
    (ApiKey::DescribeCluster, 0, 1),
    // Advertised as Kafka does where its newer group protocol is off: to be refused in words. Without it
    // librdkafka asks for another coordinator for ever.
    (ApiKey::ConsumerGroupHeartbeat, 0, 1),
];

/// The kinds of requests that are served.
pub(crate) fn served() -> impl Iterator<Item = ApiKey> {
    SUPPORTED.iter().map(|(key, _, _)| *key)
}

/// Whether a request of this kind and version is served.
pub(super) fn is_supported(key: ApiKey, version: i16) -> bool {
    SUPPORTED.iter().any(|(known, min, max)| *known == key && (*min..=*max).contains(&version))
}

pub(super) fn api_versions(_request: &ApiVersionsRequest) -> ApiVersionsResponse {
    ApiVersionsResponse::default().with_api_keys(all())
}

/// The answer to an `ApiVersions` request of a version not known here. It is written in version 0, which every
/// client can read, and lists what there is, so that the client can ask again.
pub(super) fn api_versions_unsupported() -> ApiVersionsResponse {
    ApiVersionsResponse::default()
        .with_error_code(ResponseError::UnsupportedVersion.code())
        .with_api_keys(all())
}

fn all() -> Vec<ApiVersion> {
    SUPPORTED
        .iter()
        .map(|(key, min, max)| {
            ApiVersion::default().with_api_key(*key as i16).with_min_version(*min).with_max_version(*max)
        })
        .collect()
}
