//! PostgreSQL.

mod tls;
mod url;

use std::time::Duration;

use postgres::error::SqlState;
use postgres::types::{FromSql, IsNull, Kind as TypeKind, ToSql, Type, accepts, to_sql_checked};
use postgres::{Client, Statement};

pub(crate) use self::url::Settings;
use super::{Connection, Dialect, Existing, Kind, Row, Table, Value};
use crate::error::StoreError;
use crate::location::Location;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// After how long a server that acknowledges nothing is taken for gone.
const SILENCE: Duration = Duration::from_secs(15);

/// A connection to a PostgreSQL database.
pub(super) struct Postgres {
    client: Client,
    /// By their text.
    prepared: std::collections::HashMap<String, Statement>,
}

impl Postgres {
    pub(super) fn connect(location: &Location, settings: &Settings) -> Result<Self, StoreError> {
        let unreachable = |reason: String| StoreError::Unreachable { location: location.clone(), reason };
        let mut config = settings.config.clone();
        config.tcp_user_timeout(SILENCE).keepalives_idle(SILENCE);
        if config.get_application_name().is_none() {
            config.application_name("livecheck");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        let connector = tls::connector(settings).map_err(|error| unreachable(error.to_string()))?;
        let client = config.connect(connector).map_err(|error| {
            let advice = tls::advice(&error).map_or_else(String::new, |advice| format!(" ({advice})"));
            unreachable(in_full(&error) + &advice)
        })?;
        Ok(Self { client, prepared: std::collections::HashMap::new() })
    }

    fn prepare(&mut self, text: &str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.prepared.get(text) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(text).map_err(|error| failure(&error))?;
        self.prepared.insert(text.to_owned(), statement.clone());
        Ok(statement)
    }
}

impl Connection for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn run(&mut self, statements: &str) -> Result<(), StoreError> {
        self.client.batch_execute(statements).map_err(|error| failure(&error))
    }

    fn execute(&mut self, statement: &str, parameters: &[Value]) -> Result<u64, StoreError> {
        let statement = self.prepare(statement)?;
        self.client.execute(&statement, &dynamic(parameters)).map_err(|error| failure(&error))
    }

    fn query(&mut self, query: &str, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        let statement = self.prepare(query)?;
        let rows = self.client.query(&statement, &dynamic(parameters)).map_err(|error| failure(&error))?;
        rows.iter().map(|row| values(row).map_err(|error| failure(&error))).collect()
    }

    fn write(&mut self, table: &Table, rows: &[Vec<Value>]) -> Result<Vec<i64>, StoreError> {
        let first = table.columns.first().map_or("", |(name, _)| *name);
        // Who replaces rows knows that all of them are written.
        let returning = match table.existing {
            Existing::Stays => format!(" RETURNING {first}"),
            Existing::IsReplaced => String::new(),
        };
        let text = format!(
            "INSERT INTO {} ({}) SELECT * FROM unnest({}) {}{returning}",
            table.name,
            table.names(),
            arrays(table.columns.iter().map(|(_, kind)| *kind)),
            table.on_conflict()
        );
        let statement = self.prepare(&text)?;
        let columns: Vec<_> = (0..table.columns.len()).map(|column| Column { rows, column }).collect();
        let parameters: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| column as _).collect();
        let written = self.client.query(&statement, &parameters).map_err(|error| failure(&error))?;
        written.iter().map(|row| row.try_get(0).map_err(|error| failure(&error))).collect()
    }

    fn find(&mut self, table: &Table, keys: &[&[i64]]) -> Result<Vec<Row>, StoreError> {
        let columns: Vec<_> = table.columns.iter().map(|(name, _)| format!("t.{name}")).collect();
        let is: Vec<_> = table.key.iter().map(|column| format!("t.{column} = k.{column}")).collect();
        let text = format!(
            "SELECT {} FROM unnest({}) AS k({}) JOIN {} t ON {}",
            columns.join(", "),
            arrays(table.key.iter().map(|_| Kind::Integer)),
            table.key.join(", "),
            table.name,
            is.join(" AND ")
        );
        let statement = self.prepare(&text)?;
        let keys: Vec<Vec<i64>> =
            (0..table.key.len()).map(|column| keys.iter().map(|key| key[column]).collect()).collect();
        let parameters: Vec<&(dyn ToSql + Sync)> = keys.iter().map(|column| column as _).collect();
        let rows = self.client.query(&statement, &parameters).map_err(|error| failure(&error))?;
        rows.iter().map(|row| values(row).map_err(|error| failure(&error))).collect()
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        // One writer at a time, as SQLite has it: who writes reads first what it adds to. The number is LiveCheck's own.
        self.run("BEGIN; SELECT pg_advisory_xact_lock(7810776102)")
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.run("COMMIT")
    }

    fn roll_back(&mut self) {
        if let Err(error) = self.run("ROLLBACK") {
            tracing::debug!(%error, "a transaction could not be rolled back");
        }
    }

    fn is_open(&self) -> bool {
        !self.client.is_closed()
    }

    fn tidy(&mut self) -> Result<(), StoreError> {
        // Autovacuum does it.
        Ok(())
    }
}

