//! SQLite.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection as Database, ErrorCode, OpenFlags, ToSql, params_from_iter};

use super::{Connection, Dialect, Purpose, Row, Table, Value};
use crate::error::StoreError;
use crate::location::Location;

/// How long a writer waits for another process that is writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How much of the file is kept in memory, in KiB.
const CACHE: i64 = 64 * 1024;
/// A file up to this size is checked as a whole when it is opened to be written: that takes a tenth of a second.
const CHECKED: u64 = 32 * 1024 * 1024;
/// How many pages are given back in one go.
const PAGES: i64 = 4_000;
/// How many statements are kept prepared.
const STATEMENTS: usize = 64;

/// A connection to a SQLite file.
pub(super) struct Sqlite {
    database: Database,
    location: Location,
}

impl Sqlite {
    pub(super) fn open(location: &Location, file: &Path, purpose: Purpose) -> Result<Self, StoreError> {
        let flags = match purpose {
            Purpose::Read if !file.exists() => {
                return Err(StoreError::Empty { location: location.clone() });
            }
            Purpose::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Purpose::Write { .. } => {
                if let Some(folder) = file.parent() {
                    std::fs::create_dir_all(folder).map_err(|error| StoreError::Unreachable {
                        location: location.clone(),
                        reason: format!("making the folder {}: {error}", folder.display()),
                    })?;
                }
                OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
            }
        };
        let opened = Database::open_with_flags(file, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX);
        let database = opened.map_err(|error| failure(location, &error))?;
        let sqlite = Self { database, location: location.clone() };
        sqlite.prepare(file, purpose).map_err(|error| failure(location, &error))?;
        sqlite.check(file, purpose)?;
        Ok(sqlite)
    }

    fn prepare(&self, file: &Path, purpose: Purpose) -> rusqlite::Result<()> {
        let database = &self.database;
        database.busy_timeout(BUSY_TIMEOUT)?;
        database.set_prepared_statement_cache_capacity(STATEMENTS);
        database.pragma_update(None, "cache_size", -CACHE)?;
        if let Purpose::Write { file_limit } = purpose {
            // What is added to is spread over a large file: without a system call for each page. (Who reads gets 4 KiB by
            // that call, and where the file is mapped and not in memory 128: a chart would wait for thirty times as much.)
            database.pragma_update(None, "mmap_size", 1_i64 << 30)?;
            if std::fs::metadata(file).map_or(0, |file| file.len()) == 0 {
                // It cannot be turned on later; room is given back when rows have gone.
                database.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
            }
            // Readers and the writer do not wait for each other, and a commit does not wait for the disk: what a power
            // cut takes is the latest rows, and with them the positions, so that they are read again.
            database.pragma_update(None, "journal_mode", "WAL")?;
            database.pragma_update(None, "synchronous", "NORMAL")?;
            // Whatever the log has grown to while somebody read, it shrinks again.
            database.pragma_update(None, "journal_size_limit", 64_i64 << 20)?;
            if let Some(bytes) = file_limit {
                let page: u64 =
                    database.query_row("PRAGMA page_size", [], |row| row.get::<_, u32>(0))?.into();
                database.pragma_update(
                    None,
                    "max_page_count",
                    i64::try_from(bytes / page).unwrap_or(i64::MAX),
                )?;
            }
        }
        Ok(())
    }

    /// Finds out whether the file is whole: a small one all of it, of a large one whether its end is there.
    fn check(&self, file: &Path, purpose: Purpose) -> Result<(), StoreError> {
        let ask = |pragma: &str| self.database.query_row(pragma, [], |row| row.get::<_, i64>(0));
        let size = || Ok(ask("PRAGMA page_count")? * ask("PRAGMA page_size")?);
        let expected = size().map_err(|error| failure(&self.location, &error))?;
        let there = std::fs::metadata(file).map_or(0, |file| file.len());
        let log = std::fs::metadata(with_suffix(file, "-wal")).map_or(0, |log| log.len());
        let damaged = |reason| StoreError::Damaged { location: self.location.clone(), reason };
        if log == 0 && i64::try_from(there).is_ok_and(|there| there < expected) {
            return Err(damaged(format!("it has {there} bytes of {expected}")));
        }
        if purpose != Purpose::Read && there <= CHECKED {
            let first = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
            let found = self.database.query_row("PRAGMA quick_check(1)", [], first);
            let found = found.map_err(|error| failure(&self.location, &error))?;
            if found != "ok" {
                // What it has found stands below a title.
                return Err(damaged(found.lines().last().unwrap_or_default().to_owned()));
            }
        }
        Ok(())
    }

