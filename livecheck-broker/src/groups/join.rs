//! Joining, and the rebalance that it starts: everyone joins again, a strategy is chosen, a generation begins.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::ResponseError;

use super::group::{Group, State};
use super::member::{Member, Protocol, Roster};
use super::{Answer, Answers, Ticket};

/// A request to join.
#[derive(Debug, Clone)]
pub(crate) struct Join {
    pub(crate) ticket: Ticket,
    /// Empty at first.
    pub(crate) member_id: String,
    /// The id to give it, if it has none.
    pub(crate) fresh_id: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(crate) session_timeout: Duration,
    pub(crate) rebalance_timeout: Duration,
    pub(crate) protocol_type: String,
    pub(crate) protocols: Vec<Protocol>,
    /// The client understands "join again with this id", which keeps members whose first request was lost
    /// from haunting the group.
    pub(crate) can_rejoin: bool,
    /// The client understands that a leader need not assign.
    pub(crate) can_skip_assignment: bool,
}

/// Membership in a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) generation: i32,
    pub(crate) protocol_type: String,
    pub(crate) protocol: String,
    pub(crate) leader: String,
    pub(crate) member_id: String,
    /// For the leader: everyone.
    pub(crate) members: Vec<Roster>,
    pub(crate) skip_assignment: bool,
}

/// Why not, and which id the answer is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JoinRefused {
    pub(crate) error: ResponseError,
    pub(crate) member_id: String,
}

impl JoinRefused {
    pub(crate) fn new(error: ResponseError, member_id: &str) -> Self {
        Self { error, member_id: member_id.to_owned() }
    }
}

impl Group {
    /// Handles a request to join; its answer, and those that it completes, go to `answers`.
    pub(crate) fn join(&mut self, join: Join, now: Duration, answers: &mut Answers) {
        let ticket = join.ticket;
        let member_id = join.member_id.clone();
        if let Err(refused) = self.try_join(join, now, answers) {
            let member_id = if refused.member_id.is_empty() { member_id } else { refused.member_id };
            answers.push((ticket, Answer::Join(Err(JoinRefused { member_id, ..refused }))));
        }
    }

    fn try_join(&mut self, join: Join, now: Duration, answers: &mut Answers) -> Result<(), JoinRefused> {
        let refuse = |error| Err(JoinRefused::new(error, ""));
        if !self.accepts(&join) {
            return refuse(ResponseError::InconsistentGroupProtocol);
        }
        if join.member_id.is_empty() {
            if let Some(instance) = join.instance_id.clone() {
                return self.join_static(&instance, join, now, answers);
            }
            if join.can_rejoin {
                let until = now + join.session_timeout;
                self.expected.insert(join.fresh_id.clone(), until);
                return Err(JoinRefused { error: ResponseError::MemberIdRequired, member_id: join.fresh_id });
            }
            let id = join.fresh_id.clone();
            self.add(id, join, now, answers);
            return Ok(());
        }
        if self.expected.remove(&join.member_id).is_some() {
            let id = join.member_id.clone();
            self.add(id, join, now, answers);
            return Ok(());
        }
        let id = join.member_id.clone();
        if let Err(error) = self.check_instance(&id, join.instance_id.as_deref()) {
            return refuse(error);
        }
        let Some(member) = self.member_mut(&id) else { return refuse(ResponseError::UnknownMemberId) };
        let unchanged = member.protocols == join.protocols;
        let is_leader = self.leader.as_deref() == Some(&id);
        match self.state {
            // It may have missed the answer: the generation stands, and it is told again.
            State::CompletingRebalance { .. } if unchanged => self.tell_again(&id, &join, now, answers),
            // A leader that joins anew asks for a rebalance; a follower that has nothing new does not.
            State::Stable if unchanged && !is_leader => self.tell_again(&id, &join, now, answers),
            State::Stable | State::CompletingRebalance { .. } | State::PreparingRebalance { .. } => {
                self.update(&id, join, now);
                self.begin_or_advance(now, answers);
            }
            State::Empty => return refuse(ResponseError::UnknownMemberId),
        }
        Ok(())
    }

