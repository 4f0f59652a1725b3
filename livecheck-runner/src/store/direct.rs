//! Results that are on no topic, written at once: of a run of one's own, and of uptests.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use livecheck_core::Timestamp;
use livecheck_core::wire::TestReport;
use livecheck_store::{Reported, Store, StoreError, Written};

/// How many batches are written in one go.
const AT_ONCE: usize = 1_000;

/// Writes what it is told, on a thread of its own, until it is stopped.
pub(crate) struct Direct {
    tell: Option<Sender<Vec<TestReport>>>,
    thread: Option<JoinHandle<()>>,
}

impl Direct {
    /// Starts it. What could not be written goes to `warn`.
    pub(crate) fn start(store: Store, warn: impl Fn(String) + Send + 'static) -> Self {
        let (tell, told) = channel();
        let thread = std::thread::Builder::new()
            .name("livecheck-store".to_owned())
            .spawn(move || write(&store, &told, warn))
            .expect("the system can start a thread");
        Self { tell: Some(tell), thread: Some(thread) }
    }

    /// Writes these, soon.
    pub(crate) fn tell(&self, reports: &[TestReport]) {
        if let (Some(tell), false) = (&self.tell, reports.is_empty()) {
            let _ = tell.send(reports.to_vec());
        }
    }

    /// Waits until all is written.
    pub(crate) fn stop(mut self) {
        self.tell = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write(store: &Store, told: &Receiver<Vec<TestReport>>, warn: impl Fn(String)) {
    while let Ok(first) = told.recv() {
        let reports: Vec<_> = std::iter::once(first).chain(told.try_iter().take(AT_ONCE)).flatten().collect();
        if let Err(error) = write_now(store, reports) {
            // A run of one's own has no topic from which it could be made up for.
            warn(format!("{error}. The results of this run are not kept from here on"));
            return;
        }
    }
}

/// Writes reports that have just been made. Blocks.
pub(crate) fn write_now(store: &Store, reports: Vec<TestReport>) -> Result<Written, StoreError> {
    let at = Timestamp::now();
    let reports: Vec<_> = reports.into_iter().map(|report| Reported { at, report }).collect();
    store.writer()?.write(&reports, None)
}
