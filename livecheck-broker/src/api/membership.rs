//! Membership of groups.

use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_groups_response::DeletableGroupResult;
use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, DeleteGroupsRequest, DeleteGroupsResponse,
    DescribeGroupsRequest, DescribeGroupsResponse, GroupId, HeartbeatRequest, HeartbeatResponse,
    JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, LeaveGroupResponse, ListGroupsRequest,
    ListGroupsResponse, SyncGroupRequest, SyncGroupResponse,
};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::call::{Call, Refusal};
use crate::groups::{Answer, Described, Join, JoinRefused, Joined, Protocol, Sync};
use crate::node::Node;

// Versions from which the protocol has what they are named for.
const REBALANCE_TIMEOUT: i16 = 1;
const LEAVE_MANY: i16 = 3;
const MEMBER_ID_REQUIRED: i16 = 4;
const UNKNOWN_GROUP_IS_ERROR: i16 = 6;
const NULLABLE_PROTOCOL: i16 = 7;
const SKIP_ASSIGNMENT: i16 = 9;

pub(super) async fn join(
    node: &Node,
    request: JoinGroupRequest,
    call: &Call<'_>,
) -> Result<JoinGroupResponse, Refusal> {
    let version = call.version;
    let session_timeout = millis(request.session_timeout_ms);
    let allowed = node.settings.min_session_timeout..=node.settings.max_session_timeout;
    let refuse = |error| Ok(join_refused(JoinRefused::new(error, &request.member_id), version));
    if request.group_id.is_empty() {
        return refuse(ResponseError::InvalidGroupId);
    }
    if !allowed.contains(&session_timeout) {
        return refuse(ResponseError::InvalidSessionTimeout);
    }
    let instance_id = text(request.group_instance_id.as_ref());
    // As in Kafka, the id tells a reader of logs whose it is.
    let prefix = instance_id.as_deref().unwrap_or(&call.client_id);
    let fresh_id = format!("{prefix}-{}", Uuid::new_v4());
    let protocols = request.protocols.iter().map(|offered| Protocol {
        name: offered.name.to_string(),
        // A copy: it outlives the frame.
        metadata: bytes::Bytes::copy_from_slice(&offered.metadata),
    });
    let protocols: Vec<Protocol> = protocols.collect();
    let rebalance_timeout =
        if version >= REBALANCE_TIMEOUT { millis(request.rebalance_timeout_ms) } else { session_timeout };
    let answer = node
        .groups
        .ask(&request.group_id, |group, ticket, now, answers| {
            let join = Join {
                ticket,
                member_id: request.member_id.to_string(),
                fresh_id,
                instance_id,
                client_id: call.client_id.clone(),
                client_host: call.client_host.to_owned(),
                session_timeout,
                rebalance_timeout,
                protocol_type: request.protocol_type.to_string(),
                protocols,
                can_rejoin: version >= MEMBER_ID_REQUIRED,
                can_skip_assignment: version >= SKIP_ASSIGNMENT,
            };
            group.join(join, now, answers);
        })
        .await;
    match answer {
        Some(Answer::Join(Ok(joined))) => Ok(join_accepted(joined)),
        Some(Answer::Join(Err(refused))) => Ok(join_refused(refused, version)),
        Some(Answer::Sync(_)) | None => Err(Refusal::Abandoned),
    }
}

fn join_accepted(joined: Joined) -> JoinGroupResponse {
    let members = joined.members.into_iter().map(|member| {
        JoinGroupResponseMember::default()
            .with_member_id(StrBytes::from_string(member.member_id))
            .with_group_instance_id(member.instance_id.map(StrBytes::from_string))
            .with_metadata(member.metadata)
    });
    JoinGroupResponse::default()
        .with_generation_id(joined.generation)
        .with_protocol_type(Some(StrBytes::from_string(joined.protocol_type)))
        .with_protocol_name(Some(StrBytes::from_string(joined.protocol)))
        .with_leader(StrBytes::from_string(joined.leader))
        .with_skip_assignment(joined.skip_assignment)
        .with_member_id(StrBytes::from_string(joined.member_id))
        .with_members(members.collect())
}

fn join_refused(refused: JoinRefused, version: i16) -> JoinGroupResponse {
    let no_protocol = (version < NULLABLE_PROTOCOL).then(StrBytes::default);
    JoinGroupResponse::default()
        .with_error_code(refused.error.code())
        .with_generation_id(-1)
        .with_protocol_type(None)
        .with_protocol_name(no_protocol)
        .with_member_id(StrBytes::from_string(refused.member_id))
}

/// Says this to who wants to join.
pub(super) fn join_refused_with(
    request: &JoinGroupRequest,
    error: ResponseError,
    version: i16,
) -> JoinGroupResponse {
    join_refused(JoinRefused::new(error, &request.member_id), version)
}

pub(super) async fn sync(node: &Node, request: SyncGroupRequest) -> Result<SyncGroupResponse, Refusal> {
    if request.group_id.is_empty() {
        return Ok(SyncGroupResponse::default().with_error_code(ResponseError::InvalidGroupId.code()));
    }
    let assignments = request.assignments.iter().map(|assignment| {
        let member = assignment.member_id.to_string();
        (member, bytes::Bytes::copy_from_slice(&assignment.assignment))
    });
    let assignments = assignments.collect();
    let answer = node
        .groups
        .ask(&request.group_id, |group, ticket, now, answers| {
            let sync = Sync {
                ticket,
                member_id: request.member_id.to_string(),
                instance_id: text(request.group_instance_id.as_ref()),
                generation: request.generation_id,
                protocol_type: text(request.protocol_type.as_ref()),
                protocol: text(request.protocol_name.as_ref()),
                assignments,
            };
            group.sync(&sync, now, answers);
        })
        .await;
    match answer {
        Some(Answer::Sync(Ok(synced))) => Ok(SyncGroupResponse::default()
            .with_protocol_type(Some(StrBytes::from_string(synced.protocol_type)))
            .with_protocol_name(Some(StrBytes::from_string(synced.protocol)))
            .with_assignment(synced.assignment)),
        Some(Answer::Sync(Err(error))) => Ok(SyncGroupResponse::default().with_error_code(error.code())),
        Some(Answer::Join(_)) | None => Err(Refusal::Abandoned),
    }
}

