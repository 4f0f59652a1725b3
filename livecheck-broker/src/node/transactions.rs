//! Transactions as connections share them: each transactional id behind its own lock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use kafka_protocol::ResponseError;

use super::Node;
use crate::alarm::Alarms;
use crate::log::Producer;
use crate::storage::Entry;
use crate::transactions::{Ending, Identity, Transaction};

#[derive(Debug, Default)]
pub(crate) struct Transactions {
    by_id: RwLock<HashMap<String, Arc<Mutex<Held>>>>,
    pub(super) producer_ids: Mutex<ProducerIds>,
    alarms: Alarms,
}

/// How many producer ids are set aside at a time: as many may be passed over at a restart.
const ASIDE: i64 = 1000;

#[derive(Debug, Default)]
pub(super) struct ProducerIds {
    pub(super) next: i64,
    /// Those below are written down as given out.
    pub(super) aside: i64,
}

#[derive(Debug)]
pub(super) struct Held {
    transaction: Transaction,
    last_used: Duration,
    forgotten: bool,
}

impl Held {
    pub(super) fn new(transaction: Transaction, now: Duration) -> Self {
        Self { transaction, last_used: now, forgotten: false }
    }
}

impl Transactions {
    pub(super) fn insert(&self, id: String, held: Held) {
        self.alarms.at_latest(&id, held.transaction.deadline());
        let mut by_id = self.by_id.write().unwrap_or_else(PoisonError::into_inner);
        by_id.insert(id, Arc::new(Mutex::new(held)));
    }
}

impl Node {
    /// A producer id that nobody had.
    pub(crate) fn fresh_producer_id(&self) -> i64 {
        let mut ids = self.transactions.producer_ids.lock().unwrap_or_else(PoisonError::into_inner);
        let id = ids.next;
        ids.next += 1;
        if ids.next > ids.aside {
            ids.aside = id + ASIDE;
            self.record(|| Entry::ProducerIds { below: ids.aside });
        }
        id
    }

    /// Registers a transactional producer, fencing the one before it.
    pub(crate) fn register_producer(
        &self,
        transactional_id: &str,
        identity: Identity,
        timeout: Duration,
    ) -> Result<Producer, ResponseError> {
        let now = self.clock.now();
        loop {
            let held = {
                let mut by_id = self.transactions.by_id.write().unwrap_or_else(PoisonError::into_inner);
                match by_id.get(transactional_id) {
                    Some(held) => Arc::clone(held),
                    None => {
                        let transaction = Transaction::new(self.fresh_producer_id(), timeout);
                        let producer = transaction.producer();
                        let mut held = Held::new(transaction, now);
                        self.record_transaction(transactional_id, &mut held.transaction);
                        by_id.insert(transactional_id.to_owned(), Arc::new(Mutex::new(held)));
                        return Ok(producer);
                    }
                }
            };
            let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
            if held.forgotten {
                continue;
            }
            held.last_used = now;
            let (producer, ending) =
                held.transaction.register(identity, timeout, || self.fresh_producer_id())?;
            if let Some(ending) = ending {
                self.write_markers(transactional_id, &ending);
            }
            self.record_transaction(transactional_id, &mut held.transaction);
            return Ok(producer);
        }
    }

    /// Does something in a transaction. Its lock is held meanwhile: it cannot end between a check made here and
    /// the write that the check allows.
    pub(crate) fn in_transaction<T>(
        &self,
        transactional_id: &str,
        act: impl FnOnce(&mut Transaction, Duration) -> Result<T, ResponseError>,
    ) -> Result<T, ResponseError> {
        let held = {
            let by_id = self.transactions.by_id.read().unwrap_or_else(PoisonError::into_inner);
            by_id.get(transactional_id).cloned().ok_or(ResponseError::InvalidProducerIdMapping)?
        };
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.forgotten {
            return Err(ResponseError::InvalidProducerIdMapping);
        }
        held.last_used = self.clock.now();
        let done = act(&mut held.transaction, self.clock.now());
        self.record_transaction(transactional_id, &mut held.transaction);
        self.transactions.alarms.at_latest(transactional_id, held.transaction.deadline());
        done
    }

    /// Forgets transactional ids that nobody has used for so long, and that have nothing open.
    pub(crate) fn forget_transactional_ids(&self, after: Duration) {
        let now = self.clock.now();
        let mut by_id = self.transactions.by_id.write().unwrap_or_else(PoisonError::into_inner);
        by_id.retain(|id, held| {
            // Whoever holds its lock is using it.
            let Ok(mut held) = held.try_lock() else { return true };
            held.forgotten =
                held.transaction.deadline().is_none() && now.saturating_sub(held.last_used) >= after;
            if held.forgotten {
                self.record(|| Entry::TransactionForgotten { id: id.clone() });
            }
            !held.forgotten
        });
    }

    /// Ends a transaction everywhere it reached. Called under its lock.
    pub(crate) fn write_markers(&self, transactional_id: &str, ending: &Ending) {
        // First that it ends: what is told to some must be told to all, though it take a restart.
        self.record(|| Entry::Transaction { id: transactional_id.to_owned(), transaction: ending.kept() });
        let now = self.clock.timestamp();
        for at in &ending.partitions {
            let written = self
                .topics
                .partition(&at.topic, at.partition)
                .and_then(|partition| {
                    partition.change(|log| log.end_transaction(ending.producer, ending.verdict, now))
                })
                .and_then(|written| written);
            if let Err(error) = written {
                // A topic deleted meanwhile; there is nothing left to mark.
                tracing::debug!(topic = %at.topic, partition = at.partition, %error, "no marker written");
            }
        }
        for group in &ending.groups {
            self.groups.with(group, |group, now, _| {
                group.end_transaction(ending.producer.id, ending.verdict, now);
            });
        }
    }

    pub(super) fn record_transaction(&self, id: &str, transaction: &mut Transaction) {
        if let Some(transaction) = transaction.take_change() {
            self.record(|| Entry::Transaction { id: id.to_owned(), transaction });
        }
    }

    /// Aborts transactions that are open for too long, for ever.
    pub(crate) async fn abort_expired_transactions(&self) {
        self.transactions
            .alarms
            .run(self.clock, |id| {
                let expired = self.in_transaction(id, |transaction, now| {
                    if let Some(ending) = transaction.expire(now) {
                        self.write_markers(id, &ending);
                        return Ok(true);
                    }
                    Ok(false)
                });
                if expired == Ok(true) {
                    tracing::info!(transactional_id = id, "transaction aborted: open past its time-out");
                }
            })
            .await;
    }
}