    /// Whether it speaks what the others speak.
    fn accepts(&self, join: &Join) -> bool {
        if join.protocols.is_empty() || join.protocol_type.is_empty() {
            return false;
        }
        if self.members.is_empty() {
            return true;
        }
        let others = || self.members.iter().filter(|member| member.id != join.member_id);
        self.protocol_type.as_deref() == Some(&join.protocol_type)
            && join.protocols.iter().any(|offered| others().all(|member| member.supports(&offered.name)))
    }

    /// A static member comes, or comes back: under its old name there is at most one.
    fn join_static(
        &mut self,
        instance: &str,
        join: Join,
        now: Duration,
        answers: &mut Answers,
    ) -> Result<(), JoinRefused> {
        let Some(before) =
            self.members.iter().position(|member| member.instance_id.as_deref() == Some(instance))
        else {
            let id = join.fresh_id.clone();
            self.add(id, join, now, answers);
            return Ok(());
        };
        let old = self.members[before].clone();
        let fenced = ResponseError::FencedInstanceId;
        if let Some(ticket) = old.joining {
            answers.push((ticket, Answer::Join(Err(JoinRefused::new(fenced, &old.id)))));
        }
        if let Some(ticket) = old.syncing {
            answers.push((ticket, Answer::Sync(Err(fenced))));
        }
        let was_leader = self.leader.as_deref() == Some(&old.id);
        let id = join.fresh_id.clone();
        let member = &mut self.members[before];
        member.id.clone_from(&id);
        member.joining = None;
        member.syncing = None;
        member.protocols.clone_from(&join.protocols);
        if was_leader {
            self.leader = Some(id.clone());
        }
        // It takes up its old assignment, and nobody else notices; unless the strategy would be another. What
        // it says it owns does not count: it has forgotten.
        if self.state == State::Stable && self.protocol.as_deref() == Some(&*self.elect_protocol()) {
            member_timeouts(&mut self.members[before], &join);
            self.membership_changed = true;
            self.tell_again(&id, &join, now, answers);
        } else {
            self.update(&id, join, now);
            self.begin_or_advance(now, answers);
        }
        Ok(())
    }

    fn add(&mut self, id: String, join: Join, now: Duration, answers: &mut Answers) {
        if self.members.is_empty() {
            self.protocol_type = Some(join.protocol_type.clone());
        }
        if self.leader.is_none() {
            self.leader = Some(id.clone());
        }
        self.members.push(Member {
            id,
            instance_id: join.instance_id,
            client_id: join.client_id,
            client_host: join.client_host,
            session_timeout: join.session_timeout,
            rebalance_timeout: join.rebalance_timeout,
            protocols: join.protocols,
            assignment: Bytes::new(),
            session_ends: now + join.session_timeout,
            joining: Some(join.ticket),
            syncing: None,
            synced: false,
        });
        self.begin_or_advance(now, answers);
    }

    fn update(&mut self, id: &str, join: Join, now: Duration) {
        if let Some(member) = self.member_mut(id) {
            member_timeouts(member, &join);
            member.protocols = join.protocols;
            member.joining = Some(join.ticket);
            member.heard(now);
        }
    }

    fn tell_again(&mut self, id: &str, join: &Join, now: Duration, answers: &mut Answers) {
        self.heard(id, now);
        let mut joined = self.joined(id);
        // Without skipping, a returning leader would assign from members that no longer wait: it is told that
        // another leads, and so only asks for its share.
        if self.state == State::Stable && self.leader.as_deref() == Some(id) {
            joined.skip_assignment = join.can_skip_assignment;
            if !join.can_skip_assignment {
                joined.leader = String::new();
                joined.members = Vec::new();
            }
        }
        answers.push((join.ticket, Answer::Join(Ok(joined))));
    }

    fn begin_or_advance(&mut self, now: Duration, answers: &mut Answers) {
        match self.state {
            State::PreparingRebalance { .. } => self.advance(now, answers),
            State::Empty | State::Stable | State::CompletingRebalance { .. } => {
                self.prepare_rebalance(now, answers);
            }
        }
    }

