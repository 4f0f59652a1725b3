//! The outlines, field by field in the order of the wire. Versions beyond those served are not described.

use kafka_protocol::messages::ApiKey;

use super::walk::Field::{self, Blob, Fixed, Structs, Text, Values};
use super::walk::Versioned;

const I8: Field = Fixed(1);
const BOOL: Field = Fixed(1);
const I16: Field = Fixed(2);
const I32: Field = Fixed(4);
const I64: Field = Fixed(8);
const UUID: Field = Fixed(16);
const I32S: Field = Values(&I32);
const TEXTS: Field = Values(&Text);

/// In every version served.
const fn always(field: Field) -> Versioned {
    (0, i16::MAX, field)
}

/// From this version on.
const fn since(version: i16, field: Field) -> Versioned {
    (version, i16::MAX, field)
}

/// Up to this version.
const fn until(version: i16, field: Field) -> Versioned {
    (0, version, field)
}

/// The fields of a request, if it is served.
pub(super) fn fields(key: ApiKey) -> Option<&'static [Versioned]> {
    Some(match key {
        ApiKey::Produce => PRODUCE,
        ApiKey::Fetch => FETCH,
        ApiKey::ListOffsets => LIST_OFFSETS,
        ApiKey::Metadata => METADATA,
        ApiKey::OffsetCommit => OFFSET_COMMIT,
        ApiKey::OffsetFetch => OFFSET_FETCH,
        ApiKey::FindCoordinator => FIND_COORDINATOR,
        ApiKey::JoinGroup => JOIN_GROUP,
        ApiKey::Heartbeat => HEARTBEAT,
        ApiKey::LeaveGroup => LEAVE_GROUP,
        ApiKey::SyncGroup => SYNC_GROUP,
        ApiKey::DescribeGroups => DESCRIBE_GROUPS,
        ApiKey::ListGroups => LIST_GROUPS,
        ApiKey::ApiVersions => API_VERSIONS,
        ApiKey::CreateTopics => CREATE_TOPICS,
        ApiKey::DeleteTopics => DELETE_TOPICS,
        ApiKey::DeleteRecords => DELETE_RECORDS,
        ApiKey::InitProducerId => INIT_PRODUCER_ID,
        ApiKey::OffsetForLeaderEpoch => OFFSET_FOR_LEADER_EPOCH,
        ApiKey::AddPartitionsToTxn => ADD_PARTITIONS_TO_TXN,
        ApiKey::AddOffsetsToTxn => ADD_OFFSETS_TO_TXN,
        ApiKey::EndTxn => END_TXN,
        ApiKey::TxnOffsetCommit => TXN_OFFSET_COMMIT,
        ApiKey::DescribeConfigs => DESCRIBE_CONFIGS,
        ApiKey::CreatePartitions => CREATE_PARTITIONS,
        ApiKey::DeleteGroups => DELETE_GROUPS,
        ApiKey::IncrementalAlterConfigs => INCREMENTAL_ALTER_CONFIGS,
        ApiKey::DescribeCluster => DESCRIBE_CLUSTER,
        ApiKey::ConsumerGroupHeartbeat => CONSUMER_GROUP_HEARTBEAT,
        _ => return None,
    })
}

const PRODUCE: &[Versioned] = &[
    always(Text),
    always(I16),
    always(I32),
    always(Structs(&[always(Text), always(Structs(&[always(I32), always(Blob)]))])),
];

const FETCH: &[Versioned] = &[
    until(14, I32),
    always(I32),
    always(I32),
    always(I32),
    always(I8),
    since(7, I32),
    since(7, I32),
    always(Structs(&[
        until(12, Text),
        since(13, UUID),
        always(Structs(&[
            always(I32),
            since(9, I32),
            always(I64),
            since(12, I32),
            since(5, I64),
            always(I32),
        ])),
    ])),
    since(7, Structs(&[until(12, Text), since(13, UUID), always(I32S)])),
    since(11, Text),
];

const LIST_OFFSETS: &[Versioned] = &[
    always(I32),
    since(2, I8),
    always(Structs(&[always(Text), always(Structs(&[always(I32), since(4, I32), always(I64)]))])),
];

const METADATA: &[Versioned] =
    &[always(Structs(&[since(10, UUID), always(Text)])), since(4, BOOL), (8, 10, BOOL), since(8, BOOL)];

const OFFSET_COMMIT: &[Versioned] = &[
    always(Text),
    always(I32),
    always(Text),
    since(7, Text),
    until(4, I64),
    always(Structs(&[
        always(Text),
        always(Structs(&[always(I32), always(I64), since(6, I32), always(Text)])),
    ])),
];

