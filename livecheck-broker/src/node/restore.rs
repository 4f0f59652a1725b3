//! A node from what was kept of it, and the end of one.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::transactions::{Held, ProducerIds};
use super::{Groups, Node, Settings};
use crate::error::BrokerError;
use crate::log::{Producer, Verdict};
use crate::storage::{State, Storage};
use crate::topics::Catalogue;
use crate::transactions::{Phase, TopicPartition, Transaction};

impl Node {
    /// A node that keeps all it holds in a folder, and begins with what is kept there.
    pub(crate) fn restored(
        settings: Settings,
        host: String,
        port: u16,
        folder: &Path,
    ) -> Result<Self, BrokerError> {
        let (storage, state) = Storage::open(folder)?;
        let State { topics, groups, memberships, transactions, producer_ids_below } = state;
        let mut node = Self::new(settings, host, port);
        let now = node.clock.timestamp();
        let defaults = node.topic_settings();
        node.topics = Catalogue::restored(Arc::clone(&storage), topics, &defaults, now)?;
        node.groups = Groups::restored(node.clock, Arc::clone(&storage), groups, memberships);
        node.transactions.producer_ids =
            Mutex::new(ProducerIds { next: producer_ids_below, aside: producer_ids_below });
        node.cluster_id.clone_from(&storage.cluster_id);
        node.storage = Some(storage);

        let mut covered: HashMap<TopicPartition, Vec<Producer>> = HashMap::new();
        for (id, kept) in transactions {
            if let Phase::Ongoing { partitions, .. } = &kept.phase {
                for at in partitions {
                    covered.entry(at.clone()).or_default().push(kept.producer);
                }
            }
            let (mut transaction, ending) = Transaction::restored(kept, node.clock.now());
            if let Some(ending) = ending {
                node.write_markers(&id, &ending);
            }
            node.record_transaction(&id, &mut transaction);
            node.transactions.insert(id, Held::new(transaction, node.clock.now()));
        }
        node.abort_strays(&covered);
        Ok(node)
    }

    /// Ends transactions that no transactional id knows of any more: nobody else would, and readers of committed
    /// records would wait for it for good.
    fn abort_strays(&self, covered: &HashMap<TopicPartition, Vec<Producer>>) {
        let now = self.clock.timestamp();
        for topic in self.topics.all() {
            for (partition, index) in topic.partitions().iter().zip(0..) {
                let at = TopicPartition { topic: Arc::clone(&topic.name), partition: index };
                let known = covered.get(&at).map(Vec::as_slice).unwrap_or_default();
                let open = partition.look(crate::log::PartitionLog::open_producers).unwrap_or_default();
                for stray in open.into_iter().filter(|producer| !known.contains(producer)) {
                    tracing::info!(topic = %at.topic, partition = index, "a transaction that nobody has is aborted");
                    let ended = partition
                        .change(|log| log.end_transaction(stray, Verdict::Abort, now))
                        .and_then(|ended| ended);
                    if let Err(error) = ended {
                        tracing::warn!(topic = %at.topic, partition = index, %error, "it is not");
                    }
                }
            }
        }
    }

    /// Makes all that is kept outlast the machine, and lets go of the folder.
    pub(crate) fn close(&self) {
        let Some(storage) = &self.storage else { return };
        for topic in self.topics.all() {
            for partition in topic.partitions() {
                if let Err(error) = partition.sync() {
                    tracing::error!(topic = %topic.name, %error, "cannot flush");
                }
            }
        }
        storage.close();
    }
}