/// `$1::int8[], $2::text[]` …
fn arrays(kinds: impl Iterator<Item = Kind>) -> String {
    let array = |(index, kind)| {
        let of = match kind {
            Kind::Integer => "int8",
            Kind::Real => "float8",
            Kind::Text => "text",
            Kind::Bytes => "bytea",
        };
        format!("${}::{of}[]", index + 1)
    };
    kinds.enumerate().map(array).collect::<Vec<_>>().join(", ")
}

fn dynamic(parameters: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    parameters.iter().map(|value| value as _).collect()
}

/// A column of many rows, which goes to the server as one array.
#[derive(Debug)]
struct Column<'r> {
    rows: &'r [Vec<Value>],
    column: usize,
}

type Bytes = bytes::BytesMut;
type Failure = Box<dyn std::error::Error + Sync + Send>;

impl ToSql for Column<'_> {
    fn to_sql(&self, ty: &Type, out: &mut Bytes) -> Result<IsNull, Failure> {
        let column: Vec<&Value> = self.rows.iter().map(|row| &row[self.column]).collect();
        column.to_sql(ty, out)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), TypeKind::Array(_))
    }

    to_sql_checked!();
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut Bytes) -> Result<IsNull, Failure> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(integer) => integer.to_sql(ty, out),
            Self::Real(real) => real.to_sql(ty, out),
            Self::Text(text) => text.to_sql(ty, out),
            Self::Bytes(bytes) => bytes.to_sql(ty, out),
        }
    }

    accepts!(INT8, FLOAT8, TEXT, BYTEA);
    to_sql_checked!();
}

impl<'r> FromSql<'r> for Value {
    fn from_sql(ty: &Type, raw: &'r [u8]) -> Result<Self, Failure> {
        Ok(match *ty {
            Type::INT8 => Self::Integer(i64::from_sql(ty, raw)?),
            Type::FLOAT8 => Self::Real(f64::from_sql(ty, raw)?),
            Type::BYTEA => Self::Bytes(Vec::from_sql(ty, raw)?),
            _ => Self::Text(String::from_sql(ty, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Failure> {
        Ok(Self::Null)
    }

    accepts!(INT8, FLOAT8, TEXT, BYTEA);
}

fn values(row: &postgres::Row) -> Result<Row, postgres::Error> {
    (0..row.len()).map(|column| row.try_get(column)).collect::<Result<_, _>>().map(Row::new)
}

fn failure(error: &postgres::Error) -> StoreError {
    let reason = in_full(error);
    let Some(code) = error.code() else {
        return if error.is_closed() || is_of_network(error) {
            StoreError::Lost { reason }
        } else {
            StoreError::Refused { reason }
        };
    };
    match code.code().get(..2) {
        _ if *code == SqlState::READ_ONLY_SQL_TRANSACTION => StoreError::ReadOnly { reason },
        // Insufficient resources: the disk is full, too many connections.
        Some("53") => StoreError::Full { reason },
        // The connection, or an operator's doing: the server shuts down, or starts.
        Some("08" | "57") => StoreError::Lost { reason },
        _ => StoreError::Refused { reason },
    }
}

fn is_of_network(error: &postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}

/// An error, and what it comes from: by itself it says no more than "db error".
fn in_full(error: &postgres::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
