//! Groups as connections share them: each behind its own lock, with the requests that wait in it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use kafka_protocol::ResponseError;
use tokio::sync::oneshot;

use crate::alarm::Alarms;
use crate::clock::Clock;
use crate::groups::{Answer, Answers, Group, KeptMembership, KeptOffsets, Ticket};
use crate::storage::{Entry, Storage};

#[derive(Debug)]
pub(crate) struct Groups {
    clock: Clock,
    groups: RwLock<BTreeMap<String, Arc<Mutex<Held>>>>,
    tickets: AtomicU64,
    alarms: Alarms,
    /// Where their offsets are kept, if they are.
    storage: Option<Arc<Storage>>,
}

#[derive(Debug)]
struct Held {
    group: Group,
    waiting: HashMap<Ticket, oneshot::Sender<Answer>>,
    deleted: bool,
}

impl Held {
    fn new(group: Group) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self { group, waiting: HashMap::new(), deleted: false }))
    }
}

impl Groups {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            groups: RwLock::default(),
            tickets: AtomicU64::new(0),
            alarms: Alarms::default(),
            storage: None,
        }
    }

    /// The groups that are kept there.
    pub(crate) fn restored(
        clock: Clock,
        storage: Arc<Storage>,
        mut offsets: BTreeMap<String, KeptOffsets>,
        mut memberships: BTreeMap<String, KeptMembership>,
    ) -> Self {
        let now = clock.now();
        let groups = Self { storage: Some(storage), ..Self::new(clock) };
        let ids: BTreeSet<String> = offsets.keys().chain(memberships.keys()).cloned().collect();
        let held = ids.into_iter().map(|id| {
            let offsets = offsets.remove(&id).unwrap_or_default();
            let group = Group::restored(offsets, memberships.remove(&id), now);
            groups.alarms.at_latest(&id, group.next_deadline());
            (id, Held::new(group))
        });
        let held = held.collect();
        Self { groups: RwLock::new(held), ..groups }
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
        let _asking = Asking { groups: self, id, ticket };
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

    /// Whoever made this request waits for its answer no longer.
    fn abandon(&self, id: &str, ticket: Ticket) {
        let Some(held) = self.get(id) else { return };
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.waiting.remove(&ticket).is_some() && !held.deleted {
            self.act(id, &mut held, |group, now, _| group.abandon(ticket, now));
        }
    }

    /// Forgets the offsets of groups that are without members for so long, and groups that hold nothing.
    pub(crate) fn expire(&self, after: Duration) {
        for id in self.ids() {
            let Some(held) = self.get(&id) else { continue };
            let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
            if held.deleted {
                continue;
            }
            self.act(&id, &mut held, |group, now, _| group.expire_offsets(now, after));
            if held.group.is_blank() && held.waiting.is_empty() {
                held.deleted = true;
                drop(held);
                self.groups.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
            }
        }
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
        self.record(|| Entry::GroupDeleted { group: id.to_owned() });
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
        for change in held.group.take_changes() {
            self.record(|| Entry::Offsets { group: id.to_owned(), change });
        }
        if self.storage.is_some() {
            if let Some(membership) = held.group.take_membership() {
                self.record(|| Entry::Membership { group: id.to_owned(), membership });
            }
        }
        for (ticket, answer) in answers {
            if let Some(waiting) = held.waiting.remove(&ticket) {
                // Its connection may be gone.
                let _ = waiting.send(answer);
            }
        }
        self.alarms.at_latest(id, held.group.next_deadline());
        done
    }

    fn record(&self, entry: impl FnOnce() -> Entry) {
        if let Some(storage) = &self.storage {
            storage.record(entry());
        }
    }

    fn get(&self, id: &str) -> Option<Arc<Mutex<Held>>> {
        self.groups.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn get_or_create(&self, id: &str) -> Arc<Mutex<Held>> {
        if let Some(held) = self.get(id) {
            return held;
        }
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        let held = groups.entry(id.to_owned()).or_insert_with(|| Held::new(Group::new()));
        Arc::clone(held)
    }
}

/// A request that waits in a group; when it is dropped, so is the wait.
struct Asking<'a> {
    groups: &'a Groups,
    id: &'a str,
    ticket: Ticket,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.groups.abandon(self.id, self.ticket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::{Join, Protocol};

    fn join(ticket: Ticket, name: &str) -> Join {
        Join {
            ticket,
            member_id: String::new(),
            fresh_id: name.to_owned(),
            instance_id: None,
            client_id: name.to_owned(),
            client_host: String::new(),
            session_timeout: Duration::from_secs(6),
            rebalance_timeout: Duration::from_secs(60),
            protocol_type: "consumer".to_owned(),
            protocols: vec![Protocol { name: "range".to_owned(), metadata: bytes::Bytes::new() }],
            can_rejoin: false,
            can_skip_assignment: false,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_member_whose_connection_closed_while_it_waited_is_taken_for_dead_in_time() {
        let groups = Arc::new(Groups::new(Clock::start()));
        let ringing = Arc::clone(&groups);
        let alarms = tokio::spawn(async move { ringing.run().await });
        let ask = |name: &'static str| {
            groups.ask("group", move |group, ticket, now, answers| {
                group.join(join(ticket, name), now, answers);
            })
        };
        let Some(Answer::Join(Ok(first))) = ask("first").await else { panic!("the first is let in") };
        // The second waits for the first to join again, and goes away meanwhile.
        assert!(tokio::time::timeout(Duration::from_secs(1), ask("second")).await.is_err());
        let waiting = groups.get("group").expect("there").lock().expect("not poisoned").waiting.len();
        assert_eq!(waiting, 0, "nobody waits");
        let again = groups.ask("group", |group, ticket, now, answers| {
            group.join(Join { member_id: first.member_id.clone(), ..join(ticket, "first") }, now, answers);
        });
        let Some(Answer::Join(Ok(again))) = again.await else { panic!("the first is let in again") };
        assert_eq!(again.members.len(), 1, "the second is gone");
        alarms.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_group_that_holds_nothing_is_forgotten() {
        let groups = Groups::new(Clock::start());
        groups.with_or_create("asked-for", |_, _, _| ());
        groups.expire(Duration::from_secs(1));
        assert!(groups.ids().is_empty());
    }
}
