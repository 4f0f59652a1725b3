//! The group as a whole: its state, who is in it, and what time does to it.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::ResponseError;

use super::join::JoinRefused;
use super::member::Member;
use super::offsets::Offsets;
use super::{Answer, Answers, Ticket};

/// Where the group is in its cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// No members.
    Empty,
    /// Waiting for members to join again, at the longest until `deadline`.
    PreparingRebalance { deadline: Duration },
    /// All are in; waiting for the leader's assignment, at the longest until `deadline`.
    CompletingRebalance { deadline: Duration },
    /// Everyone has, or can ask for, an assignment.
    Stable,
}

impl State {
    /// The name that Kafka gives it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance { .. } => "PreparingRebalance",
            Self::CompletingRebalance { .. } => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}

/// A group as an administrator sees it.
#[derive(Debug, Clone)]
pub(crate) struct Described {
    pub(crate) state: State,
    pub(crate) protocol_type: String,
    pub(crate) protocol: String,
    pub(crate) members: Vec<DescribedMember>,
}

#[derive(Debug, Clone)]
pub(crate) struct DescribedMember {
    pub(crate) member_id: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(crate) metadata: Bytes,
    pub(crate) assignment: Bytes,
}

/// A consumer group.
#[derive(Debug)]
pub(crate) struct Group {
    pub(super) state: State,
    pub(super) generation: i32,
    pub(super) protocol_type: Option<String>,
    pub(super) protocol: Option<String>,
    pub(super) leader: Option<String>,
    /// In the order in which they came.
    pub(super) members: Vec<Member>,
    /// Ids given out to members that have yet to join with them, and until when that is waited for.
    pub(super) expected: HashMap<String, Duration>,
    pub(super) offsets: Offsets,
    /// When its last member went.
    pub(super) empty_since: Duration,
    /// Whether who has which share may be different from what it was.
    pub(super) membership_changed: bool,
}

