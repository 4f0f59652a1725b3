//! The topics there are.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use kafka_protocol::ResponseError;
use uuid::Uuid;

use super::name;
use super::partition::Partition;
use super::settings::TopicSettings;
use crate::error::BrokerError;
use crate::log::PartitionLog;
use crate::storage::{Entry, KeptTopic, Storage};

/// The most partitions that one request may ask for, as in Kafka.
const MAX_PARTITIONS: i32 = 10_000;

/// A topic.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) name: Arc<str>,
    pub(crate) id: Uuid,
    settings: RwLock<Arc<TopicSettings>>,
    partitions: RwLock<Vec<Arc<Partition>>>,
}

impl Topic {
    pub(crate) fn settings(&self) -> Arc<TopicSettings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set_settings(&self, settings: TopicSettings) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
    }

    pub(crate) fn partition(&self, index: i32) -> Option<Arc<Partition>> {
        let index = usize::try_from(index).ok()?;
        self.partitions.read().unwrap_or_else(PoisonError::into_inner).get(index).cloned()
    }

    pub(crate) fn partitions(&self) -> Vec<Arc<Partition>> {
        self.partitions.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn partition_count(&self) -> i32 {
        self.partitions.read().unwrap_or_else(PoisonError::into_inner).len() as i32
    }
}

/// Why an administrator's request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) error: ResponseError,
    pub(crate) message: String,
}

impl Refused {
    pub(crate) fn new(error: ResponseError, message: impl Into<String>) -> Self {
        Self { error, message: message.into() }
    }
}

/// All topics, by name and by id.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    topics: RwLock<Topics>,
    /// Where they are kept, if they are.
    storage: Option<Arc<Storage>>,
}

#[derive(Debug, Default)]
struct Topics {
    by_name: BTreeMap<Arc<str>, Arc<Topic>>,
    by_id: BTreeMap<Uuid, Arc<Topic>>,
}

impl Topics {
    fn add(&mut self, topic: Topic) -> Arc<Topic> {
        let topic = Arc::new(topic);
        self.by_name.insert(Arc::clone(&topic.name), Arc::clone(&topic));
        self.by_id.insert(topic.id, Arc::clone(&topic));
        topic
    }
}

impl Catalogue {
    /// The topics that are kept there. `defaults` are the settings of those that do not say.
    pub(crate) fn restored(
        storage: Arc<Storage>,
        kept: BTreeMap<String, KeptTopic>,
        defaults: &TopicSettings,
        now: i64,
    ) -> Result<Self, BrokerError> {
        let mut topics = Topics::default();
        for (name, kept) in kept {
            let id: Uuid = kept.id.parse().map_err(|_| storage.damaged(format!("topic {name} has no id")))?;
            let mut settings = defaults.clone();
            for (setting, value) in &kept.settings {
                settings
                    .set(setting, value)
                    .map_err(|why| storage.damaged(format!("topic {name}: {why}")))?;
            }
            let partitions = (0..kept.partitions).map(|index| {
                let mut files = storage.partition(id, index);
                let (start, segments) = files.load()?;
                let log = PartitionLog::restored(start, segments, now).map_err(|error| {
                    storage.damaged(format!("partition {index} of topic {name}: {error}"))
                })?;
                Ok(Arc::new(Partition::kept(log, files)))
            });
            let partitions = partitions.collect::<Result<Vec<_>, BrokerError>>()?;
            topics.add(Topic {
                name: Arc::from(name),
                id,
                settings: RwLock::new(Arc::new(settings)),
                partitions: RwLock::new(partitions),
            });
        }
        Ok(Self { topics: RwLock::new(topics), storage: Some(storage) })
    }

    pub(crate) fn get(&self, name: &str) -> Option<Arc<Topic>> {
        self.read().by_name.get(name).cloned()
    }

    pub(crate) fn get_by_id(&self, id: Uuid) -> Option<Arc<Topic>> {
        self.read().by_id.get(&id).cloned()
    }

    pub(crate) fn partition(&self, topic: &str, index: i32) -> Result<Arc<Partition>, ResponseError> {
        self.get(topic).and_then(|topic| topic.partition(index)).ok_or(ResponseError::UnknownTopicOrPartition)
    }

    pub(crate) fn all(&self) -> Vec<Arc<Topic>> {
        self.read().by_name.values().cloned().collect()
    }

