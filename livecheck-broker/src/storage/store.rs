//! All that is kept, as the parts of the node share it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::folder::{Folder, damaged, failed};
use super::journal::Journal;
use super::segments::PartitionFiles;
use super::state::{Entry, State};
use crate::error::BrokerError;

const JOURNAL: &str = "journal";
const TOPICS: &str = "topics";

#[derive(Debug)]
pub(crate) struct Storage {
    path: PathBuf,
    pub(crate) cluster_id: String,
    lock: Mutex<Option<File>>,
    journal: Mutex<Journal>,
    /// Something could not be written, or the folder is no longer ours: nothing more is.
    ended: AtomicBool,
}

impl Storage {
    /// Takes the folder, and reads all that is kept in it but the records.
    pub(crate) fn open(path: &Path) -> Result<(Arc<Self>, State), BrokerError> {
        let Folder { path, cluster_id, lock } = Folder::open(path)?;
        let journal = Journal::open(&path.join(JOURNAL))?;
        let state = journal.state().clone();
        remove_strays(&path.join(TOPICS), &state)?;
        let storage = Self {
            path,
            cluster_id,
            lock: Mutex::new(Some(lock)),
            journal: Mutex::new(journal),
            ended: AtomicBool::new(false),
        };
        Ok((Arc::new(storage), state))
    }

    /// Writes down what has happened, before anybody is told of it.
    pub(crate) fn record(&self, entry: Entry) {
        if self.check().is_ok() {
            if let Err(error) = self.journal().write(entry) {
                self.fail(&self.path.join(JOURNAL), &error);
            }
        }
    }

    /// The files of a partition.
    pub(crate) fn partition(self: &Arc<Self>, topic: Uuid, index: i32) -> PartitionFiles {
        PartitionFiles::new(Arc::clone(self), self.topic(topic).join(index.to_string()))
    }

    /// Removes a topic's records.
    pub(crate) fn remove_topic(&self, topic: Uuid) {
        let folder = self.topic(topic);
        match fs::remove_dir_all(&folder) {
            // It will be removed at the next start.
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(path = %folder.display(), %error, "a deleted topic's files are not removed");
            }
            _ => {}
        }
    }

    /// Whether what is done can still be kept; if not, nothing may be acknowledged.
    pub(crate) fn check(&self) -> io::Result<()> {
        if self.ended.load(Ordering::Acquire) {
            Err(io::Error::other("what is done can no longer be kept"))
        } else {
            Ok(())
        }
    }

    pub(super) fn fail(&self, path: &Path, error: &io::Error) {
        if !self.ended.swap(true, Ordering::AcqRel) {
            tracing::error!(path = %path.display(), %error, "cannot write: nothing is served from now on");
        }
    }

    /// What is kept makes no sense.
    pub(crate) fn damaged(&self, what: String) -> BrokerError {
        damaged(&self.path, what)
    }

    /// Flushes the journal, and lets go of the folder.
    pub(crate) fn close(&self) {
        if let Err(error) = self.journal().sync() {
            self.fail(&self.path.join(JOURNAL), &error);
        }
        self.ended.store(true, Ordering::Release);
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn topic(&self, topic: Uuid) -> PathBuf {
        self.path.join(TOPICS).join(topic.simple().to_string())
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes the records of topics that were deleted.
fn remove_strays(topics: &Path, state: &State) -> Result<(), BrokerError> {
    if !topics.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(topics).map_err(|source| failed(topics, source))? {
        let entry = entry.map_err(|source| failed(topics, source))?;
        let name = entry.file_name();
        if !state.topics.values().any(|topic| name.to_str() == Some(&topic.id)) {
            fs::remove_dir_all(entry.path()).map_err(|source| failed(topics, source))?;
        }
    }
    Ok(())
}