pub(super) fn heartbeat(node: &Node, request: &HeartbeatRequest) -> HeartbeatResponse {
    let instance = request.group_instance_id.as_deref();
    let heard = node
        .groups
        .with(&request.group_id, |group, now, _| {
            group.heartbeat(&request.member_id, instance, request.generation_id, now)
        })
        .unwrap_or(Err(ResponseError::UnknownMemberId));
    HeartbeatResponse::default().with_error_code(code(heard))
}

/// Says that the newer group protocol is not here.
pub(super) fn newer_protocol_refused(_: ConsumerGroupHeartbeatRequest) -> ConsumerGroupHeartbeatResponse {
    let why = "This broker has the classic group protocol alone: set group.protocol=classic.";
    ConsumerGroupHeartbeatResponse::default()
        .with_error_code(ResponseError::UnsupportedVersion.code())
        .with_error_message(Some(StrBytes::from_static_str(why)))
        .with_member_id(None)
        .with_assignment(None)
}

pub(super) fn leave(node: &Node, request: &LeaveGroupRequest, version: i16) -> LeaveGroupResponse {
    let leave = |member: &str, instance: Option<&str>| {
        node.groups
            .with(&request.group_id, |group, now, answers| group.leave(member, instance, now, answers))
            .unwrap_or(Err(ResponseError::UnknownMemberId))
    };
    if version < LEAVE_MANY {
        return LeaveGroupResponse::default().with_error_code(code(leave(&request.member_id, None)));
    }
    let members = request.members.iter().map(|member| {
        let left = leave(&member.member_id, member.group_instance_id.as_deref());
        MemberResponse::default()
            .with_member_id(member.member_id.clone())
            .with_group_instance_id(member.group_instance_id.clone())
            .with_error_code(code(left))
    });
    LeaveGroupResponse::default().with_members(members.collect())
}

pub(super) fn describe(node: &Node, request: DescribeGroupsRequest, version: i16) -> DescribeGroupsResponse {
    let groups =
        request.groups.into_iter().map(|id| match node.groups.with(&id, |group, _, _| group.describe()) {
            Some(described) => described_group(id, described),
            None => {
                let dead =
                    DescribedGroup::default().with_group_id(id).with_group_state(StrBytes::from("Dead"));
                if version < UNKNOWN_GROUP_IS_ERROR {
                    return dead;
                }
                let why = StrBytes::from_static_str("There is no such group.");
                dead.with_error_code(ResponseError::GroupIdNotFound.code()).with_error_message(Some(why))
            }
        });
    DescribeGroupsResponse::default().with_groups(groups.collect())
}

fn described_group(id: GroupId, described: Described) -> DescribedGroup {
    let members = described.members.into_iter().map(|member| {
        DescribedGroupMember::default()
            .with_member_id(StrBytes::from_string(member.member_id))
            .with_group_instance_id(member.instance_id.map(StrBytes::from_string))
            .with_client_id(StrBytes::from_string(member.client_id))
            .with_client_host(StrBytes::from_string(member.client_host))
            .with_member_metadata(member.metadata)
            .with_member_assignment(member.assignment)
    });
    DescribedGroup::default()
        .with_group_id(id)
        .with_group_state(StrBytes::from_static_str(described.state.name()))
        .with_protocol_type(StrBytes::from_string(described.protocol_type))
        .with_protocol_data(StrBytes::from_string(described.protocol))
        .with_members(members.collect())
}

pub(super) fn list(node: &Node, request: &ListGroupsRequest) -> ListGroupsResponse {
    // What these groups are, in the protocol's newer words.
    const TYPE: &str = "classic";
    let among = |wanted: &[StrBytes], value: &str| {
        wanted.is_empty() || wanted.iter().any(|one| one.eq_ignore_ascii_case(value))
    };
    let groups = node.groups.ids().into_iter().filter_map(|id| {
        let (state, protocol_type) =
            node.groups.with(&id, |group, _, _| (group.state().name(), group.protocol_type().to_owned()))?;
        (among(&request.states_filter, state) && among(&request.types_filter, TYPE)).then(|| {
            ListedGroup::default()
                .with_group_id(GroupId(StrBytes::from_string(id)))
                .with_protocol_type(StrBytes::from_string(protocol_type))
                .with_group_state(StrBytes::from_static_str(state))
                .with_group_type(StrBytes::from_static_str(TYPE))
        })
    });
    ListGroupsResponse::default().with_groups(groups.collect())
}

pub(super) fn delete(node: &Node, request: DeleteGroupsRequest) -> DeleteGroupsResponse {
    let results = request.groups_names.into_iter().map(|id| {
        let deleted = node.groups.delete(&id);
        DeletableGroupResult::default().with_group_id(id).with_error_code(code(deleted))
    });
    DeleteGroupsResponse::default().with_results(results.collect())
}

fn millis(millis: i32) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

fn text(text: Option<&StrBytes>) -> Option<String> {
    text.map(ToString::to_string)
}

/// The wire's way to say how it went.
pub(super) fn code(outcome: Result<(), ResponseError>) -> i16 {
    outcome.err().map_or(0, |error| error.code())
}
