//! What SQLite and PostgreSQL have in common: all that the store asks of a database.

mod postgres;
mod sqlite;
mod value;

use crate::error::StoreError;
use crate::location::{Location, Place};

pub(crate) use self::postgres::Settings;
pub(crate) use self::sqlite::with_suffix;
pub(crate) use self::value::{Row, Value};

/// What a database writes differently from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To read what is there.
    Read,
    /// To write, and to make what is not there: of a file, up to so many bytes.
    Write { file_limit: Option<u64> },
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Integer,
    Real,
    Text,
    Bytes,
}

/// A table that many rows are written to at once.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [(&'static str, Kind)],
    /// What a row is known by.
    pub(crate) key: &'static [&'static str],
    /// What becomes of a row that is there already.
    pub(crate) existing: Existing,
}

/// What becomes of a row that is there already, when one of the same key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It stays.
    Stays,
    /// The new one takes its place.
    IsReplaced,
}

/// A connection to a database.
///
/// Parameters are written `$1`, `$2` …; statements are prepared once. Between [`begin`](Self::begin) and
/// [`commit`](Self::commit) nobody else writes.
pub(crate) trait Connection: Send {
    fn dialect(&self) -> Dialect;

    /// Runs statements that take no parameters and give nothing.
    fn run(&mut self, statements: &str) -> Result<(), StoreError>;

    /// Runs a statement; gives how many rows it has changed.
    fn execute(&mut self, statement: &str, parameters: &[Value]) -> Result<u64, StoreError>;

    fn query(&mut self, query: &str, parameters: &[Value]) -> Result<Vec<Row>, StoreError>;

    /// Writes many rows; gives the first column of those that were written.
    fn write(&mut self, table: &Table, rows: &[Vec<Value>]) -> Result<Vec<i64>, StoreError>;

    /// The rows of these keys, as far as there are any.
    fn find(&mut self, table: &Table, keys: &[&[i64]]) -> Result<Vec<Row>, StoreError>;

    fn begin(&mut self) -> Result<(), StoreError>;

    fn commit(&mut self) -> Result<(), StoreError>;

    fn roll_back(&mut self);

    /// Whether it can still be used.
    fn is_open(&self) -> bool;

    /// Gives room that is no longer used back, as far as that takes little time.
    fn tidy(&mut self) -> Result<(), StoreError>;
}

/// Connects.
pub(crate) fn connect(location: &Location, purpose: Purpose) -> Result<Box<dyn Connection>, StoreError> {
    Ok(match &location.0 {
        Place::Sqlite(file) => Box::new(sqlite::Sqlite::open(location, file, purpose)?),
        Place::Postgres(server) => Box::new(postgres::Postgres::connect(location, &server.settings)?),
    })
}

/// Does something as one: all of it, or nothing.
pub(crate) fn in_transaction<T>(
    connection: &mut dyn Connection,
    work: impl FnOnce(&mut dyn Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.begin()?;
    let done = work(connection).and_then(|done| connection.commit().map(|()| done));
    if done.is_err() {
        connection.roll_back();
    }
    done
}

impl Table {
    fn names(&self) -> String {
        self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }

    /// What follows `INSERT INTO … VALUES …`.
    fn on_conflict(&self) -> String {
        let key = self.key.join(", ");
        match self.existing {
            Existing::Stays => format!("ON CONFLICT ({key}) DO NOTHING"),
            Existing::IsReplaced => {
                let others =
                    self.columns.iter().map(|(name, _)| *name).filter(|name| !self.key.contains(name));
                let set: Vec<_> = others.map(|name| format!("{name} = excluded.{name}")).collect();
                format!("ON CONFLICT ({key}) DO UPDATE SET {}", set.join(", "))
            }
        }
    }
}
