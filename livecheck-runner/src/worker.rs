//! A thread that works until it is told to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Whether a worker is to stop.
#[derive(Clone, Debug, Default)]
pub(crate) struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// Whether it is.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A thread that works until it is told to stop. Dropped, it is told so, and waited for.
#[derive(Debug)]
pub(crate) struct Worker {
    stop: StopFlag,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts a thread of that name.
    pub(crate) fn start(name: &str, work: impl FnOnce(StopFlag) + Send + 'static) -> Self {
        let stop = StopFlag::default();
        let of_thread = stop.clone();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || work(of_thread));
        Self { stop, thread: Some(thread.expect("the system can start a thread")) }
    }

    /// Tells it to stop, and waits until it has. Blocks.
    pub(crate) fn stop(self) {
        drop(self);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop.0.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A thread that has panicked has said so.
            let _ = thread.join();
        }
    }
}