const OFFSET_FETCH: &[Versioned] = &[
    until(7, Text),
    until(7, Structs(&[always(Text), always(I32S)])),
    since(8, Structs(&[always(Text), always(Structs(&[always(Text), always(I32S)]))])),
    since(7, BOOL),
];

const FIND_COORDINATOR: &[Versioned] = &[until(3, Text), since(1, I8), since(4, TEXTS)];

const JOIN_GROUP: &[Versioned] = &[
    always(Text),
    always(I32),
    since(1, I32),
    always(Text),
    since(5, Text),
    always(Text),
    always(Structs(&[always(Text), always(Blob)])),
    since(8, Text),
];

const HEARTBEAT: &[Versioned] = &[always(Text), always(I32), always(Text), since(3, Text)];

const LEAVE_GROUP: &[Versioned] =
    &[always(Text), until(2, Text), since(3, Structs(&[always(Text), always(Text), since(5, Text)]))];

const SYNC_GROUP: &[Versioned] = &[
    always(Text),
    always(I32),
    always(Text),
    since(3, Text),
    since(5, Text),
    since(5, Text),
    always(Structs(&[always(Text), always(Blob)])),
];

const CREATE_TOPICS: &[Versioned] = &[
    always(Structs(&[
        always(Text),
        always(I32),
        always(I16),
        always(Structs(&[always(I32), always(I32S)])),
        always(Structs(&[always(Text), always(Text)])),
    ])),
    always(I32),
    always(BOOL),
];

const DELETE_TOPICS: &[Versioned] =
    &[since(6, Structs(&[always(Text), always(UUID)])), until(5, TEXTS), always(I32)];

const DELETE_RECORDS: &[Versioned] =
    &[always(Structs(&[always(Text), always(Structs(&[always(I32), always(I64)]))])), always(I32)];

const OFFSET_FOR_LEADER_EPOCH: &[Versioned] = &[
    since(3, I32),
    always(Structs(&[always(Text), always(Structs(&[always(I32), always(I32), always(I32)]))])),
];

const ADD_PARTITIONS_TO_TXN: &[Versioned] =
    &[always(Text), always(I64), always(I16), always(Structs(&[always(Text), always(I32S)]))];

const TXN_OFFSET_COMMIT: &[Versioned] = &[
    always(Text),
    always(Text),
    always(I64),
    always(I16),
    since(3, I32),
    since(3, Text),
    since(3, Text),
    always(Structs(&[
        always(Text),
        always(Structs(&[always(I32), always(I64), since(2, I32), always(Text)])),
    ])),
];

const DESCRIBE_CONFIGS: &[Versioned] =
    &[always(Structs(&[always(I8), always(Text), always(TEXTS)])), always(BOOL), since(3, BOOL)];

const CREATE_PARTITIONS: &[Versioned] = &[
    always(Structs(&[always(Text), always(I32), always(Structs(&[always(I32S)]))])),
    always(I32),
    always(BOOL),
];

const INCREMENTAL_ALTER_CONFIGS: &[Versioned] = &[
    always(Structs(&[always(I8), always(Text), always(Structs(&[always(Text), always(I8), always(Text)]))])),
    always(BOOL),
];

const DESCRIBE_GROUPS: &[Versioned] = &[always(TEXTS), since(3, BOOL)];

const LIST_GROUPS: &[Versioned] = &[since(4, TEXTS), since(5, TEXTS)];

const API_VERSIONS: &[Versioned] = &[since(3, Text), since(3, Text)];

const INIT_PRODUCER_ID: &[Versioned] = &[always(Text), always(I32), since(3, I64), since(3, I16)];

const ADD_OFFSETS_TO_TXN: &[Versioned] = &[always(Text), always(I64), always(I16), always(Text)];

const END_TXN: &[Versioned] = &[always(Text), always(I64), always(I16), always(BOOL)];

const DELETE_GROUPS: &[Versioned] = &[always(TEXTS)];

const DESCRIBE_CLUSTER: &[Versioned] = &[always(BOOL), since(1, I8)];

const CONSUMER_GROUP_HEARTBEAT: &[Versioned] = &[
    always(Text),
    always(Text),
    always(I32),
    always(Text),
    always(Text),
    always(I32),
    always(TEXTS),
    since(1, Text),
    always(Text),
    always(Structs(&[always(UUID), always(I32S)])),
];
