//! The folder of the tables: a file for each runner on this machine that uses it at once.

use std::io;
use std::path::{Path, PathBuf};

use livecheck_core::table::StoreError;
use redb::DatabaseError;

use super::store::Store;

/// How many runners of one machine can have their tables in one folder.
const MOST_RUNNERS: usize = 1000;
/// What the form of the files is called. Files of another form are made anew.
const FORM: &str = "1";

/// Where the tables of a run are.
#[derive(Debug)]
pub(crate) enum TableFolder {
    /// In a folder that is there again in the next run, which goes on from it.
    Kept {
        /// The folder.
        folder: PathBuf,
        /// Of which brokers and which group the tables are.
        of: String,
    },
    /// In one that is gone with the run.
    Passing,
}

/// The tables cannot be kept on disk.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder cannot be made.
    #[error("the folder for tables, {}, cannot be made", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file in it cannot be used.
    #[error("the tables cannot be kept in {}: {reason}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// Not even memory takes them.
    #[error("the tables cannot be held in memory: {0}")]
    Memory(String),
    /// All files are in use.
    #[error("{MOST_RUNNERS} runners have their tables in {}", folder.display())]
    Full {
        /// The folder.
        folder: PathBuf,
    },
}

impl TableFolder {
    /// Opens the first file that no other runner has. Says what it did about one that could not be used.
    pub(crate) fn open(&self, say: impl Fn(String)) -> Result<Store, FolderError> {
        match self {
            Self::Kept { folder, of } => {
                make(folder)?;
                (0..MOST_RUNNERS)
                    .find_map(|number| {
                        open_file(&folder.join(format!("{number}.redb")), of, &say).transpose()
                    })
                    .unwrap_or_else(|| Err(FolderError::Full { folder: folder.clone() }))
            }
            Self::Passing => {
                let folder = std::env::temp_dir();
                let file = folder.join(format!("livecheck-tables-{}.redb", uuid::Uuid::new_v4()));
                let store = open(&file).map_err(|reason| FolderError::File { file: file.clone(), reason })?;
                // Open it stays, and whatever becomes of this process it leaves nothing behind.
                std::fs::remove_file(&file).map_err(|source| FolderError::Folder { folder, source })?;
                Ok(store)
            }
        }
    }
}

fn make(folder: &Path) -> Result<(), FolderError> {
    std::fs::create_dir_all(folder)
        .map_err(|source| FolderError::Folder { folder: folder.to_owned(), source })
}

/// Opens that file, made anew where it cannot be used as it is. None where another runner has it.
fn open_file(file: &Path, of: &str, say: &impl Fn(String)) -> Result<Option<Store>, FolderError> {
    let failed = |reason| FolderError::File { file: file.to_owned(), reason };
    let store = match opened(file) {
        Err(DatabaseError::DatabaseAlreadyOpen) => return Ok(None),
        Ok(store) => store,
        Err(error) => {
            say(format!(
                "the tables in {} cannot be read ({error}): they are made anew from their changelogs",
                file.display()
            ));
            std::fs::remove_file(file).map_err(|error| failed(error.to_string()))?;
            open(file).map_err(failed)?
        }
    };
    let known = || -> Result<bool, StoreError> {
        Ok(store.fact("form")?.as_deref() == Some(FORM) && store.fact("of")?.as_deref() == Some(of))
    };
    if !known().unwrap_or(false) {
        store.begin_anew(&[("form", FORM), ("of", of)]).map_err(|StoreError(reason)| failed(reason))?;
    }
    Ok(Some(store))
}

fn open(file: &Path) -> Result<Store, String> {
    opened(file).map_err(|error| error.to_string())
}

/// Opens the file, and takes also a panic for a failure of it: redb asserts what a damaged one breaks.
fn opened(file: &Path) -> Result<Store, DatabaseError> {
    std::panic::catch_unwind(|| Store::open(file)).unwrap_or_else(|_| {
        let damaged = redb::StorageError::Corrupted("the file is damaged".to_owned());
        Err(DatabaseError::Storage(damaged))
    })
}
