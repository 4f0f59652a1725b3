//! Transactions as connections share them: each transactional id behind its own lock.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use kafka_protocol::ResponseError;

use super::Node;
use crate::alarm::Alarms;
use crate::log::Producer;
use crate::transactions::{Ending, Identity, Transaction};

#[derive(Debug, Default)]
pub(crate) struct Transactions {
    by_id: RwLock<HashMap<String, Arc<Mutex<Transaction>>>>,
    next_producer: AtomicI64,
    alarms: Alarms,
}

impl Node {
    /// A producer id that nobody had.
    pub(crate) fn fresh_producer_id(&self) -> i64 {
        self.transactions.next_producer.fetch_add(1, Ordering::Relaxed)
    }

    /// Registers a transactional producer, fencing the one before it.
    pub(crate) fn register_producer(
        &self,
        transactional_id: &str,
        identity: Identity,
        timeout: Duration,
    ) -> Result<Producer, ResponseError> {
        let transaction = {
            let mut by_id = self.transactions.by_id.write().unwrap_or_else(PoisonError::into_inner);
            match by_id.get(transactional_id) {
                Some(transaction) => Arc::clone(transaction),
                None => {
                    let transaction = Transaction::new(self.fresh_producer_id(), timeout);
                    let producer = transaction.producer();
                    by_id.insert(transactional_id.to_owned(), Arc::new(Mutex::new(transaction)));
                    return Ok(producer);
                }
            }
        };
        let mut transaction = transaction.lock().unwrap_or_else(PoisonError::into_inner);
        let (producer, ending) = transaction.register(identity, timeout, || self.fresh_producer_id())?;
        if let Some(ending) = ending {
            self.write_markers(&ending);
        }
        Ok(producer)
    }

    /// Does something in a transaction. Its lock is held meanwhile: it cannot end between a check made here and
    /// the write that the check allows.
    pub(crate) fn in_transaction<T>(
        &self,
        transactional_id: &str,
        act: impl FnOnce(&mut Transaction, Duration) -> Result<T, ResponseError>,
    ) -> Result<T, ResponseError> {
        let transaction = {
            let by_id = self.transactions.by_id.read().unwrap_or_else(PoisonError::into_inner);
            by_id.get(transactional_id).cloned().ok_or(ResponseError::InvalidProducerIdMapping)?
        };
        let mut transaction = transaction.lock().unwrap_or_else(PoisonError::into_inner);
        let done = act(&mut transaction, self.clock.now());
        self.transactions.alarms.at_latest(transactional_id, transaction.deadline());
        done
    }

    /// Ends a transaction everywhere it reached. Called under its lock.
    pub(crate) fn write_markers(&self, ending: &Ending) {
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
            self.groups.with(group, |group, _, _| group.end_transaction(ending.producer.id, ending.verdict));
        }
    }

    /// Aborts transactions that are open for too long, for ever.
    pub(crate) async fn abort_expired_transactions(&self) {
        self.transactions
            .alarms
            .run(self.clock, |id| {
                let expired = self.in_transaction(id, |transaction, now| {
                    if let Some(ending) = transaction.expire(now) {
                        self.write_markers(&ending);
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
