//! From a frame to its answer: the header, the version, the right function.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::{ApiKey, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable};

use super::{
    commits, configs, fetch, membership, metadata, positions, produce, refuse, shape, supported, topics,
    transactions,
};
use crate::node::Node;

/// A request that ends its connection, as in Kafka: there is no answer that the client could read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("a frame too short for a request")]
    Short,
    #[error("request {key} in version {version} is not served here")]
    Unsupported { key: i16, version: i16 },
    #[error("request {key} in version {version} cannot be read: {reason}")]
    Malformed { key: i16, version: i16, reason: String },
    #[error("the answer to request {key} in version {version} cannot be written: {reason}")]
    Unwritable { key: i16, version: i16, reason: String },
    #[error("a produce request that wants no answer has failed: {0}")]
    UnansweredFailure(ResponseError),
    #[error("the group that held the request was deleted")]
    Abandoned,
    #[error("what it did cannot be kept")]
    NotKept,
}

/// A request about to be served.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) key: ApiKey,
    pub(super) version: i16,
    correlation: i32,
    pub(super) client_id: String,
    pub(super) client_host: &'a str,
    body: Bytes,
}

/// Serves one request. `None` is the answer to one that wants none.
pub(crate) async fn answer(
    node: &Node,
    frame: Bytes,
    client_host: &str,
) -> Result<Option<BytesMut>, Refusal> {
    let answer = serve(node, frame, client_host).await?;
    // A disk that has failed is told by silence: no answer could say that nothing is certain.
    if node.is_keeping() { Ok(answer) } else { Err(Refusal::NotKept) }
}

/// Answers one request with an error, without serving it.
pub(crate) fn answer_with(
    error: ResponseError,
    frame: Bytes,
    client_host: &str,
) -> Result<Option<BytesMut>, Refusal> {
    match Call::read(frame, client_host)? {
        Ok(call) => refuse::refuse(&call, error),
        Err(unsupported_api_versions) => Ok(Some(unsupported_api_versions)),
    }
}

/// Which kind of request this is, if it is one.
pub(crate) fn kind(frame: &[u8]) -> Option<ApiKey> {
    let number = frame.first_chunk().copied().map(i16::from_be_bytes)?;
    ApiKey::try_from(number).ok()
}

async fn serve(node: &Node, frame: Bytes, client_host: &str) -> Result<Option<BytesMut>, Refusal> {
    let call = match Call::read(frame, client_host)? {
        Ok(call) => call,
        Err(unsupported_api_versions) => return Ok(Some(unsupported_api_versions)),
    };
    let version = call.version;
    match call.key {
        ApiKey::Produce => {
            let request = call.request()?;
            match produce::produce(node, request)? {
                Some(response) => call.response(&response).map(Some),
                None => Ok(None),
            }
        }
        ApiKey::Fetch => {
            let response = fetch::fetch(node, call.request()?, version).await;
            call.response(&response).map(Some)
        }
        ApiKey::JoinGroup => {
            let response = membership::join(node, call.request()?, &call).await?;
            call.response(&response).map(Some)
        }
        ApiKey::SyncGroup => {
            let response = membership::sync(node, call.request()?).await?;
            call.response(&response).map(Some)
        }
        ApiKey::ApiVersions => call.serve(|request| supported::api_versions(&request)),
        ApiKey::Metadata => call.serve(|request| metadata::metadata(node, request, version)),
        ApiKey::DescribeCluster => call.serve(|request| metadata::describe_cluster(node, &request)),
        ApiKey::FindCoordinator => call.serve(|request| metadata::find_coordinator(node, request, version)),
        ApiKey::CreateTopics => call.serve(|request| topics::create(node, request, version)),
        ApiKey::DeleteTopics => call.serve(|request| topics::delete(node, request, version)),
        ApiKey::CreatePartitions => call.serve(|request| topics::create_partitions(node, request)),
        ApiKey::DescribeConfigs => call.serve(|request| configs::describe(node, request)),
        ApiKey::IncrementalAlterConfigs => call.serve(|request| configs::alter(node, request)),
        ApiKey::ListOffsets => call.serve(|request| positions::list(node, request, version)),
        ApiKey::OffsetForLeaderEpoch => call.serve(|request| positions::for_leader_epoch(node, request)),
        ApiKey::DeleteRecords => call.serve(|request| positions::delete_records(node, request)),
        ApiKey::Heartbeat => call.serve(|request| membership::heartbeat(node, &request)),
        ApiKey::LeaveGroup => call.serve(|request| membership::leave(node, &request, version)),
        ApiKey::DescribeGroups => call.serve(|request| membership::describe(node, request, version)),
        ApiKey::ListGroups => call.serve(|request| membership::list(node, &request)),
        ApiKey::DeleteGroups => call.serve(|request| membership::delete(node, request)),
        ApiKey::ConsumerGroupHeartbeat => call.serve(membership::newer_protocol_refused),
        ApiKey::OffsetCommit => call.serve(|request| commits::commit(node, request)),
        ApiKey::OffsetFetch => call.serve(|request| commits::fetch(node, request, version)),
        ApiKey::InitProducerId => {
            call.serve(|request| transactions::init_producer_id(node, &request, version))
        }
        ApiKey::AddPartitionsToTxn => {
            call.serve(|request| transactions::add_partitions(node, request, version))
        }
        ApiKey::AddOffsetsToTxn => call.serve(|request| transactions::add_offsets(node, &request, version)),
        ApiKey::TxnOffsetCommit => call.serve(|request| transactions::commit_offsets(node, request)),
        ApiKey::EndTxn => call.serve(|request| transactions::end(node, &request, version)),
        other => Err(Refusal::Unsupported { key: other as i16, version }),
    }
}

