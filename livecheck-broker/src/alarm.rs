//! Wakes state machines when something of theirs is due: one timer for all of a kind.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::Clock;

/// Deadlines by the name of who has them.
#[derive(Debug, Default)]
pub(crate) struct Alarms {
    set: Mutex<Set>,
    sooner: Notify,
}

#[derive(Debug, Default)]
struct Set {
    by_time: BTreeSet<(Duration, String)>,
    by_name: HashMap<String, Duration>,
}

impl Alarms {
    /// Makes sure that `name` is woken at `deadline` or sooner. A deadline that moves away (a member's with
    /// each heartbeat) is left standing: being woken for nothing once is cheaper.
    pub(crate) fn at_latest(&self, name: &str, deadline: Option<Duration>) {
        let Some(deadline) = deadline else { return };
        let mut set = self.lock();
        match set.by_name.get(name) {
            Some(present) if *present <= deadline => return,
            Some(present) => {
                let present = *present;
                set.by_time.remove(&(present, name.to_owned()));
            }
            None => {}
        }
        set.by_name.insert(name.to_owned(), deadline);
        set.by_time.insert((deadline, name.to_owned()));
        let is_first = set.by_time.first().is_some_and(|(first, _)| *first == deadline);
        drop(set);
        if is_first {
            self.sooner.notify_one();
        }
    }

    /// Calls `ring` for each name that is due, for ever.
    pub(crate) async fn run(&self, clock: Clock, ring: impl Fn(&str)) {
        loop {
            for name in self.due(clock.now()) {
                ring(&name);
            }
            let next = self.lock().by_time.first().map(|(first, _)| *first);
            match next {
                Some(next) => {
                    tokio::select! {
                        () = tokio::time::sleep_until(clock.instant(next)) => {}
                        () = self.sooner.notified() => {}
                    }
                }
                None => self.sooner.notified().await,
            }
        }
    }

    fn due(&self, now: Duration) -> Vec<String> {
        let mut set = self.lock();
        let mut due = Vec::new();
        while set.by_time.first().is_some_and(|(first, _)| *first <= now) {
            if let Some((_, name)) = set.by_time.pop_first() {
                set.by_name.remove(&name);
                due.push(name);
            }
        }
        due
    }

    fn lock(&self) -> MutexGuard<'_, Set> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
