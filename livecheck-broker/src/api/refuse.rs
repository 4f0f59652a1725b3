//! Answers that say nothing but that something went wrong: for faults on purpose.

use bytes::BytesMut;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, ApiKey, EndTxnRequest, EndTxnResponse, HeartbeatRequest,
    HeartbeatResponse, InitProducerIdRequest, InitProducerIdResponse, JoinGroupRequest, LeaveGroupRequest,
    LeaveGroupResponse, ProduceRequest, ProducerId, SyncGroupRequest, SyncGroupResponse,
};

use super::call::{Call, Refusal};
use super::{commits, fetch, membership, metadata, positions, produce, transactions};

/// Whether such a request can be answered with an error.
pub(crate) fn can_refuse(key: ApiKey) -> bool {
    matches!(
        key,
        ApiKey::Produce
            | ApiKey::Fetch
            | ApiKey::ListOffsets
            | ApiKey::OffsetCommit
            | ApiKey::OffsetFetch
            | ApiKey::FindCoordinator
            | ApiKey::JoinGroup
            | ApiKey::SyncGroup
            | ApiKey::Heartbeat
            | ApiKey::LeaveGroup
            | ApiKey::InitProducerId
            | ApiKey::AddPartitionsToTxn
            | ApiKey::AddOffsetsToTxn
            | ApiKey::TxnOffsetCommit
            | ApiKey::EndTxn
    )
}

/// The answer to such a request that says this of all it asked for. `None` where no answer is wanted.
pub(super) fn refuse(call: &Call<'_>, error: ResponseError) -> Result<Option<BytesMut>, Refusal> {
    let code = error.code();
    let version = call.version;
    match call.key {
        ApiKey::Produce => {
            let request: ProduceRequest = call.request()?;
            if request.acks == 0 {
                return Err(Refusal::UnansweredFailure(error));
            }
            call.response(&produce::refused(request, error)).map(Some)
        }
        ApiKey::Fetch => call.serve(|request| fetch::refused(request, error)),
        ApiKey::ListOffsets => call.serve(|request| positions::list_refused(request, error, version)),
        ApiKey::OffsetCommit => call.serve(|request| commits::commit_refused(request, error)),
        ApiKey::OffsetFetch => call.serve(|request| commits::fetch_refused(request, error, version)),
        ApiKey::FindCoordinator => {
            call.serve(|request| metadata::find_coordinator_refused(request, error, version))
        }
        ApiKey::JoinGroup => {
            call.serve(|request: JoinGroupRequest| membership::join_refused_with(&request, error, version))
        }
        ApiKey::SyncGroup => {
            call.serve(|_: SyncGroupRequest| SyncGroupResponse::default().with_error_code(code))
        }
        ApiKey::Heartbeat => {
            call.serve(|_: HeartbeatRequest| HeartbeatResponse::default().with_error_code(code))
        }
        ApiKey::LeaveGroup => {
            call.serve(|_: LeaveGroupRequest| LeaveGroupResponse::default().with_error_code(code))
        }
        ApiKey::InitProducerId => call.serve(|_: InitProducerIdRequest| {
            InitProducerIdResponse::default()
                .with_error_code(code)
                .with_producer_id(ProducerId(-1))
                .with_producer_epoch(-1)
        }),
        ApiKey::AddPartitionsToTxn => {
            call.serve(|request| transactions::add_partitions_refused(request, error))
        }
        ApiKey::AddOffsetsToTxn => {
            call.serve(|_: AddOffsetsToTxnRequest| AddOffsetsToTxnResponse::default().with_error_code(code))
        }
        ApiKey::TxnOffsetCommit => call.serve(|request| transactions::commit_offsets_refused(request, error)),
        ApiKey::EndTxn => call.serve(|_: EndTxnRequest| EndTxnResponse::default().with_error_code(code)),
        other => Err(Refusal::Unsupported { key: other as i16, version }),
    }
}