impl Group {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Empty,
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: Vec::new(),
            expected: HashMap::new(),
            offsets: Offsets::default(),
            empty_since: Duration::ZERO,
            membership_changed: false,
        }
    }

    pub(crate) fn state(&self) -> State {
        self.state
    }

    pub(crate) fn protocol_type(&self) -> &str {
        self.protocol_type.as_deref().unwrap_or_default()
    }

    /// Whether nothing would be lost if it were forgotten.
    pub(crate) fn is_blank(&self) -> bool {
        self.members.is_empty() && self.expected.is_empty() && self.offsets.is_empty()
    }

    /// Whether it may be deleted.
    pub(crate) fn check_deletable(&self) -> Result<(), ResponseError> {
        if !self.members.is_empty() {
            Err(ResponseError::NonEmptyGroup)
        } else if self.is_blank() {
            Err(ResponseError::GroupIdNotFound)
        } else {
            Ok(())
        }
    }

    pub(crate) fn describe(&self) -> Described {
        let protocol = match self.state {
            State::Stable => self.protocol.clone().unwrap_or_default(),
            _ => String::new(),
        };
        let members = self
            .members
            .iter()
            .map(|member| DescribedMember {
                member_id: member.id.clone(),
                instance_id: member.instance_id.clone(),
                client_id: member.client_id.clone(),
                client_host: member.client_host.clone(),
                metadata: member.metadata(&protocol),
                assignment: member.assignment.clone(),
            })
            .collect();
        Described { state: self.state, protocol_type: self.protocol_type().to_owned(), protocol, members }
    }

    /// A member says that it lives.
    pub(crate) fn heartbeat(
        &mut self,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
        now: Duration,
    ) -> Result<(), ResponseError> {
        self.check_member(member_id, instance_id, generation)?;
        self.heard(member_id, now);
        match self.state {
            State::Empty => Err(ResponseError::UnknownMemberId),
            State::PreparingRebalance { .. } => Err(ResponseError::RebalanceInProgress),
            State::CompletingRebalance { .. } | State::Stable => Ok(()),
        }
    }

    /// A member leaves (named by its instance, an administrator may remove it).
    pub(crate) fn leave(
        &mut self,
        member_id: &str,
        instance_id: Option<&str>,
        now: Duration,
        answers: &mut Answers,
    ) -> Result<(), ResponseError> {
        let member_id = match instance_id {
            None if self.expected.remove(member_id).is_some() => {
                self.advance(now, answers);
                return Ok(());
            }
            None => member_id.to_owned(),
            Some(instance) => {
                let holder = self.instance(instance).ok_or(ResponseError::UnknownMemberId)?;
                if !member_id.is_empty() && holder.id != member_id {
                    return Err(ResponseError::FencedInstanceId);
                }
                holder.id.clone()
            }
        };
        self.member(&member_id)?;
        self.remove(&member_id, answers);
        self.membership_changed(now, answers);
        Ok(())
    }

    /// Does what is due.
    pub(crate) fn tick(&mut self, now: Duration, answers: &mut Answers) {
        self.expected.retain(|_, until| *until > now);
        let silent: Vec<String> = self
            .members
            .iter()
            .filter(|member| member.session_ends <= now && !member.waits())
            .map(|member| member.id.clone())
            .collect();
        let idle = match self.state {
            State::CompletingRebalance { deadline } if deadline <= now => {
                self.members.iter().filter(|member| !member.synced).map(|member| member.id.clone()).collect()
            }
            _ => Vec::new(),
        };
        let mut changed = false;
        for member in silent.iter().chain(&idle) {
            changed |= self.remove(member, answers);
        }
        if changed {
            self.membership_changed(now, answers);
        } else {
            self.advance(now, answers);
        }
    }

    /// The connection is gone on which this request's answer was waited for: its member is silent from now on.
    pub(crate) fn abandon(&mut self, ticket: Ticket, now: Duration) {
        let waits = |member: &&mut Member| member.joining == Some(ticket) || member.syncing == Some(ticket);
        if let Some(member) = self.members.iter_mut().find(waits) {
            member.joining = member.joining.filter(|joining| *joining != ticket);
            member.syncing = member.syncing.filter(|syncing| *syncing != ticket);
            member.heard(now);
        }
    }

    /// When `tick` next has something to do.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        let rebalance = match self.state {
            State::PreparingRebalance { deadline } | State::CompletingRebalance { deadline } => {
                Some(deadline)
            }
            State::Empty | State::Stable => None,
        };
        let sessions = self.members.iter().filter(|member| !member.waits()).map(|member| member.session_ends);
        sessions.chain(self.expected.values().copied()).chain(rebalance).min()
    }

    /// Whether this member, of this generation, is who it says.
    pub(super) fn check_member(
        &self,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
    ) -> Result<(), ResponseError> {
        self.check_instance(member_id, instance_id)?;
        self.member(member_id)?;
        if generation == self.generation { Ok(()) } else { Err(ResponseError::IllegalGeneration) }
    }

    /// A static member that has been replaced is told so.
    pub(super) fn check_instance(
        &self,
        member_id: &str,
        instance_id: Option<&str>,
    ) -> Result<(), ResponseError> {
        let Some(instance) = instance_id else { return Ok(()) };
        match self.instance(instance) {
            None => Err(ResponseError::UnknownMemberId),
            Some(holder) if holder.id == member_id => Ok(()),
            Some(_) => Err(ResponseError::FencedInstanceId),
        }
    }

    pub(super) fn instance(&self, instance: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.instance_id.as_deref() == Some(instance))
    }

    pub(super) fn member(&self, member_id: &str) -> Result<&Member, ResponseError> {
        self.members.iter().find(|member| member.id == member_id).ok_or(ResponseError::UnknownMemberId)
    }

    pub(super) fn member_mut(&mut self, member_id: &str) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.id == member_id)
    }

    pub(super) fn heard(&mut self, member_id: &str, now: Duration) {
        if let Some(member) = self.member_mut(member_id) {
            member.heard(now);
        }
    }

    pub(super) fn remove(&mut self, member_id: &str, answers: &mut Answers) -> bool {
        let Some(at) = self.members.iter().position(|member| member.id == member_id) else { return false };
        let member = self.members.remove(at);
        let gone = ResponseError::UnknownMemberId;
        if let Some(ticket) = member.joining {
            answers.push((ticket, Answer::Join(Err(JoinRefused::new(gone, &member.id)))));
        }
        if let Some(ticket) = member.syncing {
            answers.push((ticket, Answer::Sync(Err(gone))));
        }
        if self.leader.as_deref() == Some(member_id) {
            self.leader = self.members.first().map(|first| first.id.clone());
        }
        true
    }

    /// Somebody went: the rest share the work anew.
    pub(super) fn membership_changed(&mut self, now: Duration, answers: &mut Answers) {
        match self.state {
            State::Stable | State::CompletingRebalance { .. } => self.prepare_rebalance(now, answers),
            State::PreparingRebalance { .. } => self.advance(now, answers),
            State::Empty => {}
        }
    }
}
