//! The folder: whose it is, of which format, and that one broker at a time uses it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use fs4::TryLockError;
use uuid::Uuid;

use crate::error::BrokerError;

/// Raised when what is written can no longer be read by what was written before.
const FORMAT: u32 = 1;
const FORMAT_FILE: &str = "format";
const LOCK_FILE: &str = "lock";
const TITLE: &str = "livecheck-broker data, format ";

/// A data folder that is ours alone.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) cluster_id: String,
    /// Locked as long as it is open.
    pub(super) lock: File,
}

impl Folder {
    /// Takes the folder, creating it if it is not there.
    pub(super) fn open(path: &Path) -> Result<Self, BrokerError> {
        let failed = |source| failed(path, source);
        fs::create_dir_all(path).map_err(failed)?;
        let format = path.join(FORMAT_FILE);
        // Before anything is written: somebody's own files are not ours to be among.
        if !format.exists() && is_strange(path).map_err(failed)? {
            return Err(BrokerError::NotADataDir { path: path.to_owned() });
        }
        let lock_path = path.join(LOCK_FILE);
        let lock =
            File::options().create(true).truncate(false).write(true).open(lock_path).map_err(failed)?;
        match fs4::FileExt::try_lock(&lock) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(BrokerError::DataDirInUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let cluster_id =
            if format.exists() { read_format(path, &format)? } else { write_format(path, &format)? };
        Ok(Self { path: path.to_owned(), cluster_id, lock })
    }
}

pub(super) fn failed(path: &Path, source: io::Error) -> BrokerError {
    BrokerError::DataDir { path: path.to_owned(), source }
}

pub(super) fn damaged(path: &Path, what: impl Into<String>) -> BrokerError {
    BrokerError::DataDamaged { path: path.to_owned(), what: what.into() }
}

/// Whether something is there that a broker interrupted in its first moments does not leave.
fn is_strange(path: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        if name != LOCK_FILE && name != "format.new" {
            return Ok(true);
        }
    }
    Ok(false)
}

fn read_format(path: &Path, format: &Path) -> Result<String, BrokerError> {
    let text = fs::read_to_string(format).map_err(|source| failed(format, source))?;
    let mut lines = text.lines();
    let found = lines.next().and_then(|line| line.strip_prefix(TITLE)).unwrap_or("unknown");
    if found != FORMAT.to_string() {
        return Err(BrokerError::DataFormat {
            path: path.to_owned(),
            found: found.to_owned(),
            known: FORMAT,
        });
    }
    let cluster_id = lines.next().and_then(|line| line.strip_prefix("cluster "));
    Ok(cluster_id.ok_or_else(|| damaged(format, "it names no cluster"))?.to_owned())
}

fn write_format(path: &Path, format: &Path) -> Result<String, BrokerError> {
    let cluster_id = format!("livecheck-{}", Uuid::new_v4().simple());
    let text = format!("{TITLE}{FORMAT}\ncluster {cluster_id}\n");
    replace(format, |file| file.write_all(text.as_bytes())).map_err(|source| failed(path, source))?;
    Ok(cluster_id)
}

/// Writes a file anew: whoever opens it, also after a crash, finds the old or the new, whole.
pub(super) fn replace(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = File::create(&fresh)?;
    write(&mut file)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&fresh, path)?;
    sync_parent(path)
}

/// Makes the names in a file's folder last.
pub(super) fn sync_parent(path: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened as a file, and need not be.
    if cfg!(unix) {
        if let Some(parent) = path.parent() {
            File::open(parent)?.sync_all()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_one_brokers_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("data");
        let first = Folder::open(&path).expect("it is free");
        let second = Folder::open(&path).expect_err("it is taken");
        assert!(matches!(second, BrokerError::DataDirInUse { .. }), "{second}");
        let cluster = first.cluster_id.clone();
        drop(first);
        assert_eq!(Folder::open(&path).expect("it is free again").cluster_id, cluster);
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("thesis.txt"), "words").expect("written");
        let refused = Folder::open(folder.path()).expect_err("not ours");
        assert!(matches!(refused, BrokerError::NotADataDir { .. }), "{refused}");
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1);
    }

    #[test]
    fn another_format_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        drop(Folder::open(folder.path()).expect("it is free"));
        fs::write(folder.path().join(FORMAT_FILE), format!("{TITLE}7\ncluster x\n")).expect("written");
        let refused = Folder::open(folder.path()).expect_err("another format");
        assert!(refused.to_string().contains("format 7"), "{refused}");
    }
}
