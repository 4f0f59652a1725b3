//! The rows on disk, and up to which offset of its changelog each partition of a table has them.
//!
//! One file, a database of redb, with a table for each partition of each table of a case. Nothing here is the truth:
//! what is missing is read again from the changelog. So a write need not have reached the disk when it is done, which
//! is what redb's durability `None` is for; once a second or so it is asked to.

use std::ops::Bound;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::folder::FolderError;
use livecheck_core::Timestamp;
use livecheck_core::table::{Row, RowKey, StoreError};
use redb::{Database, Durability, ReadableTable, TableDefinition, TableError};

/// How much of the file is held in memory, in bytes.
const CACHE: usize = 64 << 20;
/// How often at most what was written is made to reach the disk.
const DURABLE_EVERY: Duration = Duration::from_secs(1);

const POSITIONS: TableDefinition<'_, &str, (i64, i64)> = TableDefinition::new("positions");
const FACTS: TableDefinition<'_, &str, &str> = TableDefinition::new("facts");

fn rows(name: &str) -> TableDefinition<'_, &'static [u8], &'static str> {
    TableDefinition::new(name)
}

/// Up to where a partition of a table is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// The next offset of the changelog.
    pub(crate) offset: i64,
    /// When that was so, by this machine's clock.
    pub(crate) time: Timestamp,
}

/// What a row gets; none removes it.
pub(crate) type StoredRow<'r> = (&'r RowKey, Option<&'r str>);

/// What goes into one partition of a table, and up to where it then is.
pub(crate) struct Batch<'r> {
    pub(crate) table: &'r str,
    pub(crate) partition: i32,
    pub(crate) rows: Vec<StoredRow<'r>>,
    /// None leaves the position as it is.
    pub(crate) position: Option<Position>,
}

/// A database on disk.
#[derive(Debug)]
pub(crate) struct Store {
    database: Database,
    /// When what was written has last been made to reach the disk.
    durable: Mutex<Instant>,
}

impl Store {
    /// Opens the file, and locks it; makes it if it is not there.
    pub(super) fn open(file: &Path) -> Result<Self, redb::DatabaseError> {
        let database = Database::builder().set_cache_size(CACHE).create(file)?;
        Ok(Self { database, durable: Mutex::new(Instant::now()) })
    }

    /// A database that is nowhere but in memory.
    pub(crate) fn in_memory() -> Result<Self, FolderError> {
        let backend = redb::backends::InMemoryBackend::new();
        let database = Database::builder().create_with_backend(backend);
        let database = database.map_err(|error| FolderError::Memory(error.to_string()))?;
        Ok(Self { database, durable: Mutex::new(Instant::now()) })
    }

