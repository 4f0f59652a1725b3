//! The store: where it is, and the connections to it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use livecheck_core::Timestamp;

use crate::database::{Purpose, connect, with_suffix};
use crate::error::StoreError;
use crate::location::Location;
use crate::queries::Queries;
use crate::schema;
use crate::writer::Writer;

/// How many connections are kept open for those who ask.
const KEPT_OPEN: usize = 4;

/// The store. To make one connects to nothing: that is done when it is asked or written to, and again when a
/// connection was lost. Copies of it share their connections.
///
/// ```
/// use livecheck_core::wire::{TestReport, decode};
/// use livecheck_core::Timestamp;
/// use livecheck_store::{Location, Reported, Store};
///
/// let folder = tempfile::tempdir()?;
/// let store = Store::at(Location::sqlite(folder.path().join("history.db")));
/// let report: TestReport = decode(Some(br#"{"case_name": "orders::order_flow", "state": "PASS", "runtime": 0.2,
///     "test": {"id": "o-1", "case_name": "orders::order_flow", "timestamp": "2026-11-21T02:03:04Z",
///              "expires": "2026-11-21T05:03:04Z"}, "error": null, "traceback": null}"#))?;
/// let at = Timestamp::now();
/// store.writer()?.write(&[Reported { at, report }], None)?;
///
/// let found = store.read(|queries| queries.reports(&"o-1".into(), None))?;
/// assert_eq!(found.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Store(Arc<Shared>);

struct Shared {
    location: Location,
    file_limit: Option<u64>,
    readers: Mutex<Vec<Reader>>,
    /// Raised when the database of that place is another one.
    generation: AtomicU64,
}

struct Reader {
    queries: Queries,
    generation: u64,
}

impl Store {
    /// The store at that place.
    #[must_use]
    pub fn at(location: Location) -> Self {
        Self::made(location, None)
    }

    /// The same, where a SQLite file grows no larger than so many bytes: to write more fails with
    /// [`StoreError::Full`]. A server has its own quotas.
    #[must_use]
    pub fn limited(location: Location, bytes: u64) -> Self {
        Self::made(location, Some(bytes))
    }

    fn made(location: Location, file_limit: Option<u64>) -> Self {
        let (readers, generation) = (Mutex::default(), AtomicU64::new(0));
        Self(Arc::new(Shared { location, file_limit, readers, generation }))
    }

    /// Where it is.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.0.location
    }

    /// Connects to write; makes what is not there, and brings the schema up to date. Blocks.
    ///
    /// # Errors
    ///
    /// The database cannot be reached, is damaged, or was made by a later version.
    pub fn writer(&self) -> Result<Writer, StoreError> {
        let mut connection = connect(&self.0.location, Purpose::Write { file_limit: self.0.file_limit })?;
        schema::migrate(connection.as_mut(), &self.0.location)?;
        Ok(Writer::new(connection))
    }

    /// Asks something. Blocks: where that must not be, use [`ask`](Self::ask).
    ///
    /// # Errors
    ///
    /// There is no such database yet, it cannot be reached, or it is of another version; and what `question` returns.
    pub fn read<T>(
        &self,
        question: impl FnOnce(&mut Queries) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut reader = self.reader()?;
        let answer = question(&mut reader.queries);
        // What has failed may have left a transaction open.
        if answer.is_ok() {
            self.keep(reader);
        }
        answer
    }

    /// The same on a thread for what blocks, within a tokio runtime.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Queries) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        let asked = tokio::task::spawn_blocking(move || store.read(question)).await;
        asked.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Err(StoreError::Lost { reason: error.to_string() }),
        })
    }

    /// Puts a damaged SQLite file out of the way; gives its new name. A writer makes a new one.
    ///
    /// # Errors
    ///
    /// The file cannot be renamed. Of another database nothing is put out of the way.
    pub fn set_aside(&self) -> Result<PathBuf, StoreError> {
        let unreachable =
            |reason: String| StoreError::Unreachable { location: self.0.location.clone(), reason };
        let Some(file) = self.0.location.file() else {
            return Err(unreachable("a server's database is not put out of the way".to_owned()));
        };
        let now = Timestamp::now().as_millis();
        let aside = with_suffix(file, &format!(".damaged-{now}"));
        std::fs::rename(file, &aside)
            .map_err(|error| unreachable(format!("renaming it to {}: {error}", aside.display())))?;
        for suffix in ["-wal", "-shm"] {
            // They belong to the file that has gone; often there are none.
            let _ = std::fs::rename(with_suffix(file, suffix), with_suffix(&aside, suffix));
        }
        self.0.generation.fetch_add(1, Ordering::Relaxed);
        self.readers().clear();
        Ok(aside)
    }

    fn reader(&self) -> Result<Reader, StoreError> {
        let generation = self.0.generation.load(Ordering::Relaxed);
        let kept = loop {
            match self.readers().pop() {
                Some(reader) if reader.generation == generation && reader.queries.is_open() => {
                    break Some(reader);
                }
                Some(_) => {}
                None => break None,
            }
        };
        if let Some(reader) = kept {
            return Ok(reader);
        }
        let mut connection = connect(&self.0.location, Purpose::Read)?;
        schema::check(connection.as_mut(), &self.0.location)?;
        Ok(Reader { queries: Queries::new(connection), generation })
    }

    fn keep(&self, reader: Reader) {
        let mut readers = self.readers();
        if readers.len() < KEPT_OPEN {
            readers.push(reader);
        }
    }

    fn readers(&self) -> std::sync::MutexGuard<'_, Vec<Reader>> {
        self.0.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Store").field(&self.0.location).finish()
    }
}
