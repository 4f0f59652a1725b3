//! The one node of the cluster: everything that connections share, each part behind its own lock.
//!
//! Locks are taken in one order: a transaction's, then a partition's or a group's. None of the last two is held
//! while another is taken, and none is held across an await.

mod groups;
mod restore;
mod settings;
mod traffic;
mod transactions;
mod upkeep;

pub(crate) use groups::Groups;
pub(crate) use settings::Settings;
pub(crate) use traffic::{Taken, Traffic};
pub(crate) use transactions::Transactions;

use std::sync::{Arc, PoisonError, RwLock};

use kafka_protocol::messages::BrokerId;
use uuid::Uuid;

use crate::chaos::{ActiveChaos, Chaos};
use crate::clock::Clock;
use crate::storage::{Entry, Storage};
use crate::topics::{Catalogue, Refused, Topic, TopicSettings};

/// The id of this node, the only one.
pub(crate) const NODE_ID: BrokerId = BrokerId(1);

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) settings: Settings,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) cluster_id: String,
    pub(crate) clock: Clock,
    pub(crate) topics: Catalogue,
    pub(crate) groups: Groups,
    pub(crate) transactions: Transactions,
    pub(crate) traffic: Traffic,
    /// Where all of this is kept, if it is.
    pub(crate) storage: Option<Arc<Storage>>,
    /// Faults to make, if any.
    chaos: RwLock<Option<Arc<ActiveChaos>>>,
}

impl Node {
    pub(crate) fn new(settings: Settings, host: String, port: u16) -> Self {
        let clock = Clock::start();
        Self {
            traffic: Traffic::new(settings.max_traffic_bytes),
            settings,
            host,
            port,
            cluster_id: format!("livecheck-{}", Uuid::new_v4().simple()),
            clock,
            topics: Catalogue::default(),
            groups: Groups::new(clock),
            transactions: Transactions::default(),
            storage: None,
            chaos: RwLock::default(),
        }
    }

    pub(crate) fn chaos(&self) -> Option<Arc<ActiveChaos>> {
        self.chaos.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_chaos(&self, chaos: Option<Chaos>) {
        let chaos = chaos.map(|chaos| Arc::new(ActiveChaos::new(chaos)));
        *self.chaos.write().unwrap_or_else(PoisonError::into_inner) = chaos;
    }

    /// Writes down what has happened, where that is asked for.
    fn record(&self, entry: impl FnOnce() -> Entry) {
        if let Some(storage) = &self.storage {
            storage.record(entry());
        }
    }

    /// Whether what was done can be acknowledged.
    pub(crate) fn is_keeping(&self) -> bool {
        self.storage.as_ref().is_none_or(|storage| storage.check().is_ok())
    }

    /// The settings of a topic for which none are given.
    pub(crate) fn topic_settings(&self) -> TopicSettings {
        self.settings.topic_settings()
    }

    /// The topic, created now if it is not there and may be.
    pub(crate) fn topic_or_create(&self, name: &str, may_create: bool) -> Result<Arc<Topic>, Refused> {
        if let Some(topic) = self.topics.get(name) {
            return Ok(topic);
        }
        if !may_create || !self.settings.auto_create_topics {
            return Err(Refused::new(kafka_protocol::ResponseError::UnknownTopicOrPartition, String::new()));
        }
        let created =
            self.topics.create(name, self.settings.default_partitions, self.topic_settings(), false);
        match created {
            // Another connection was quicker.
            Err(refused) => self.topics.get(name).ok_or(refused),
            created => created,
        }
    }

    /// Deletes a topic and the offsets that groups committed for it.
    pub(crate) fn delete_topic(&self, name: &str) -> Option<Arc<Topic>> {
        let topic = self.topics.delete(name)?;
        self.groups.forget_topic(name);
        Some(topic)
    }
}