    fn failure(&self, error: &rusqlite::Error) -> StoreError {
        failure(&self.location, error)
    }
}

/// The file beside it that SQLite names so.
pub(crate) fn with_suffix(file: &Path, suffix: &str) -> std::path::PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

impl Connection for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn run(&mut self, statements: &str) -> Result<(), StoreError> {
        self.database.execute_batch(statements).map_err(|error| self.failure(&error))
    }

    fn execute(&mut self, statement: &str, parameters: &[Value]) -> Result<u64, StoreError> {
        let mut statement =
            self.database.prepare_cached(&numbered(statement)).map_err(|error| self.failure(&error))?;
        let changed = statement.execute(params_from_iter(parameters));
        changed.map(|changed| changed as u64).map_err(|error| self.failure(&error))
    }

    fn query(&mut self, query: &str, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        let rows = || {
            let mut statement = self.database.prepare_cached(&numbered(query))?;
            let columns = statement.column_count();
            let rows = statement.query_map(params_from_iter(parameters), |row| {
                (0..columns)
                    .map(|column| Ok(value(row.get_ref(column)?)))
                    .collect::<Result<_, _>>()
                    .map(Row::new)
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        rows().map_err(|error| self.failure(&error))
    }

    fn write(&mut self, table: &Table, rows: &[Vec<Value>]) -> Result<Vec<i64>, StoreError> {
        let places = vec!["?"; table.columns.len()].join(", ");
        let statement = format!(
            "INSERT INTO {} ({}) VALUES ({places}) {}",
            table.name,
            table.names(),
            table.on_conflict()
        );
        let write = || {
            let mut statement = self.database.prepare_cached(&statement)?;
            let mut written = Vec::with_capacity(rows.len());
            for row in rows {
                if let (1, Some(Value::Integer(first))) =
                    (statement.execute(params_from_iter(row))?, row.first())
                {
                    written.push(*first);
                }
            }
            Ok(written)
        };
        write().map_err(|error| self.failure(&error))
    }

    fn find(&mut self, table: &Table, keys: &[&[i64]]) -> Result<Vec<Row>, StoreError> {
        let is: Vec<_> = table.key.iter().map(|column| format!("{column} = ?")).collect();
        let query = format!("SELECT {} FROM {} WHERE {}", table.names(), table.name, is.join(" AND "));
        let mut found = Vec::new();
        for key in keys {
            let key: Vec<_> = key.iter().copied().map(Value::Integer).collect();
            found.extend(self.query(&query, &key)?);
        }
        Ok(found)
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        self.run("BEGIN IMMEDIATE")
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.run("COMMIT")
    }

    fn roll_back(&mut self) {
        // Some failures have rolled back already.
        if !self.database.is_autocommit() {
            if let Err(error) = self.run("ROLLBACK") {
                tracing::debug!(%error, "a transaction could not be rolled back");
            }
        }
    }

    fn is_open(&self) -> bool {
        true
    }

    fn tidy(&mut self) -> Result<(), StoreError> {
        // It gives a row for each page, and that page back once the row is asked for.
        self.query(&format!("PRAGMA incremental_vacuum({PAGES})"), &[]).map(drop)
    }
}

/// SQLite writes `?1` where PostgreSQL has `$1`.
fn numbered(statement: &str) -> String {
    statement.replace('$', "?")
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(integer) => ValueRef::Integer(*integer),
            Self::Real(real) => ValueRef::Real(*real),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::Integer(integer),
        ValueRef::Real(real) => Value::Real(real),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

fn failure(location: &Location, error: &rusqlite::Error) -> StoreError {
    let (location, reason) = (location.clone(), error.to_string());
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Damaged { location, reason }
        }
        Some(ErrorCode::DiskFull) => StoreError::Full { reason },
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => StoreError::ReadOnly { reason },
        Some(ErrorCode::CannotOpen | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Unreachable { location, reason }
        }
        _ => StoreError::Refused { reason },
    }
}
