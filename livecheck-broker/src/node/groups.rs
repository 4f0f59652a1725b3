//! Groups as connections share them: each behind its own lock, with the requests that wait in it.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use kafka_protocol::ResponseError;
use tokio::sync::oneshot;

use crate::alarm::Alarms;
use crate::clock::Clock;
use crate::groups::{Answer, Answers, Group, Ticket};

#[derive(Debug)]
pub(crate) struct Groups {
    clock: Clock,
    groups: RwLock<BTreeMap<String, Arc<Mutex<Held>>>>,
    tickets: AtomicU64,
    alarms: Alarms,
}

#[derive(Debug)]
struct Held {
    group: Group,
    waiting: HashMap<Ticket, oneshot::Sender<Answer>>,
    deleted: bool,
}

impl Groups {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, groups: RwLock::default(), tickets: AtomicU64::new(0), alarms: Alarms::default() }
    }

    /// Does something in a group, if there is one.
    pub(crate) fn with<T>(
        &self,
        id: &str,
        act: impl FnOnce(&mut Group, Duration, &mut Answers) -> T,
    ) -> Option<T> {
        let held = self.get(id)?;
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        (!held.deleted).then(|| self.act(id, &mut held, act))
    }

    /// Does something in a group, creating it first if need be.
    pub(crate) fn with_or_create<T>(
        &self,
        id: &str,
        act: impl FnOnce(&mut Group, Duration, &mut Answers) -> T,
    ) -> T {
        loop {
            let held = self.get_or_create(id);
            let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
            // Deleted between finding and locking it: there is, or will be, another.
            if !held.deleted {
                return self.act(id, &mut held, act);
            }
        }
    }

    /// Makes a request that may have to wait; the answer comes when the group has it.
    pub(crate) async fn ask(
        &self,
        id: &str,
        request: impl FnOnce(&mut Group, Ticket, Duration, &mut Answers),
    ) -> Option<Answer> {
        let ticket = Ticket(self.tickets.fetch_add(1, Ordering::Relaxed));
        let (answer, answered) = oneshot::channel();
        loop {
            let held = self.get_or_create(id);
            let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
            if held.deleted {
                continue;
            }
            held.waiting.insert(ticket, answer);
            self.act(id, &mut held, |group, now, answers| request(group, ticket, now, answers));
            break;
        }
        answered.await.ok()
    }

    /// Deletes a group that has no members.
    pub(crate) fn delete(&self, id: &str) -> Result<(), ResponseError> {
        let held = self.get(id).ok_or(ResponseError::GroupIdNotFound)?;
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.deleted {
            return Err(ResponseError::GroupIdNotFound);
        }
        held.group.check_deletable()?;
        held.deleted = true;
        drop(held);
        self.groups.write().unwrap_or_else(PoisonError::into_inner).remove(id);
        Ok(())
    }

    /// The ids of all groups.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.groups.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    pub(crate) fn forget_topic(&self, topic: &str) {
        for id in self.ids() {
            self.with(&id, |group, _, _| group.forget_topic(topic));
        }
    }

    /// Lets time do its work, for ever.
    pub(crate) async fn run(&self) {
        self.alarms
            .run(self.clock, |id| {
                self.with(id, Group::tick);
            })
            .await;
    }

    fn act<T>(
        &self,
        id: &str,
        held: &mut Held,
        act: impl FnOnce(&mut Group, Duration, &mut Answers) -> T,
    ) -> T {
        let mut answers = Answers::new();
        let done = act(&mut held.group, self.clock.now(), &mut answers);
        for (ticket, answer) in answers {
            if let Some(waiting) = held.waiting.remove(&ticket) {
                // Its connection may be gone.
                let _ = waiting.send(answer);
            }
        }
        self.alarms.at_latest(id, held.group.next_deadline());
        done
    }

    fn get(&self, id: &str) -> Option<Arc<Mutex<Held>>> {
        self.groups.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn get_or_create(&self, id: &str) -> Arc<Mutex<Held>> {
        if let Some(held) = self.get(id) {
            return held;
        }
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        let held = groups.entry(id.to_owned()).or_insert_with(|| {
            let held = Held { group: Group::new(), waiting: HashMap::new(), deleted: false };
            Arc::new(Mutex::new(held))
        });
        Arc::clone(held)
    }
}
