//! Offsets that a group committed, at once or in transactions yet open.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use kafka_protocol::ResponseError;

use super::group::{Group, State};
use crate::log::Verdict;
use crate::transactions::TopicPartition;

/// A committed position, and what the client noted with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) offset: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) metadata: String,
}

/// Offsets to commit.
pub(crate) type Pending = Vec<(TopicPartition, Committed)>;

/// What a fetch of one partition's offset finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fetched {
    Committed(Committed),
    None,
    /// An open transaction may yet change it, and the reader wants only what will last.
    Unstable,
}

/// As whom a commit is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim<'a> {
    /// Empty for who commits from outside the group.
    pub(crate) member_id: &'a str,
    pub(crate) instance_id: Option<&'a str>,
    /// Negative for who commits from outside the group.
    pub(crate) generation: i32,
}

impl Claim<'_> {
    fn is_membership(&self) -> bool {
        self.generation >= 0 || !self.member_id.is_empty() || self.instance_id.is_some()
    }
}

#[derive(Debug, Default)]
pub(super) struct Offsets {
    committed: BTreeMap<TopicPartition, (u64, Committed)>,
    /// By producer id.
    open: HashMap<i64, BTreeMap<TopicPartition, (u64, Committed)>>,
    /// Orders commits: the later one stands, whatever order transactions end in.
    commits: u64,
}

impl Offsets {
    pub(super) fn is_empty(&self) -> bool {
        self.committed.is_empty() && self.open.is_empty()
    }
}

impl Group {
    /// Commits at once.
    pub(crate) fn commit(
        &mut self,
        claim: Claim<'_>,
        offsets: Pending,
        now: Duration,
    ) -> Result<(), ResponseError> {
        if claim.is_membership() {
            if self.members.is_empty() && claim.generation < 0 {
                // A client that assigns itself its partitions, with a member id left over.
            } else if self.members.is_empty() && self.is_blank() {
                return Err(ResponseError::IllegalGeneration);
            } else {
                self.check_member(claim.member_id, claim.instance_id, claim.generation)?;
                self.heard(claim.member_id, now);
            }
        } else if self.state != State::Empty {
            return Err(ResponseError::UnknownMemberId);
        }
        if matches!(self.state, State::CompletingRebalance { .. }) {
            return Err(ResponseError::RebalanceInProgress);
        }
        self.offsets.commits += 1;
        let order = self.offsets.commits;
        self.offsets.committed.extend(offsets.into_iter().map(|(at, committed)| (at, (order, committed))));
        Ok(())
    }

    /// Commits if and when the producer's transaction does. A member is checked as for any commit: this is what
    /// keeps one that has lost its partitions from committing for them.
    pub(crate) fn commit_in_transaction(
        &mut self,
        claim: Claim<'_>,
        producer_id: i64,
        offsets: Pending,
    ) -> Result<(), ResponseError> {
        if claim.is_membership() {
            self.check_member(claim.member_id, claim.instance_id, claim.generation)?;
        }
        self.offsets.commits += 1;
        let order = self.offsets.commits;
        let open = self.offsets.open.entry(producer_id).or_default();
        open.extend(offsets.into_iter().map(|(at, committed)| (at, (order, committed))));
        Ok(())
    }

    /// The producer's transaction ended.
    pub(crate) fn end_transaction(&mut self, producer_id: i64, verdict: Verdict) {
        let Some(open) = self.offsets.open.remove(&producer_id) else { return };
        if verdict == Verdict::Abort {
            return;
        }
        for (at, (order, committed)) in open {
            let later = self.offsets.committed.get(&at).is_none_or(|(standing, _)| *standing < order);
            if later {
                self.offsets.committed.insert(at, (order, committed));
            }
        }
    }

    /// One partition's committed offset.
    pub(crate) fn fetch_offset(&self, at: &TopicPartition, only_stable: bool) -> Fetched {
        if only_stable && self.offsets.open.values().any(|open| open.contains_key(at)) {
            return Fetched::Unstable;
        }
        match self.offsets.committed.get(at) {
            Some((_, committed)) => Fetched::Committed(committed.clone()),
            None => Fetched::None,
        }
    }

    /// Every partition with a committed offset.
    pub(crate) fn committed_partitions(&self) -> Vec<TopicPartition> {
        self.offsets.committed.keys().cloned().collect()
    }

    /// A deleted topic's offsets go with it.
    pub(crate) fn forget_topic(&mut self, topic: &str) {
        self.offsets.committed.retain(|at, _| &*at.topic != topic);
    }
}