    /// Creates a topic, or only says whether it could be.
    pub(crate) fn create(
        &self,
        name: &str,
        partitions: i32,
        settings: TopicSettings,
        only_check: bool,
    ) -> Result<Arc<Topic>, Refused> {
        name::check(name).map_err(|why| Refused::new(ResponseError::InvalidTopicException, why))?;
        check_partitions(partitions)?;
        let mut topics = self.write();
        if topics.by_name.contains_key(name) {
            let why = format!("Topic '{name}' already exists.");
            return Err(Refused::new(ResponseError::TopicAlreadyExists, why));
        }
        if let Some(other) = topics.by_name.keys().find(|other| name::collide(name, other)) {
            let why = format!("Topic '{name}' collides with existing topic: {other}");
            return Err(Refused::new(ResponseError::InvalidTopicException, why));
        }
        let id = Uuid::new_v4();
        let count = if only_check { 0 } else { partitions };
        let topic = Topic {
            name: Arc::from(name),
            id,
            settings: RwLock::new(Arc::new(settings)),
            partitions: RwLock::new((0..count).map(|index| self.fresh_partition(id, index)).collect()),
        };
        if only_check {
            return Ok(Arc::new(topic));
        }
        self.keep(&topic);
        Ok(topics.add(topic))
    }

    /// Changes a topic's settings.
    pub(crate) fn set_settings(&self, topic: &Topic, settings: TopicSettings) {
        // With all topics held still, so that what is kept is the last of all changes.
        let topics = self.write();
        topic.set_settings(settings);
        if topics.by_id.contains_key(&topic.id) {
            self.keep(topic);
        }
    }

    fn fresh_partition(&self, topic: Uuid, index: i32) -> Arc<Partition> {
        let Some(storage) = &self.storage else { return Arc::default() };
        Arc::new(Partition::kept(PartitionLog::followed(), storage.partition(topic, index)))
    }

    fn keep(&self, topic: &Topic) {
        let Some(storage) = &self.storage else { return };
        let settings = topic.settings();
        let settings = settings.all_set().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let kept = KeptTopic {
            id: topic.id.simple().to_string(),
            partitions: topic.partition_count(),
            settings: settings.collect(),
        };
        storage.record(Entry::Topic { name: topic.name.to_string(), topic: kept });
    }

    /// Adds partitions, or only says whether they could be.
    pub(crate) fn grow(&self, name: &str, count: i32, only_check: bool) -> Result<(), Refused> {
        let Some(topic) = self.get(name) else {
            return Err(Refused::new(
                ResponseError::UnknownTopicOrPartition,
                format!("The topic '{name}' does not exist."),
            ));
        };
        check_partitions(count)?;
        let topics = self.write();
        let mut partitions = topic.partitions.write().unwrap_or_else(PoisonError::into_inner);
        let present = partitions.len() as i32;
        if count <= present {
            let why = format!(
                "The topic {name} currently has {present} partition(s); {count} would not be an increase."
            );
            return Err(Refused::new(ResponseError::InvalidPartitions, why));
        }
        if !only_check {
            partitions.extend((present..count).map(|index| self.fresh_partition(topic.id, index)));
            drop(partitions);
            // Unless it was deleted meanwhile.
            if topics.by_id.contains_key(&topic.id) {
                self.keep(&topic);
            }
        }
        Ok(())
    }

    /// Removes a topic; its readers are told.
    pub(crate) fn delete(&self, name: &str) -> Option<Arc<Topic>> {
        let topic = {
            let mut topics = self.write();
            let topic = topics.by_name.remove(name)?;
            topics.by_id.remove(&topic.id);
            if let Some(storage) = &self.storage {
                storage.record(Entry::TopicDeleted { name: name.to_owned() });
            }
            topic
        };
        for partition in topic.partitions() {
            partition.delete();
        }
        if let Some(storage) = &self.storage {
            storage.remove_topic(topic.id);
        }
        Some(topic)
    }

    fn read(&self) -> RwLockReadGuard<'_, Topics> {
        self.topics.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Topics> {
        self.topics.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_partitions(count: i32) -> Result<(), Refused> {
    if count < 1 {
        return Err(Refused::new(
            ResponseError::InvalidPartitions,
            "Number of partitions was set to an invalid non-positive value.",
        ));
    }
    if count > MAX_PARTITIONS {
        return Err(Refused::new(
            ResponseError::PolicyViolation,
            format!("Excessively large number of partitions per request: more than {MAX_PARTITIONS}."),
        ));
    }
    Ok(())
}
