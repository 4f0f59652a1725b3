//! Handing out the leader's assignment.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::ResponseError;

use super::group::{Group, State};
use super::{Answer, Answers, Ticket};

/// A request for one's assignment; the leader's brings everyone's.
#[derive(Debug, Clone)]
pub(crate) struct Sync {
    pub(crate) ticket: Ticket,
    pub(crate) member_id: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) generation: i32,
    /// What the member believes was agreed, if it says so.
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol: Option<String>,
    pub(crate) assignments: HashMap<String, Bytes>,
}

/// An assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Synced {
    pub(crate) protocol_type: String,
    pub(crate) protocol: String,
    pub(crate) assignment: Bytes,
}

impl Group {
    /// Handles a request for an assignment; its answer, and those that it completes, go to `answers`.
    pub(crate) fn sync(&mut self, sync: &Sync, now: Duration, answers: &mut Answers) {
        let ticket = sync.ticket;
        if let Err(error) = self.try_sync(sync, now, answers) {
            answers.push((ticket, Answer::Sync(Err(error))));
        }
    }

    fn try_sync(&mut self, sync: &Sync, now: Duration, answers: &mut Answers) -> Result<(), ResponseError> {
        self.check_member(&sync.member_id, sync.instance_id.as_deref(), sync.generation)?;
        let differs =
            |believed: &Option<String>, agreed: &Option<String>| believed.is_some() && believed != agreed;
        if differs(&sync.protocol_type, &self.protocol_type) || differs(&sync.protocol, &self.protocol) {
            return Err(ResponseError::InconsistentGroupProtocol);
        }
        let stable = match self.state {
            State::Empty => return Err(ResponseError::UnknownMemberId),
            State::PreparingRebalance { .. } => return Err(ResponseError::RebalanceInProgress),
            State::CompletingRebalance { .. } => false,
            State::Stable => true,
        };
        let leads = self.leader.as_deref() == Some(&sync.member_id);
        let Some(member) = self.member_mut(&sync.member_id) else {
            return Err(ResponseError::UnknownMemberId);
        };
        member.heard(now);
        member.synced = true;
        // A request sent again takes the place of the first, whose connection is gone.
        if let Some(superseded) = member.syncing.replace(sync.ticket) {
            answers.push((superseded, Answer::Sync(Err(ResponseError::RebalanceInProgress))));
        }
        if leads && !stable {
            for member in &mut self.members {
                member.assignment = sync.assignments.get(&member.id).cloned().unwrap_or_default();
            }
            self.state = State::Stable;
            self.membership_changed = true;
        }
        if self.state == State::Stable {
            self.hand_out(now, answers);
        }
        Ok(())
    }

    fn hand_out(&mut self, now: Duration, answers: &mut Answers) {
        let protocol_type = self.protocol_type().to_owned();
        let protocol = self.protocol.clone().unwrap_or_default();
        for member in &mut self.members {
            if let Some(ticket) = member.syncing.take() {
                member.heard(now);
                let synced = Synced {
                    protocol_type: protocol_type.clone(),
                    protocol: protocol.clone(),
                    assignment: member.assignment.clone(),
                };
                answers.push((ticket, Answer::Sync(Ok(synced))));
            }
        }
    }
}