    /// What was noted of that name.
    pub(super) fn fact(&self, name: &str) -> Result<Option<String>, StoreError> {
        guarded(|| {
            let transaction = self.database.begin_read()?;
            let facts = match transaction.open_table(FACTS) {
                Ok(facts) => facts,
                Err(TableError::TableDoesNotExist(_)) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            Ok(facts.get(name)?.map(|value| value.value().to_owned()))
        })
    }

    /// Removes all that there is, and notes those facts.
    pub(super) fn begin_anew(&self, facts: &[(&str, &str)]) -> Result<(), StoreError> {
        guarded(|| {
            let transaction = self.database.begin_write()?;
            let tables: Vec<_> = transaction.list_tables()?.collect();
            for table in tables {
                transaction.delete_table(table)?;
            }
            {
                let mut noted = transaction.open_table(FACTS)?;
                for (name, value) in facts {
                    noted.insert(name, value)?;
                }
            }
            transaction.commit()?;
            Ok(())
        })
    }

    /// Up to where a partition of a table is stored.
    pub(crate) fn position(&self, table: &str, partition: i32) -> Result<Option<Position>, StoreError> {
        guarded(|| {
            let transaction = self.database.begin_read()?;
            let positions = match transaction.open_table(POSITIONS) {
                Ok(positions) => positions,
                Err(TableError::TableDoesNotExist(_)) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            let position = positions.get(name(table, partition).as_str())?;
            Ok(position.map(|position| {
                let (offset, micros) = position.value();
                Position { offset, time: Timestamp::from_micros(micros) }
            }))
        })
    }

    /// Removes a partition of a table: it is to be read again from the beginning of its changelog.
    pub(crate) fn remove(&self, table: &str, partition: i32) -> Result<(), StoreError> {
        guarded(|| {
            let name = name(table, partition);
            let transaction = self.database.begin_write()?;
            transaction.delete_table(rows(&name))?;
            transaction.open_table(POSITIONS)?.remove(name.as_str())?;
            transaction.commit()?;
            Ok(())
        })
    }

    /// Writes all of it, or none.
    pub(crate) fn write(&self, batches: &[Batch<'_>]) -> Result<(), StoreError> {
        guarded(|| {
            let mut transaction = self.database.begin_write()?;
            let is_durable = self.is_due();
            transaction.set_durability(if is_durable { Durability::Immediate } else { Durability::None });
            // Without it, whoever opens the file after a crash walks through all of it.
            transaction.set_quick_repair(is_durable);
            for Batch { table, partition, rows: changed, position } in batches {
                let name = name(table, *partition);
                let mut of_partition = transaction.open_table(rows(&name))?;
                for (key, value) in changed {
                    match value {
                        Some(value) => drop(of_partition.insert(encoded(key).as_slice(), *value)?),
                        None => drop(of_partition.remove(encoded(key).as_slice())?),
                    }
                }
                if let Some(Position { offset, time }) = position {
                    let mut positions = transaction.open_table(POSITIONS)?;
                    positions.insert(name.as_str(), (*offset, time.as_micros()))?;
                }
            }
            transaction.commit()?;
            Ok(())
        })
    }

    fn is_due(&self) -> bool {
        let mut durable = self.durable.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = durable.elapsed() >= DURABLE_EVERY;
        if is_due {
            *durable = Instant::now();
        }
        is_due
    }

    /// What a row has.
    pub(crate) fn get(
        &self,
        table: &str,
        partition: i32,
        key: &RowKey,
    ) -> Result<Option<String>, StoreError> {
        self.read(table, partition, |rows| {
            Ok(rows.get(encoded(key).as_slice())?.map(|value| value.value().to_owned()))
        })
        .map(Option::flatten)
    }

    /// The first rows behind a bound, `most` or all that there are.
    pub(crate) fn page(
        &self,
        table: &str,
        partition: i32,
        from: Bound<&RowKey>,
        is_windowed: bool,
        most: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let from = from.map(encoded);
        let from = match &from {
            Bound::Unbounded => Bound::Unbounded,
            Bound::Included(key) => Bound::Included(key.as_slice()),
            Bound::Excluded(key) => Bound::Excluded(key.as_slice()),
        };
        let page = self.read(table, partition, |rows| {
            let range = rows.range::<&[u8]>((from, Bound::Unbounded))?.take(most);
            range
                .map(|row| {
                    let (key, value) = row?;
                    Ok(Row { key: decoded(key.value(), is_windowed), value: value.value().into() })
                })
                .collect()
        });
        Ok(page?.unwrap_or_default())
    }

    /// The last row.
    pub(crate) fn last(
        &self,
        table: &str,
        partition: i32,
        is_windowed: bool,
    ) -> Result<Option<RowKey>, StoreError> {
        let last = self.read(table, partition, |rows| {
            Ok(rows.last()?.map(|(key, _)| decoded(key.value(), is_windowed)))
        });
        last.map(Option::flatten)
    }

    /// Reads a partition of a table, if there is anything of it.
    fn read<T>(
        &self,
        table: &str,
        partition: i32,
        read: impl FnOnce(&redb::ReadOnlyTable<&'static [u8], &'static str>) -> Result<T, Failure>,
    ) -> Result<Option<T>, StoreError> {
        guarded(|| {
            let name = name(table, partition);
            let transaction = self.database.begin_read()?;
            match transaction.open_table(rows(&name)) {
                Ok(rows) => read(&rows).map(Some),
                Err(TableError::TableDoesNotExist(_)) => Ok(None),
                Err(error) => Err(error.into()),
            }
        })
    }
}

/// What redb says of a step.
struct Failure(Box<redb::Error>);

impl<E: Into<redb::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(Box::new(error.into()))
    }
}

/// Does that, and takes also a panic for a failure of the file: redb asserts what a damaged one breaks.
fn guarded<T>(act: impl FnOnce() -> Result<T, Failure>) -> Result<T, StoreError> {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(act)) {
        Ok(done) => done.map_err(|Failure(error)| StoreError(error.to_string())),
        Err(_) => Err(StoreError("the file is damaged".to_owned())),
    }
}

/// What redb calls a partition of a table.
fn name(table: &str, partition: i32) -> String {
    format!("{table}/{partition}")
}

/// A key whose bytes have the order of the keys.
fn encoded(RowKey { window, key }: &RowKey) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(8 + key.len());
    if let Some(start) = window {
        // With the sign turned round, so that the years before 1970 come first.
        bytes.extend((start.as_micros() ^ i64::MIN).to_be_bytes());
    }
    bytes.extend(key.as_bytes());
    bytes
}

fn decoded(bytes: &[u8], is_windowed: bool) -> RowKey {
    let text = |bytes| String::from_utf8_lossy(bytes).into();
    match bytes.split_first_chunk::<8>() {
        Some((start, key)) if is_windowed => {
            let start = i64::from_be_bytes(*start) ^ i64::MIN;
            RowKey::windowed(Timestamp::from_micros(start), text(key))
        }
        _ => RowKey::plain(text(bytes)),
    }
}
