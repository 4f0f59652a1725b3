//! A group's members as they are kept, so that they go on when the broker has started again.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::group::{Group, State};
use super::member::{Member, Protocol};
use super::offsets::KeptOffsets;

/// Who has which share of the work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptMembership {
    generation: i32,
    protocol_type: Option<String>,
    protocol: Option<String>,
    leader: Option<String>,
    members: Vec<KeptMember>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct KeptMember {
    id: String,
    instance_id: Option<String>,
    client_id: String,
    client_host: String,
    session_timeout: Duration,
    rebalance_timeout: Duration,
    protocols: Vec<Protocol>,
    assignment: Bytes,
}

impl Group {
    /// Who has which share, if that has changed since it was last asked; nobody has while they are handed out.
    pub(crate) fn take_membership(&mut self) -> Option<Option<KeptMembership>> {
        if !std::mem::take(&mut self.membership_changed) {
            return None;
        }
        Some((self.state == State::Stable).then(|| KeptMembership {
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            members: self.members.iter().map(KeptMember::of).collect(),
        }))
    }

    /// A group with these offsets and members, each heard of just now.
    pub(crate) fn restored(offsets: KeptOffsets, membership: Option<KeptMembership>, now: Duration) -> Self {
        let mut group = Self::with_offsets(offsets, now);
        if let Some(membership) = membership {
            let KeptMembership { generation, protocol_type, protocol, leader, members } = membership;
            let members = members.into_iter().map(|member| member.restored(now)).collect();
            group =
                Self { state: State::Stable, generation, protocol_type, protocol, leader, members, ..group };
        }
        group
    }
}

impl KeptMember {
    fn of(member: &Member) -> Self {
        let member = member.clone();
        Self {
            id: member.id,
            instance_id: member.instance_id,
            client_id: member.client_id,
            client_host: member.client_host,
            session_timeout: member.session_timeout,
            rebalance_timeout: member.rebalance_timeout,
            protocols: member.protocols,
            assignment: member.assignment,
        }
    }

    fn restored(self, now: Duration) -> Member {
        Member {
            id: self.id,
            instance_id: self.instance_id,
            client_id: self.client_id,
            client_host: self.client_host,
            session_timeout: self.session_timeout,
            rebalance_timeout: self.rebalance_timeout,
            protocols: self.protocols,
            assignment: self.assignment,
            session_ends: now + self.session_timeout,
            joining: None,
            syncing: None,
            synced: true,
        }
    }
}
