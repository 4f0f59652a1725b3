//! From a frame to its answer: the header, the version, the right function.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable};

use super::{
    commits, configs, fetch, membership, metadata, positions, produce, supported, topics, transactions,
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
    UnansweredFailure(kafka_protocol::ResponseError),
    #[error("the group that held the request was deleted")]
    Abandoned,
}

/// A request about to be served.
#[derive(Debug)]
pub(super) struct Call<'a> {
    key: ApiKey,
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
        ApiKey::LeaveGroup => call.serve(|request| membership::leave(node, request, version)),
        ApiKey::DescribeGroups => call.serve(|request| membership::describe(node, request, version)),
        ApiKey::ListGroups => call.serve(|request| membership::list(node, &request)),
        ApiKey::DeleteGroups => call.serve(|request| membership::delete(node, request)),
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
        let client_id = header.client_id.map(|id| id.to_string()).unwrap_or_default();
        Ok(Ok(Self { key, version, correlation, client_id, client_host, body: frame }))
    }

    fn request<R: Decodable>(&self) -> Result<R, Refusal> {
        let mut body = self.body.clone();
        R::decode(&mut body, self.version).map_err(|error| Refusal::Malformed {
            key: self.key as i16,
            version: self.version,
            reason: error.to_string(),
        })
    }

    fn response<R: Encodable>(&self, response: &R) -> Result<BytesMut, Refusal> {
        write(self.key, self.version, self.correlation, response)
    }

    fn serve<Q: Decodable, A: Encodable>(
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
