//! What the journal's entries come to: all that is kept but the records.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::groups::{KeptMembership, KeptOffsets, OffsetsChange};
use crate::transactions::KeptTransaction;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Entry {
    /// A topic was made, or is different now.
    Topic {
        name: String,
        topic: KeptTopic,
    },
    TopicDeleted {
        name: String,
    },
    Offsets {
        group: String,
        change: OffsetsChange,
    },
    /// Who has which share of a group's work, if anybody has.
    Membership {
        group: String,
        membership: Option<KeptMembership>,
    },
    GroupDeleted {
        group: String,
    },
    /// A transactional id is here now.
    Transaction {
        id: String,
        transaction: KeptTransaction,
    },
    TransactionForgotten {
        id: String,
    },
    /// Producer ids below may have been given out.
    ProducerIds {
        below: i64,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptTopic {
    pub(crate) id: String,
    pub(crate) partitions: i32,
    pub(crate) settings: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct State {
    pub(crate) topics: BTreeMap<String, KeptTopic>,
    pub(crate) groups: BTreeMap<String, KeptOffsets>,
    pub(crate) memberships: BTreeMap<String, KeptMembership>,
    pub(crate) transactions: BTreeMap<String, KeptTransaction>,
    pub(crate) producer_ids_below: i64,
}

impl State {
    pub(super) fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Topic { name, topic } => {
                self.topics.insert(name, topic);
            }
            Entry::TopicDeleted { name } => {
                self.topics.remove(&name);
                for group in self.groups.values_mut() {
                    group.forget_topic(&name);
                }
                self.groups.retain(|_, group| !group.is_empty());
            }
            Entry::Offsets { group, change } => {
                let offsets = self.groups.entry(group.clone()).or_default();
                offsets.apply(change);
                if offsets.is_empty() {
                    self.groups.remove(&group);
                }
            }
            Entry::Membership { group, membership: Some(membership) } => {
                self.memberships.insert(group, membership);
            }
            Entry::Membership { group, membership: None } => {
                self.memberships.remove(&group);
            }
            Entry::GroupDeleted { group } => {
                self.groups.remove(&group);
                self.memberships.remove(&group);
            }
            Entry::Transaction { id, transaction } => {
                self.transactions.insert(id, transaction);
            }
            Entry::TransactionForgotten { id } => {
                self.transactions.remove(&id);
            }
            Entry::ProducerIds { below } => self.producer_ids_below = self.producer_ids_below.max(below),
        }
    }

    /// The fewest entries that come to this.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry> {
        let topics =
            self.topics.iter().map(|(name, topic)| Entry::Topic { name: name.clone(), topic: topic.clone() });
        let groups = self.groups.iter().flat_map(|(group, kept)| {
            let entry = |change| Entry::Offsets { group: group.clone(), change };
            kept.changes().into_iter().map(entry)
        });
        let memberships = self.memberships.iter().map(|(group, membership)| Entry::Membership {
            group: group.clone(),
            membership: Some(membership.clone()),
        });
        let transactions = self
            .transactions
            .iter()
            .map(|(id, transaction)| Entry::Transaction { id: id.clone(), transaction: transaction.clone() });
        let producers = std::iter::once(Entry::ProducerIds { below: self.producer_ids_below });
        topics.chain(groups).chain(memberships).chain(transactions).chain(producers)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::groups::Committed;
    use crate::log::Verdict;
    use crate::transactions::TopicPartition;

    fn change() -> impl Strategy<Value = OffsetsChange> {
        let at = (0..2_i32).prop_map(|partition| TopicPartition { topic: Arc::from("topic"), partition });
        let offsets = proptest::collection::vec((at, 0..9_i64), 1..3).prop_map(|offsets| {
            let committed = |offset| Committed { offset, leader_epoch: 0, metadata: "note".to_owned() };
            offsets.into_iter().map(|(at, offset)| (at, committed(offset))).collect::<Vec<_>>()
        });
        let verdict = prop_oneof![Just(Verdict::Commit), Just(Verdict::Abort)];
        prop_oneof![
            (0..9_u64, offsets.clone())
                .prop_map(|(order, offsets)| OffsetsChange::Committed { order, offsets }),
            (0..2_i64, 0..9_u64, offsets).prop_map(|(producer_id, order, offsets)| {
                OffsetsChange::Pending { producer_id, order, offsets }
            }),
            (0..2_i64, verdict)
                .prop_map(|(producer_id, verdict)| OffsetsChange::Ended { producer_id, verdict }),
        ]
    }

    proptest! {
        #[test]
        fn a_shortened_journal_comes_to_the_same(
            changes in proptest::collection::vec((0..2_u8, change()), 0..40),
        ) {
            let mut state = State::default();
            for (group, change) in changes {
                state.apply(Entry::Offsets { group: group.to_string(), change });
            }
            let mut again = State::default();
            for entry in state.entries() {
                let json = serde_json::to_string(&entry).expect("written");
                again.apply(serde_json::from_str(&json).expect("read"));
            }
            for group in state.groups.values_mut().chain(again.groups.values_mut()) {
                // Only its order among what is left matters.
                group.last_order = 0;
            }
            prop_assert_eq!(again, state);
        }
    }
}
