//! Offsets that a group committed, at once or in transactions yet open.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use kafka_protocol::ResponseError;
use serde::{Deserialize, Serialize};

use super::group::{Group, State};
use crate::log::Verdict;
use crate::transactions::TopicPartition;

/// A committed position, and what the client noted with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// A committed position in its order among the others, and since when it stands.
#[derive(Debug, Clone)]
struct Standing {
    order: u64,
    since: Duration,
    committed: Committed,
}

#[derive(Debug, Default)]
pub(super) struct Offsets {
    committed: BTreeMap<TopicPartition, Standing>,
    /// By producer id.
    open: HashMap<i64, BTreeMap<TopicPartition, (u64, Committed)>>,
    /// Orders commits: the later one stands, whatever order transactions end in.
    commits: u64,
    changes: Vec<OffsetsChange>,
}

/// What has become of a group's offsets, for whoever keeps a copy of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum OffsetsChange {
    Committed {
        order: u64,
        offsets: Pending,
    },
    /// They will be, if the producer's transaction is.
    Pending {
        producer_id: i64,
        order: u64,
        offsets: Pending,
    },
    Ended {
        producer_id: i64,
        verdict: Verdict,
    },
    Forgotten(Vec<TopicPartition>),
}

/// A group's offsets as they were kept, each with its place in the order of commits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KeptOffsets {
    pub(crate) committed: BTreeMap<TopicPartition, (u64, Committed)>,
    /// By producer id.
    pub(crate) open: BTreeMap<i64, BTreeMap<TopicPartition, (u64, Committed)>>,
    pub(crate) last_order: u64,
}

impl KeptOffsets {
    /// Follows the group.
    pub(crate) fn apply(&mut self, change: OffsetsChange) {
        match change {
            OffsetsChange::Committed { order, offsets } => {
                self.last_order = self.last_order.max(order);
                self.committed.extend(offsets.into_iter().map(|(at, committed)| (at, (order, committed))));
            }
            OffsetsChange::Pending { producer_id, order, offsets } => {
                self.last_order = self.last_order.max(order);
                let open = self.open.entry(producer_id).or_default();
                open.extend(offsets.into_iter().map(|(at, committed)| (at, (order, committed))));
            }
            OffsetsChange::Ended { producer_id, verdict } => {
                let open = self.open.remove(&producer_id).filter(|_| verdict == Verdict::Commit);
                for (at, (order, committed)) in open.unwrap_or_default() {
                    if self.committed.get(&at).is_none_or(|(standing, _)| *standing < order) {
                        self.committed.insert(at, (order, committed));
                    }
                }
            }
            OffsetsChange::Forgotten(gone) => self.committed.retain(|at, _| !gone.contains(at)),
        }
    }

    /// Changes that lead here from nothing.
    pub(crate) fn changes(&self) -> Vec<OffsetsChange> {
        let one = |at: &TopicPartition, committed: &Committed| vec![(at.clone(), committed.clone())];
        let committed = self.committed.iter().map(|(at, (order, committed))| OffsetsChange::Committed {
            order: *order,
            offsets: one(at, committed),
        });
        let open = self.open.iter().flat_map(|(producer_id, open)| {
            open.iter().map(|(at, (order, committed))| OffsetsChange::Pending {
                producer_id: *producer_id,
                order: *order,
                offsets: one(at, committed),
            })
        });
        committed.chain(open).collect()
    }

    pub(crate) fn forget_topic(&mut self, topic: &str) {
        self.committed.retain(|at, _| &*at.topic != topic);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.committed.is_empty() && self.open.is_empty()
    }
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
        self.offsets.changes.push(OffsetsChange::Committed { order, offsets: offsets.clone() });
        let standing = |committed| Standing { order, since: now, committed };
        self.offsets.committed.extend(offsets.into_iter().map(|(at, committed)| (at, standing(committed))));
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
        let change = OffsetsChange::Pending { producer_id, order, offsets: offsets.clone() };
        self.offsets.changes.push(change);
        let open = self.offsets.open.entry(producer_id).or_default();
        open.extend(offsets.into_iter().map(|(at, committed)| (at, (order, committed))));
        Ok(())
    }

    /// The producer's transaction ended.
    pub(crate) fn end_transaction(&mut self, producer_id: i64, verdict: Verdict, now: Duration) {
        let Some(open) = self.offsets.open.remove(&producer_id) else { return };
        self.offsets.changes.push(OffsetsChange::Ended { producer_id, verdict });
        if verdict == Verdict::Abort {
            return;
        }
        for (at, (order, committed)) in open {
            let later = self.offsets.committed.get(&at).is_none_or(|standing| standing.order < order);
            if later {
                self.offsets.committed.insert(at, Standing { order, since: now, committed });
            }
        }
    }

    /// One partition's committed offset.
    pub(crate) fn fetch_offset(&self, at: &TopicPartition, only_stable: bool) -> Fetched {
        if only_stable && self.offsets.open.values().any(|open| open.contains_key(at)) {
            return Fetched::Unstable;
        }
        match self.offsets.committed.get(at) {
            Some(standing) => Fetched::Committed(standing.committed.clone()),
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

    /// Forgets offsets that are this old in a group that has been without members for as long.
    pub(crate) fn expire_offsets(&mut self, now: Duration, after: Duration) {
        if self.state == State::Empty {
            let expired =
                |standing: &Standing| now.saturating_sub(standing.since.max(self.empty_since)) >= after;
            let gone = self.offsets.committed.iter().filter(|(_, standing)| expired(standing));
            let gone: Vec<_> = gone.map(|(at, _)| at.clone()).collect();
            if !gone.is_empty() {
                self.offsets.committed.retain(|at, _| !gone.contains(at));
                self.offsets.changes.push(OffsetsChange::Forgotten(gone));
            }
        }
    }

    /// What has become of the offsets since this was last asked.
    pub(crate) fn take_changes(&mut self) -> Vec<OffsetsChange> {
        std::mem::take(&mut self.offsets.changes)
    }

    /// A group without members, with these offsets.
    pub(super) fn with_offsets(kept: KeptOffsets, now: Duration) -> Self {
        let mut group = Self::new();
        group.empty_since = now;
        group.offsets.commits = kept.last_order;
        let standing = |(order, committed)| Standing { order, since: now, committed };
        group.offsets.committed = kept.committed.into_iter().map(|(at, one)| (at, standing(one))).collect();
        group.offsets.open = kept.open.into_iter().collect();
        group
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn offsets_are_forgotten_when_nobody_has_used_them_for_long() {
        const DAY: Duration = Duration::from_secs(86_400);
        let mut group = Group::new();
        let claim = Claim { member_id: "", instance_id: None, generation: -1 };
        let at = |partition| TopicPartition { topic: Arc::from("topic"), partition };
        let committed = Committed { offset: 1, leader_epoch: 0, metadata: String::new() };
        group.commit(claim, vec![(at(0), committed.clone())], DAY).expect("accepted");
        group.commit(claim, vec![(at(1), committed)], DAY * 2).expect("accepted");
        group.expire_offsets(DAY * 7, DAY * 7);
        assert_eq!(group.committed_partitions(), [at(0), at(1)]);
        group.expire_offsets(DAY * 8, DAY * 7);
        assert_eq!(group.committed_partitions(), [at(1)]);
        group.expire_offsets(DAY * 9, DAY * 7);
        assert!(group.is_blank());
    }
}
