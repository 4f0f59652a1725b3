//! A partition's folder: its segments, each named for its first offset, and where the log starts.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::Storage;
use super::folder::{damaged, failed, replace, sync_parent};
use crate::error::BrokerError;
use crate::log::{Batch, Change, KeptSegment};

const EXTENSION: &str = "log";
const START_FILE: &str = "start";

/// The files of one partition.
#[derive(Debug)]
pub(crate) struct PartitionFiles {
    storage: Arc<Storage>,
    folder: PathBuf,
    /// The segments there are, by their first offsets.
    segments: VecDeque<i64>,
    /// The last of them, once it is written to.
    open: Option<File>,
}

impl PartitionFiles {
    /// A partition of which nothing is kept yet.
    pub(super) fn new(storage: Arc<Storage>, folder: PathBuf) -> Self {
        Self { storage, folder, segments: VecDeque::new(), open: None }
    }

    /// Reads what is kept: where the log starts, if that was ever moved, and the segments.
    pub(crate) fn load(&mut self) -> Result<(Option<i64>, Vec<KeptSegment>), BrokerError> {
        let failed = |source| failed(&self.folder, source);
        if !self.folder.exists() {
            return Ok((None, Vec::new()));
        }
        let mut bases: Vec<i64> = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let base = path.file_stem().and_then(|name| name.to_str()?.parse().ok());
            match (path.extension().and_then(|extension| extension.to_str()), base) {
                (Some(EXTENSION), Some(base)) => bases.push(base),
                // What a crash has left half written.
                (Some("new"), _) => fs::remove_file(&path).map_err(failed)?,
                _ => {}
            }
        }
        bases.sort_unstable();
        let mut segments: Vec<KeptSegment> = Vec::new();
        let mut end = i64::MIN;
        for (number, base) in bases.iter().copied().enumerate() {
            let path = self.path(base);
            if base < end {
                // Compaction has put it into the one before, and a crash has kept it from removing it.
                fs::remove_file(&path).map_err(failed)?;
                continue;
            }
            let is_last = number + 1 == bases.len();
            let (batches, next) = read_segment(&path, base, is_last)?;
            end = end.max(next);
            segments.push(KeptSegment { base, batches });
        }
        self.segments = segments.iter().map(|segment| segment.base).collect();
        Ok((self.read_start(), segments))
    }

    /// Writes what has become of the log.
    pub(crate) fn follow(&mut self, changes: Vec<Change>) -> io::Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        self.storage.check()?;
        let followed = changes.into_iter().try_for_each(|change| self.follow_one(change));
        if let Err(error) = &followed {
            self.storage.fail(&self.folder, error);
        }
        followed
    }

    fn follow_one(&mut self, change: Change) -> io::Result<()> {
        match change {
            Change::Appended { segment, batch } => self.segment(segment)?.write_all(&batch),
            Change::Flushed => self.sync(),
            Change::Started { at } => {
                self.write_start(at)?;
                while self.segments.get(1).is_some_and(|second| *second <= at) {
                    if let Some(gone) = self.segments.pop_front() {
                        fs::remove_file(self.path(gone))?;
                    }
                }
                Ok(())
            }
            Change::Rewritten { segment, replaces, batches } => {
                replace(&self.path(segment), |file| {
                    batches.iter().try_for_each(|batch| file.write_all(batch))
                })?;
                for gone in replaces.into_iter().filter(|replaced| *replaced != segment) {
                    fs::remove_file(self.path(gone))?;
                    self.segments.retain(|segment| *segment != gone);
                }
                Ok(())
            }
        }
    }

    /// Makes what was written outlast the machine.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.open.as_ref().map_or(Ok(()), File::sync_data)
    }

    /// The file of the segment that is written to.
    fn segment(&mut self, base: i64) -> io::Result<&mut File> {
        if self.open.is_none() || self.segments.back() != Some(&base) {
            // A segment that is closed is flushed: only the end of the last one can ever be torn.
            self.sync()?;
            fs::create_dir_all(&self.folder)?;
            let path = self.path(base);
            let file = File::options().create(true).append(true).open(&path)?;
            sync_parent(&path)?;
            if self.segments.back() != Some(&base) {
                self.segments.push_back(base);
            }
            self.open = Some(file);
        }
        self.open.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn path(&self, base: i64) -> PathBuf {
        self.folder.join(format!("{base:020}.{EXTENSION}"))
    }

    /// Twelve bytes in one write: the offset and its checksum.
    fn write_start(&self, at: i64) -> io::Result<()> {
        let mut bytes = at.to_be_bytes().to_vec();
        bytes.extend(crc32c::crc32c(&bytes).to_be_bytes());
        fs::create_dir_all(&self.folder)?;
        File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.folder.join(START_FILE))?
            .write_all(&bytes)
    }

    fn read_start(&self) -> Option<i64> {
        let bytes = fs::read(self.folder.join(START_FILE)).ok()?;
        let (at, sum) = bytes.split_first_chunk::<8>()?;
        let sum = u32::from_be_bytes(sum.try_into().ok()?);
        (crc32c::crc32c(at) == sum).then(|| i64::from_be_bytes(*at))
    }
}

/// The batches of a segment, and the offset after them.
fn read_segment(path: &Path, base: i64, is_last: bool) -> Result<(Vec<Bytes>, i64), BrokerError> {
    let bytes = fs::read(path).map_err(|source| failed(path, source))?;
    let mut batches = Vec::new();
    let mut next = base;
    let mut at = 0;
    while at < bytes.len() {
        let Some((length, _)) = Batch::stored_at_front(&bytes[at..]).filter(|(_, offset)| *offset >= next)
        else {
            if !is_last {
                return Err(damaged(path, format!("from byte {at} on it is not what was written")));
            }
            // The write that a crash has cut short, which was never acknowledged.
            tracing::info!(path = %path.display(), bytes = bytes.len() - at, "the log's torn end is cut off");
            let file = File::options().write(true).open(path).map_err(|source| failed(path, source))?;
            file.set_len(at as u64).map_err(|source| failed(path, source))?;
            break;
        };
        // A copy, so that what goes from the log goes from memory.
        let batch = Bytes::copy_from_slice(&bytes[at..at + length]);
        next = Batch::after(&batch);
        batches.push(batch);
        at += length;
    }
    Ok((batches, next))
}
