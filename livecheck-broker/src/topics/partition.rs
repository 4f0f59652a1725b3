//! A partition as connections share it: its log behind its own lock, and the readers that wait for it to grow.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kafka_protocol::ResponseError;
use tokio::sync::Notify;

use crate::log::PartitionLog;
use crate::storage::PartitionFiles;

/// One partition.
#[derive(Debug, Default)]
pub(crate) struct Partition {
    shared: Mutex<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    log: PartitionLog,
    /// Where it is kept, if it is.
    files: Option<PartitionFiles>,
    /// Its topic was deleted; whoever still holds it finds it so.
    deleted: bool,
    waiting: Vec<Arc<Notify>>,
}

impl Partition {
    /// A log that is kept in these files.
    pub(crate) fn kept(log: PartitionLog, files: PartitionFiles) -> Self {
        let shared = Shared { log, files: Some(files), ..Shared::default() };
        Self { shared: Mutex::new(shared) }
    }

    /// Looks at the log.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&PartitionLog) -> T) -> Result<T, ResponseError> {
        let shared = self.shared();
        if shared.deleted { Err(ResponseError::UnknownTopicOrPartition) } else { Ok(look(&shared.log)) }
    }

    /// Looks at the log and, in the same instant, asks to be told when it next changes.
    pub(crate) fn look_and_wait<T>(
        &self,
        waiter: &Arc<Notify>,
        look: impl FnOnce(&PartitionLog) -> T,
    ) -> Result<T, ResponseError> {
        let mut shared = self.shared();
        if shared.deleted {
            return Err(ResponseError::UnknownTopicOrPartition);
        }
        if !shared.waiting.iter().any(|waiting| Arc::ptr_eq(waiting, waiter)) {
            shared.waiting.push(Arc::clone(waiter));
        }
        Ok(look(&shared.log))
    }

    /// Changes the log, and wakes those who wait for it.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut PartitionLog) -> T) -> Result<T, ResponseError> {
        let mut shared = self.shared();
        if shared.deleted {
            return Err(ResponseError::UnknownTopicOrPartition);
        }
        let changed = shared.change(change)?;
        let waiting = std::mem::take(&mut shared.waiting);
        drop(shared);
        wake(waiting);
        Ok(changed)
    }

    /// Changes the log in a way that readers who wait for more need not hear of.
    pub(crate) fn change_quietly<T>(
        &self,
        change: impl FnOnce(&mut PartitionLog) -> T,
    ) -> Result<T, ResponseError> {
        let mut shared = self.shared();
        if shared.deleted { Err(ResponseError::UnknownTopicOrPartition) } else { shared.change(change) }
    }

    /// Makes what is kept outlast the machine.
    pub(crate) fn sync(&self) -> std::io::Result<()> {
        self.shared().files.as_ref().map_or(Ok(()), PartitionFiles::sync)
    }

    /// Its topic is gone: lets go of the records, and wakes those who wait for more.
    pub(crate) fn delete(&self) {
        let mut shared = self.shared();
        shared.deleted = true;
        shared.log = PartitionLog::default();
        shared.files = None;
        let waiting = std::mem::take(&mut shared.waiting);
        drop(shared);
        wake(waiting);
    }

    fn forget(&self, waiter: &Arc<Notify>) {
        self.shared().waiting.retain(|waiting| !Arc::ptr_eq(waiting, waiter));
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        // A panic while the lock was held is a bug in the log, not a reason to lose the others' partitions.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Changes the log, and its files with it.
    fn change<T>(&mut self, change: impl FnOnce(&mut PartitionLog) -> T) -> Result<T, ResponseError> {
        let changed = change(&mut self.log);
        if let Some(files) = &mut self.files {
            files.follow(self.log.take_changes()).map_err(|_| ResponseError::KafkaStorageError)?;
        }
        Ok(changed)
    }
}

fn wake(waiting: Vec<Arc<Notify>>) {
    for waiter in waiting {
        waiter.notify_one();
    }
}

/// Takes a waiter off the lists of the partitions it waits for when its request is done, or dropped.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) waiter: Arc<Notify>,
    pub(crate) partitions: Vec<Arc<Partition>>,
}

impl Drop for Registration {
    fn drop(&mut self) {
        for partition in &self.partitions {
            partition.forget(&self.waiter);
        }
    }
}