    /// Everyone must join again; those who wait for an assignment are told now, others by their heartbeat.
    pub(super) fn prepare_rebalance(&mut self, now: Duration, answers: &mut Answers) {
        for member in &mut self.members {
            if let Some(ticket) = member.syncing.take() {
                member.heard(now);
                answers.push((ticket, Answer::Sync(Err(ResponseError::RebalanceInProgress))));
            }
            if matches!(self.state, State::CompletingRebalance { .. }) {
                member.assignment = Bytes::new();
            }
        }
        self.state = State::PreparingRebalance { deadline: now + self.rebalance_timeout() };
        self.advance(now, answers);
    }

    fn rebalance_timeout(&self) -> Duration {
        self.members.iter().map(|member| member.rebalance_timeout).max().unwrap_or_default()
    }

    /// Begins the next generation once everyone is in, or time is up.
    pub(super) fn advance(&mut self, now: Duration, answers: &mut Answers) {
        let State::PreparingRebalance { deadline } = self.state else { return };
        let all_in = self.expected.is_empty() && self.members.iter().all(|member| member.joining.is_some());
        if !all_in && now < deadline {
            return;
        }
        // Late static members keep their place until their session ends.
        self.members.retain(|member| member.joining.is_some() || member.instance_id.is_some());
        let Some(first_in) = self.members.iter().find(|member| member.joining.is_some()) else {
            if self.members.is_empty() {
                self.generation += 1;
                self.state = State::Empty;
                self.empty_since = now;
                self.membership_changed = true;
                self.protocol = None;
                self.leader = None;
            } else {
                self.state = State::PreparingRebalance { deadline: now + self.rebalance_timeout() };
            }
            return;
        };
        let leads = |member: &Member| member.joining.is_some() && self.leader.as_deref() == Some(&member.id);
        if !self.members.iter().any(leads) {
            self.leader = Some(first_in.id.clone());
        }
        self.generation += 1;
        self.protocol = Some(self.elect_protocol());
        self.state = State::CompletingRebalance { deadline: now + self.rebalance_timeout() };
        for at in 0..self.members.len() {
            let joined = self.joined(&self.members[at].id);
            let member = &mut self.members[at];
            member.synced = false;
            member.heard(now);
            if let Some(ticket) = member.joining.take() {
                answers.push((ticket, Answer::Join(Ok(joined))));
            }
        }
    }

    /// Each member votes for the first of its strategies that all support.
    fn elect_protocol(&self) -> String {
        let candidates = self.members[0]
            .protocols
            .iter()
            .filter(|offered| self.members.iter().all(|member| member.supports(&offered.name)));
        let votes = |candidate: &str| {
            let common = |name: &str| self.members.iter().all(|member| member.supports(name));
            self.members
                .iter()
                .filter(|member| {
                    member
                        .protocols
                        .iter()
                        .find(|offered| common(&offered.name))
                        .is_some_and(|p| p.name == candidate)
                })
                .count()
        };
        // On a tie the first member's preference: `max_by_key` takes the last of equals.
        candidates
            .rev()
            .max_by_key(|offered| votes(&offered.name))
            .map(|p| p.name.clone())
            .unwrap_or_default()
    }

    fn joined(&self, id: &str) -> Joined {
        let protocol = self.protocol.clone().unwrap_or_default();
        let leader = self.leader.clone().unwrap_or_default();
        let members = if leader == id {
            let roster = |member: &Member| Roster {
                member_id: member.id.clone(),
                instance_id: member.instance_id.clone(),
                metadata: member.metadata(&protocol),
            };
            self.members.iter().map(roster).collect()
        } else {
            Vec::new()
        };
        Joined {
            generation: self.generation,
            protocol_type: self.protocol_type().to_owned(),
            protocol,
            leader,
            member_id: id.to_owned(),
            members,
            skip_assignment: false,
        }
    }
}

fn member_timeouts(member: &mut Member, join: &Join) {
    member.session_timeout = join.session_timeout;
    member.rebalance_timeout = join.rebalance_timeout;
}
