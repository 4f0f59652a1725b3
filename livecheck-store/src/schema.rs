//! The schema, and its versions.

use livecheck_core::Timestamp;

use crate::database::{Connection, Dialect, Value, in_transaction};
use crate::error::StoreError;
use crate::location::Location;

/// What makes each version out of the one before. One that was released is never changed.
const MIGRATIONS: [&str; 2] =
    [include_str!("../migrations/0001_reports.sql"), include_str!("../migrations/0002_resolution.sql")];

/// The version that this program reads and writes.
pub(crate) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Brings the schema up to date. Several runners that start at once do that once.
pub(crate) fn migrate(connection: &mut dyn Connection, location: &Location) -> Result<(), StoreError> {
    // Who has nothing to do takes no lock.
    if version(connection)? == VERSION {
        return Ok(());
    }
    in_transaction(connection, |connection| apply(connection, location, &MIGRATIONS))
}

/// Does what has not been done yet, of the migrations of the first versions.
fn apply(
    connection: &mut dyn Connection,
    location: &Location,
    migrations: &[&str],
) -> Result<(), StoreError> {
    connection
        .run("CREATE TABLE IF NOT EXISTS lc_schema (version BIGINT PRIMARY KEY, applied BIGINT NOT NULL)")?;
    let found = version(connection)?;
    refuse_newer(location, found)?;
    for (number, migration) in (1..).zip(migrations) {
        if number > found {
            connection.run(&translated(migration, connection.dialect()))?;
            let now = Timestamp::now().as_micros();
            connection.execute(
                "INSERT INTO lc_schema (version, applied) VALUES ($1, $2)",
                &[Value::Integer(number), Value::Integer(now)],
            )?;
        }
    }
    Ok(())
}

/// Finds out whether this program can read it.
pub(crate) fn check(connection: &mut dyn Connection, location: &Location) -> Result<(), StoreError> {
    let found = version(connection)?;
    refuse_newer(location, found)?;
    match found {
        0 => Err(StoreError::Empty { location: location.clone() }),
        VERSION => Ok(()),
        _ => Err(StoreError::Older { location: location.clone() }),
    }
}

fn refuse_newer(location: &Location, found: i64) -> Result<(), StoreError> {
    if found > VERSION {
        return Err(StoreError::Newer { location: location.clone(), found, known: VERSION });
    }
    Ok(())
}

/// The version of the schema; 0 where there is none.
fn version(connection: &mut dyn Connection) -> Result<i64, StoreError> {
    let is_there = match connection.dialect() {
        Dialect::Sqlite => "SELECT count(*) FROM sqlite_master WHERE name = 'lc_schema'",
        Dialect::Postgres => {
            "SELECT count(*) FROM (SELECT to_regclass('lc_schema') AS found) t WHERE found IS NOT NULL"
        }
    };
    let first = |rows: Vec<crate::database::Row>| rows.into_iter().next().map_or(Ok(0), |mut row| row.take());
    let tables: i64 = first(connection.query(is_there, &[])?)?;
    if tables == 0 {
        return Ok(0);
    }
    first(connection.query("SELECT coalesce(max(version), 0) FROM lc_schema", &[])?)
}

/// A migration in the words of a database.
pub(crate) fn translated(migration: &str, dialect: Dialect) -> String {
    let mut text = String::with_capacity(migration.len());
    let mut rest = migration;
    while let Some((before, (word, after))) =
        rest.split_once('{').and_then(|(before, from)| Some((before, from.split_once('}')?)))
    {
        text.push_str(before);
        text.push_str(&in_words_of(dialect, word));
        rest = after;
    }
    text + rest
}

fn in_words_of(dialect: Dialect, word: &str) -> String {
    let time = word.strip_prefix("time(").and_then(|time| time.strip_suffix(')'));
    match (dialect, word, time) {
        (Dialect::Sqlite, "key", _) => "INTEGER".to_owned(),
        (Dialect::Postgres, "key", _) => "BIGINT".to_owned(),
        (Dialect::Postgres, "bytewise", _) => "COLLATE \"C\"".to_owned(),
        (Dialect::Postgres, "and_seq", _) => ", seq".to_owned(),
        (Dialect::Sqlite, "clustered", _) => "WITHOUT ROWID".to_owned(),
        // The rest of the line is for PostgreSQL alone.
        (Dialect::Sqlite, "postgres", _) => "--".to_owned(),
        (Dialect::Sqlite, _, Some(time)) => {
            format!("strftime('%Y-%m-%dT%H:%M:%fZ', {time} / 1000000.0, 'unixepoch')")
        }
        (Dialect::Postgres, _, Some(time)) => format!("to_timestamp({time} / 1000000.0)"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{Purpose, connect};

    #[test]
    fn a_store_of_each_version_before_is_brought_up_to_date_with_what_it_holds() {
        for before in 1..MIGRATIONS.len() {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let location = Location::sqlite(folder.path().join("history.db"));
            let mut connection =
                connect(&location, Purpose::Write { file_limit: None }).expect("it is opened");
            let connection = connection.as_mut();
            apply(connection, &location, &MIGRATIONS[..before]).expect("the version before");
            connection.run("INSERT INTO lc_cases (id, name) VALUES (7, 'order_flow')").expect("a row");
            let error = check(connection, &location).expect_err("it is older");
            assert!(matches!(error, StoreError::Older { .. }), "{error}");
            migrate(connection, &location).expect("it is brought up to date");
            check(connection, &location).expect("it is of this version");
            let mut kept = connection.query("SELECT id FROM lc_cases", &[]).expect("it is asked");
            assert_eq!(kept.remove(0).take::<i64>().expect("a number"), 7);
        }
    }

    #[test]
    fn nothing_is_left_to_translate() {
        for migration in MIGRATIONS {
            let without_comments: String =
                migration.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
            for dialect in [Dialect::Sqlite, Dialect::Postgres] {
                let text = translated(&without_comments, dialect);
                assert!(!text.contains(['{', '}']), "{text}");
            }
        }
    }
}
