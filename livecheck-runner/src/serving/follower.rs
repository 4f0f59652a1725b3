//! What the monitor of the group keeps, followed: the state of each case, who leads, who is at work.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

use crate::kafka::{Connection, KafkaEdgeError};
use crate::monitor::{Kept, OwnTopic};

/// How often it is looked for news.
const EVERY: Duration = Duration::from_millis(250);

/// Follows the topic of the monitor on a thread.
pub(super) struct Follower {
    kept: Arc<Mutex<Kept>>,
    changes: watch::Receiver<u64>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    pub(super) fn start(connection: &Connection, group: &str) -> Result<Self, KafkaEdgeError> {
        let own = OwnTopic::open(connection, group)?;
        let kept = Arc::<Mutex<Kept>>::default();
        let stop = Arc::new(AtomicBool::new(false));
        let (tell, changes) = watch::channel(0);
        let thread = {
            let (kept, stop) = (Arc::clone(&kept), Arc::clone(&stop));
            std::thread::Builder::new()
                .name("livecheck-page".to_owned())
                .spawn(move || follow(&own, &kept, &stop, &tell))
                .expect("the system can start a thread")
        };
        Ok(Self { kept, changes, stop, thread: Some(thread) })
    }

    /// What is kept, as far as it was read.
    pub(super) fn kept(&self) -> MutexGuard<'_, Kept> {
        lock(&self.kept)
    }

    /// A number that grows with each change.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn follow(own: &OwnTopic, kept: &Mutex<Kept>, stop: &AtomicBool, tell: &watch::Sender<u64>) {
    while !stop.load(Ordering::Relaxed) {
        let news = own.news();
        if news.is_empty() {
            std::thread::sleep(EVERY);
            continue;
        }
        {
            let mut kept = lock(kept);
            news.into_iter().for_each(|record| kept.take(record));
        }
        tell.send_modify(|count| *count += 1);
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
