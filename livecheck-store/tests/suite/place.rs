//! A store of a test's own.

use livecheck_store::{Location, Store};

/// A database that goes with the test.
pub(crate) struct Place {
    pub(crate) store: Store,
    folder: Option<tempfile::TempDir>,
    schema: Option<(String, String)>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::at(Location::sqlite(folder.path().join("history.db")));
        Self { store, folder: Some(folder), schema: None }
    }

    /// A schema of its own in the server that the variable names; nothing, if it names none.
    pub(crate) fn postgres() -> Option<Self> {
        let Ok(url) = std::env::var("LIVECHECK_TEST_POSTGRES") else {
            eprintln!("skipped: LIVECHECK_TEST_POSTGRES names no server; `ci/postgres start` starts one");
            return None;
        };
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        client(&url).batch_execute(&format!("CREATE SCHEMA {name}")).expect("a schema of its own");
        let location = format!("{url}?options=-csearch_path%3D{name}").parse().expect("a URL");
        Some(Self { store: Store::at(location), folder: None, schema: Some((url, name)) })
    }

    /// Runs statements beside the store.
    pub(crate) fn run(&self, statements: &str) {
        if let Some((url, name)) = &self.schema {
            let statements = format!("SET search_path TO {name}; {statements}");
            client(url).batch_execute(&statements).expect("the statements run");
        } else {
            self.open().execute_batch(statements).expect("the statements run");
        }
    }

    /// The answer to a query that gives one text.
    pub(crate) fn ask(&self, query: &str) -> String {
        if let Some((url, name)) = &self.schema {
            let mut client = client(url);
            client.batch_execute(&format!("SET search_path TO {name}")).expect("the schema is there");
            client.query_one(query, &[]).expect("one row").get(0)
        } else {
            self.open().query_row(query, [], |row| row.get(0)).expect("one row")
        }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.folder.is_some()
    }

    pub(crate) fn file(&self) -> std::path::PathBuf {
        self.store.location().file().expect("it is SQLite").to_owned()
    }

    fn open(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.file()).expect("the file opens")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((url, name)) = &self.schema {
            // A server that a test has stopped keeps it.
            if let Ok(mut client) = postgres::Client::connect(url, postgres::NoTls) {
                let _ = client.batch_execute(&format!("DROP SCHEMA {name} CASCADE"));
            }
        }
    }
}

fn client(url: &str) -> postgres::Client {
    postgres::Client::connect(url, postgres::NoTls).expect("the server of LIVECHECK_TEST_POSTGRES is there")
}
