//! The thread that brings reports into the store, while this runner leads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use livecheck_store::{Retention, Store, StoreError};

use super::progress::Progress;
use super::session::{Session, SessionEnd};
use crate::kafka::Connection;
use crate::monitor::Missed;

/// How often a runner that does not lead looks whether it does.
const STAND_BY: Duration = Duration::from_millis(200);
/// The pauses after a failure: from the first to the last, each twice the one before.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// How long it may take at the end to write what is there.
const LAST: Duration = Duration::from_secs(5);

/// What is kept, where, and when.
pub(crate) struct KeeperOptions {
    pub(crate) connection: Connection,
    pub(crate) store: Store,
    pub(crate) retention: Retention,
    /// Whether this runner leads.
    pub(crate) leads: Arc<AtomicBool>,
}

/// Brings reports into the store until it is stopped.
pub(crate) struct Keeper {
    progress: Progress,
    /// Dropped to stop it.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts it. What an operator should know goes to `warn`, from its own thread.
    pub(crate) fn start(options: KeeperOptions, warn: impl Fn(String) + Send + 'static) -> Self {
        let progress = Progress::new();
        let (stop, stopped) = channel();
        let work = Work { options, progress: progress.clone(), stopped, warn, trouble: None };
        let thread = std::thread::Builder::new()
            .name("livecheck-store".to_owned())
            .spawn(move || work.run())
            .expect("the system can start a thread");
        Self { progress, stop: Some(stop), thread: Some(thread) }
    }

    /// How far it is.
    pub(crate) fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// Writes what is there, and stops. Blocks for some seconds at most.
    pub(crate) fn stop(mut self) {
        self.join();
    }

    fn join(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.join();
    }
}

struct Work<W> {
    options: KeeperOptions,
    progress: Progress,
    stopped: Receiver<()>,
    warn: W,
    /// Since when nothing can be written, and how often that was tried.
    trouble: Option<Trouble>,
}

struct Trouble {
    since: Instant,
    pause: Duration,
}

impl<W: Fn(String)> Work<W> {
    fn run(mut self) {
        let mut session = None;
        loop {
            let pause = if self.options.leads.load(Ordering::Relaxed) {
                match self.go_on(session.take()) {
                    Ok(going_on) => {
                        session = Some(going_on);
                        Duration::ZERO
                    }
                    Err(end) => self.failed(&end),
                }
            } else {
                if session.take().is_some() {
                    self.progress.stands_by();
                }
                STAND_BY
            };
            if !matches!(self.stopped.recv_timeout(pause), Err(RecvTimeoutError::Timeout)) {
                break;
            }
        }
        if let Some(session) = session {
            self.write_the_last(session);
        }
    }

    fn go_on(&mut self, session: Option<Session>) -> Result<Session, SessionEnd> {
        let KeeperOptions { connection, store, retention, .. } = &self.options;
        let mut session = match session {
            Some(session) => session,
            None => {
                let (session, missed) = Session::begin(store, connection, *retention)?;
                tracing::info!(store = %store.location(), "this runner keeps the results");
                missed.iter().for_each(|missed| (self.warn)(self.missed(missed)));
                session
            }
        };
        let round = session.go_on()?;
        self.progress.wrote(round);
        if let Some(Trouble { since, .. }) = self.trouble.take() {
            let lasted = humantime::format_duration(Duration::from_secs(since.elapsed().as_secs()));
            (self.warn)(format!(
                "the store is written to again, after {lasted}; what it missed is read from the topic"
            ));
        }
        Ok(session)
    }

    /// Says what is wrong, once; how long to wait before it is tried again.
    fn failed(&mut self, end: &SessionEnd) -> Duration {
        self.progress.failed();
        if let SessionEnd::Store(damaged @ StoreError::Damaged { .. }) = end {
            match self.options.store.set_aside() {
                Ok(aside) => {
                    (self.warn)(format!(
                        "{damaged}. It was put aside as {}, and is made anew from the report topic",
                        aside.display()
                    ));
                    return Duration::ZERO;
                }
                Err(error) => tracing::warn!(%error, "a damaged store cannot be put aside"),
            }
        }
        let (first, longest) = PAUSES;
        let Some(trouble) = &mut self.trouble else {
            (self.warn)(format!(
                "{end}. The results wait in the report topic; cases are executed all the same"
            ));
            self.trouble = Some(Trouble { since: Instant::now(), pause: first });
            return first;
        };
        tracing::debug!(error = %end, "the store cannot be written to");
        trouble.pause = (trouble.pause * 2).min(longest);
        trouble.pause
    }

    fn write_the_last(&self, mut session: Session) {
        let deadline = Instant::now() + LAST;
        let mut write = || {
            session.read_anew()?;
            while Instant::now() < deadline {
                let round = session.go_on()?;
                self.progress.wrote(round);
                if round.is_level {
                    break;
                }
            }
            Ok::<_, SessionEnd>(())
        };
        if let Err(end) = write() {
            tracing::debug!(error = %end, "the next runner writes the last results");
        }
    }

    fn missed(&self, Missed { partition, count }: &Missed) -> String {
        format!(
            "{count} records of partition {partition} of `{}` were removed by the topic's retention before they were \
             in the store. Let retention.ms be longer than any outage",
            self.options.connection.topics.report_topic
        )
    }
}