impl<'a> Call<'a> {
    /// Reads the header. The inner error is an answer: to a client that asks for versions in a version that is
    /// too new.
    fn read(mut frame: Bytes, client_host: &'a str) -> Result<Result<Self, BytesMut>, Refusal> {
        if frame.len() < 8 {
            return Err(Refusal::Short);
        }
        let mut start = &frame[..8];
        let (number, version, correlation) = (start.get_i16(), start.get_i16(), start.get_i32());
        let Ok(key) = ApiKey::try_from(number) else {
            return Err(Refusal::Unsupported { key: number, version });
        };
        if !supported::is_supported(key, version) {
            if key == ApiKey::ApiVersions {
                let response = supported::api_versions_unsupported();
                return write(key, 0, correlation, &response).map(Err);
            }
            return Err(Refusal::Unsupported { key: number, version });
        }
        let header = RequestHeader::decode(&mut frame, key.request_header_version(version))
            .map_err(|error| Refusal::Malformed { key: number, version, reason: error.to_string() })?;
        // Before anything decodes it: see there.
        shape::check(key, version, &frame).map_err(|misshapen| Refusal::Malformed {
            key: number,
            version,
            reason: misshapen.to_string(),
        })?;
        let client_id = header.client_id.map(|id| id.to_string()).unwrap_or_default();
        Ok(Ok(Self { key, version, correlation, client_id, client_host, body: frame }))
    }

    pub(super) fn request<R: Decodable>(&self) -> Result<R, Refusal> {
        let mut body = self.body.clone();
        R::decode(&mut body, self.version).map_err(|error| Refusal::Malformed {
            key: self.key as i16,
            version: self.version,
            reason: error.to_string(),
        })
    }

    pub(super) fn response<R: Encodable>(&self, response: &R) -> Result<BytesMut, Refusal> {
        write(self.key, self.version, self.correlation, response)
    }

    pub(super) fn serve<Q: Decodable, A: Encodable>(
        &self,
        serve: impl FnOnce(Q) -> A,
    ) -> Result<Option<BytesMut>, Refusal> {
        let response = serve(self.request()?);
        self.response(&response).map(Some)
    }
}

