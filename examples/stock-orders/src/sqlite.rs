//! A SQLite file for async code. Its calls block, so they run on tokio's threads for that.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use rusqlite::{Connection, OpenFlags};

/// How long a writer waits for another process that is writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection to a SQLite file that other processes use too.
#[derive(Clone, Debug)]
pub struct Sqlite {
    connection: Arc<Mutex<Connection>>,
}

impl Sqlite {
    /// Opens the file, makes it where it is not there, and runs `schema` on it.
    ///
    /// # Errors
    ///
    /// The folder cannot be made, the file cannot be opened, or SQLite refuses the schema.
    pub async fn create(file: &Path, schema: &'static str) -> anyhow::Result<Self> {
        if let Some(folder) = file.parent() {
            tokio::fs::create_dir_all(folder)
                .await
                .with_context(|| format!("making {}", folder.display()))?;
        }
        let database = Self::open_with(file, OpenFlags::default()).await?;
        database
            .call(move |connection| {
                // Readers and a writer do not wait for each other with a write-ahead log, and a commit does
                // not wait for the disk: what a power cut takes is the latest orders, never the file.
                connection.pragma_update(None, "journal_mode", "WAL")?;
                connection.pragma_update(None, "synchronous", "NORMAL")?;
                connection.execute_batch(schema)
            })
            .await
            .with_context(|| format!("preparing {}", file.display()))?;
        Ok(database)
    }

    /// Opens the file of another process, to read.
    ///
    /// # Errors
    ///
    /// The file is not there, or cannot be opened.
    pub async fn open(file: &Path) -> anyhow::Result<Self> {
        Self::open_with(file, OpenFlags::SQLITE_OPEN_READ_ONLY).await
    }

    async fn open_with(file: &Path, flags: OpenFlags) -> anyhow::Result<Self> {
        let path = file.to_owned();
        let opened = tokio::task::spawn_blocking(move || {
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(BUSY_TIMEOUT)?;
            Ok::<_, rusqlite::Error>(connection)
        });
        let connection = opened.await?.with_context(|| format!("opening {}", file.display()))?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    /// Runs `query` on the connection.
    ///
    /// # Errors
    ///
    /// What the query returned.
    pub async fn call<T, F>(&self, query: F) -> anyhow::Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let connection = Arc::clone(&self.connection);
        let called = tokio::task::spawn_blocking(move || {
            query(&connection.lock().unwrap_or_else(PoisonError::into_inner))
        });
        Ok(called.await??)
    }
}
