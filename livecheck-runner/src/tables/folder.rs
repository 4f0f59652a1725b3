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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::fs;

    use livecheck_core::Timestamp;
    use livecheck_core::table::RowKey;

    use super::*;
    use crate::tables::{Batch, Position};

    fn kept(folder: &Path, of: &str) -> TableFolder {
        TableFolder::Kept { folder: folder.join("tables"), of: of.to_owned() }
    }

    fn opened(folder: &TableFolder) -> Store {
        folder.open(|text| panic!("{text}")).expect("it can be opened")
    }

    fn write(store: &Store, value: &str) {
        let row = RowKey::plain("\"a-1\"".into());
        let position = Some(Position { offset: 7, time: Timestamp::MIN });
        let rows = vec![(&row, Some(value))];
        store.write(&[Batch { table: "debts", partition: 3, rows, position }]).expect("it can be written");
    }

    fn value(store: &Store) -> Option<String> {
        store.get("debts", 3, &RowKey::plain("\"a-1\"".into())).expect("it can be read")
    }

    #[test]
    fn what_was_written_is_there_again_with_its_position() {
        let folder = tempfile::tempdir().expect("a folder");
        let tables = kept(folder.path(), "group a");
        write(&opened(&tables), "60");
        let again = opened(&tables);
        assert_eq!(value(&again).as_deref(), Some("60"));
        assert_eq!(again.position("debts", 3).map(|position| position.map(|it| it.offset)), Ok(Some(7)));
        assert_eq!(again.position("debts", 4), Ok(None));
        again.remove("debts", 3).expect("it can be removed");
        assert_eq!((value(&again), again.position("debts", 3)), (None, Ok(None)));
    }

    #[test]
    fn two_runners_have_a_file_each() {
        let folder = tempfile::tempdir().expect("a folder");
        let tables = kept(folder.path(), "group a");
        let (one, two) = (opened(&tables), opened(&tables));
        write(&one, "1");
        write(&two, "2");
        assert_eq!((value(&one).as_deref(), value(&two).as_deref()), (Some("1"), Some("2")));
        drop(one);
        // The first that is free is taken again.
        assert_eq!(value(&opened(&tables)).as_deref(), Some("1"));
    }

    #[test]
    fn the_tables_of_another_group_are_not_taken_for_ones_own() {
        let folder = tempfile::tempdir().expect("a folder");
        write(&opened(&kept(folder.path(), "group a")), "60");
        assert_eq!(value(&opened(&kept(folder.path(), "group b"))), None);
    }

    #[test]
    fn a_file_that_is_damaged_is_made_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let tables = kept(folder.path(), "group a");
        write(&opened(&tables), "60");
        let file = folder.path().join("tables/0.redb");
        for damage in [&b"no database"[..], &[0; 8192][..]] {
            fs::write(&file, damage).expect("it can be written");
            let said = RefCell::new(Vec::new());
            let store = tables.open(|text| said.borrow_mut().push(text)).expect("it is made anew");
            assert_eq!(value(&store), None);
            assert!(said.borrow().concat().contains("made anew from their changelogs"), "{said:?}");
            write(&store, "61");
            assert_eq!(value(&store).as_deref(), Some("61"));
        }
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("tables"), "a file").expect("it can be written");
        let error = kept(folder.path(), "group a").open(drop).expect_err("it is a file").to_string();
        assert!(error.contains(&folder.path().display().to_string()), "{error}");
    }

    #[test]
    fn what_is_passing_leaves_nothing_behind() {
        let store = opened(&TableFolder::Passing);
        write(&store, "60");
        assert_eq!(value(&store).as_deref(), Some("60"));
    }
}