fn write<R: Encodable>(
    key: ApiKey,
    version: i16,
    correlation: i32,
    response: &R,
) -> Result<BytesMut, Refusal> {
    let unwritable = |reason: String| Refusal::Unwritable { key: key as i16, version, reason };
    let header = ResponseHeader::default().with_correlation_id(correlation);
    let size = response.compute_size(version).map_err(|error| unwritable(error.to_string()))?;
    let mut frame = BytesMut::with_capacity(size + 16);
    frame.put_i32(0);
    header
        .encode(&mut frame, key.response_header_version(version))
        .and_then(|()| response.encode(&mut frame, version))
        .map_err(|error| unwritable(error.to_string()))?;
    let length = i32::try_from(frame.len() - 4).map_err(|error| unwritable(error.to_string()))?;
    (&mut frame[..4]).put_i32(length);
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::*;
    use proptest::prelude::*;

    use super::*;
    use crate::node::Settings;

    /// Decodes a body whose outline was found good; returns how much of it was read.
    fn decode<R: Decodable>(body: &[u8], version: i16) -> Result<usize, String> {
        let mut rest = Bytes::copy_from_slice(body);
        R::decode(&mut rest, version).map_err(|error| error.to_string())?;
        Ok(body.len() - rest.len())
    }

    fn decode_any(key: ApiKey, body: &[u8], version: i16) -> Result<usize, String> {
        match key {
            ApiKey::Produce => decode::<ProduceRequest>(body, version),
            ApiKey::Fetch => decode::<FetchRequest>(body, version),
            ApiKey::ListOffsets => decode::<ListOffsetsRequest>(body, version),
            ApiKey::Metadata => decode::<MetadataRequest>(body, version),
            ApiKey::OffsetCommit => decode::<OffsetCommitRequest>(body, version),
            ApiKey::OffsetFetch => decode::<OffsetFetchRequest>(body, version),
            ApiKey::FindCoordinator => decode::<FindCoordinatorRequest>(body, version),
            ApiKey::JoinGroup => decode::<JoinGroupRequest>(body, version),
            ApiKey::Heartbeat => decode::<HeartbeatRequest>(body, version),
            ApiKey::LeaveGroup => decode::<LeaveGroupRequest>(body, version),
            ApiKey::SyncGroup => decode::<SyncGroupRequest>(body, version),
            ApiKey::DescribeGroups => decode::<DescribeGroupsRequest>(body, version),
            ApiKey::ListGroups => decode::<ListGroupsRequest>(body, version),
            ApiKey::ApiVersions => decode::<ApiVersionsRequest>(body, version),
            ApiKey::CreateTopics => decode::<CreateTopicsRequest>(body, version),
            ApiKey::DeleteTopics => decode::<DeleteTopicsRequest>(body, version),
            ApiKey::DeleteRecords => decode::<DeleteRecordsRequest>(body, version),
            ApiKey::InitProducerId => decode::<InitProducerIdRequest>(body, version),
            ApiKey::OffsetForLeaderEpoch => decode::<OffsetForLeaderEpochRequest>(body, version),
            ApiKey::AddPartitionsToTxn => decode::<AddPartitionsToTxnRequest>(body, version),
            ApiKey::AddOffsetsToTxn => decode::<AddOffsetsToTxnRequest>(body, version),
            ApiKey::EndTxn => decode::<EndTxnRequest>(body, version),
            ApiKey::TxnOffsetCommit => decode::<TxnOffsetCommitRequest>(body, version),
            ApiKey::DescribeConfigs => decode::<DescribeConfigsRequest>(body, version),
            ApiKey::CreatePartitions => decode::<CreatePartitionsRequest>(body, version),
            ApiKey::DeleteGroups => decode::<DeleteGroupsRequest>(body, version),
            ApiKey::IncrementalAlterConfigs => decode::<IncrementalAlterConfigsRequest>(body, version),
            ApiKey::DescribeCluster => decode::<DescribeClusterRequest>(body, version),
            ApiKey::ConsumerGroupHeartbeat => decode::<ConsumerGroupHeartbeatRequest>(body, version),
            other => panic!("{other:?} is served but not tested"),
        }
    }

    fn served() -> Vec<(ApiKey, i16)> {
        let versions = |(key, min, max): &(ApiKey, i16, i16)| {
            let key = *key;
            (*min..=*max).map(move |version| (key, version)).collect::<Vec<_>>()
        };
        supported::SUPPORTED.iter().flat_map(versions).collect()
    }

    /// Small numbers mostly, so that lengths in it are often ones that fit.
    fn body() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![12 => Just(0u8), 3 => Just(1), 2 => Just(2), 1 => Just(3), 1 => any::<u8>()];
        proptest::collection::vec(byte, 0..160)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        /// If an outline were wrong by one field, one of the two would read on from the wrong place.
        #[test]
        fn outlines_agree_with_the_codec(choices in proptest::collection::vec(any::<u8>(), 1..64)) {
            for (key, version) in served() {
                let mut choices = choices.iter().cycle();
                let mut choose = |most: usize| choices.next().map_or(0, |choice| *choice as usize % (most + 1));
                let body = shape::sample(key, version, &mut choose);
                prop_assert_eq!(shape::check(key, version, &body), Ok(body.len()), "{:?} {}", key, version);
                prop_assert_eq!(decode_any(key, &body, version), Ok(body.len()), "{:?} {}", key, version);
            }
        }

        /// Whatever comes in: an answer, or the end of that connection; no panic, no exhaustion.
        #[test]
        fn any_frame_is_answered_or_refused(body in body(), pick in any::<prop::sample::Index>()) {
            let all = served();
            let (key, version) = all[pick.index(all.len())];
            let mut frame = BytesMut::new();
            frame.put_i16(key as i16);
            frame.put_i16(version);
            frame.extend_from_slice(&body);
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let node = Node::new(Settings::default(), "localhost".to_owned(), 1);
                let served = answer(&node, frame.freeze(), "/127.0.0.1");
                // A group may hold it: time, which is paused, passes at once.
                let _ = tokio::time::timeout(std::time::Duration::from_secs(3600), served).await;
            });
        }
    }

    #[test]
    fn a_length_that_lies_is_found_out_before_room_is_made_for_it() {
        for (key, version) in served() {
            // Every length in it is as large as can be.
            let body = [0x7f, 0xff, 0xff, 0xff].repeat(8);
            if let Ok(walked) = shape::check(key, version, &body) {
                assert!(walked <= body.len(), "{key:?} {version}");
                decode_any(key, &body, version).ok();
            }
        }
    }
}
