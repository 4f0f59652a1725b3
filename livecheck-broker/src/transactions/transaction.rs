//! The state machine of one transactional id.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::ResponseError;
use serde::{Deserialize, Serialize};

use crate::log::{Producer, Verdict};

/// A partition by its topic's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct TopicPartition {
    pub(crate) topic: Arc<str>,
    pub(crate) partition: i32,
}

/// What a client says it is when it asks for (or renews) its producer id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// It starts.
    New,
    /// It goes on, and wants the next epoch.
    Known(Producer),
}

/// A transaction that has just ended: the markers to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) producer: Producer,
    pub(crate) verdict: Verdict,
    pub(crate) partitions: BTreeSet<TopicPartition>,
    pub(crate) groups: BTreeSet<String>,
    /// How long the producer's next one may take.
    pub(crate) timeout: Duration,
}

impl Ending {
    /// How to keep it until all has been told.
    pub(crate) fn kept(&self) -> KeptTransaction {
        let Self { producer, verdict, partitions, groups, timeout } = self.clone();
        let phase = Phase::Ending { verdict, partitions, groups };
        KeptTransaction { producer, renewed: None, timeout, phase }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// None was begun since the producer registered.
    Empty,
    Ongoing {
        deadline: Duration,
        partitions: BTreeSet<TopicPartition>,
        groups: BTreeSet<String>,
    },
    Ended(Verdict),
}

/// The largest epoch handed out; the one after it is left for fencing.
const LAST_EPOCH: i16 = i16::MAX - 1;

/// A transactional id: who holds it, and the transaction it has open.
#[derive(Debug, Clone)]
pub(crate) struct Transaction {
    producer: Producer,
    /// Whom `producer` replaced when it renewed itself: such a request, sent again, gets the same answer.
    renewed: Option<Producer>,
    timeout: Duration,
    state: State,
    /// It is not as it was when it was last asked.
    changed: bool,
}

/// Where a transaction is, for whoever keeps a copy of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    Empty,
    Ongoing {
        partitions: BTreeSet<TopicPartition>,
        groups: BTreeSet<String>,
    },
    /// Its end is decided, but not yet known wherever it reached.
    Ending {
        verdict: Verdict,
        partitions: BTreeSet<TopicPartition>,
        groups: BTreeSet<String>,
    },
    Ended {
        verdict: Verdict,
    },
}

/// A transactional id as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptTransaction {
    pub(crate) producer: Producer,
    pub(crate) renewed: Option<Producer>,
    pub(crate) timeout: Duration,
    pub(crate) phase: Phase,
}

impl Transaction {
    pub(crate) fn new(producer_id: i64, timeout: Duration) -> Self {
        let producer = Producer { id: producer_id, epoch: 0 };
        Self { producer, renewed: None, timeout, state: State::Empty, changed: true }
    }

    /// As it was kept. An open transaction goes on, with all of its time before it; one whose end was decided
    /// ends now.
    pub(crate) fn restored(kept: KeptTransaction, now: Duration) -> (Self, Option<Ending>) {
        let KeptTransaction { producer, renewed, timeout, phase } = kept;
        let (state, ending) = match phase {
            Phase::Empty => (State::Empty, None),
            Phase::Ongoing { partitions, groups } => {
                (State::Ongoing { deadline: now + timeout, partitions, groups }, None)
            }
            Phase::Ending { verdict, partitions, groups } => {
                (State::Ended(verdict), Some(Ending { producer, verdict, partitions, groups, timeout }))
            }
            Phase::Ended { verdict } => (State::Ended(verdict), None),
        };
        let changed = ending.is_some();
        (Self { producer, renewed, timeout, state, changed }, ending)
    }

    /// How to keep it, if it has changed since this was last asked.
    pub(crate) fn take_change(&mut self) -> Option<KeptTransaction> {
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        let phase = match &self.state {
            State::Empty => Phase::Empty,
            State::Ongoing { partitions, groups, .. } => {
                Phase::Ongoing { partitions: partitions.clone(), groups: groups.clone() }
            }
            State::Ended(verdict) => Phase::Ended { verdict: *verdict },
        };
        let Self { producer, renewed, timeout, .. } = *self;
        Some(KeptTransaction { producer, renewed, timeout, phase })
    }

    /// Who holds the transactional id now.
    pub(crate) fn producer(&self) -> Producer {
        self.producer
    }

    /// Registers a producer again: fences the one before, aborts what it left open. `fresh_id` is used when
    /// the epochs of the present id are used up.
    pub(crate) fn register(
        &mut self,
        identity: Identity,
        timeout: Duration,
        fresh_id: impl FnOnce() -> i64,
    ) -> Result<(Producer, Option<Ending>), ResponseError> {
        if let Identity::Known(claimed) = identity {
            if self.renewed == Some(claimed) {
                return Ok((self.producer, None));
            }
            if claimed != self.producer {
                return Err(ResponseError::ProducerFenced);
            }
        }
        let ending = self.fence();
        self.changed = true;
        let before = self.producer;
        self.producer = if before.epoch >= LAST_EPOCH {
            Producer { id: fresh_id(), epoch: 0 }
        } else {
            Producer { epoch: before.epoch + 1, ..before }
        };
        self.renewed = match identity {
            Identity::Known(claimed) => Some(claimed),
            Identity::New => None,
        };
        self.timeout = timeout;
        self.state = State::Empty;
        Ok((self.producer, ending))
    }

    /// Whether this producer may act under the transactional id.
    pub(crate) fn check(&self, producer: Producer) -> Result<(), ResponseError> {
        if producer.id != self.producer.id {
            Err(ResponseError::InvalidProducerIdMapping)
        } else if producer.epoch != self.producer.epoch {
            Err(ResponseError::ProducerFenced)
        } else {
            Ok(())
        }
    }

    /// Adds partitions, beginning a transaction if none is open.
    pub(crate) fn add_partitions(
        &mut self,
        producer: Producer,
        added: impl IntoIterator<Item = TopicPartition>,
        now: Duration,
    ) -> Result<(), ResponseError> {
        let (partitions, _) = self.open(producer, now)?;
        partitions.extend(added);
        self.changed = true;
        Ok(())
    }

    /// Adds a consumer group whose offsets the transaction will commit.
    pub(crate) fn add_group(
        &mut self,
        producer: Producer,
        group: &str,
        now: Duration,
    ) -> Result<(), ResponseError> {
        let (_, groups) = self.open(producer, now)?;
        groups.insert(group.to_owned());
        self.changed = true;
        Ok(())
    }

    fn open(
        &mut self,
        producer: Producer,
        now: Duration,
    ) -> Result<(&mut BTreeSet<TopicPartition>, &mut BTreeSet<String>), ResponseError> {
        self.check(producer)?;
        if !matches!(self.state, State::Ongoing { .. }) {
            self.state = State::Ongoing {
                deadline: now + self.timeout,
                partitions: BTreeSet::new(),
                groups: BTreeSet::new(),
            };
        }
        match &mut self.state {
            State::Ongoing { partitions, groups, .. } => Ok((partitions, groups)),
            State::Empty | State::Ended(_) => Err(ResponseError::InvalidTxnState),
        }
    }

    /// Whether this producer may write to this partition in the open transaction.
    pub(crate) fn covers_partition(
        &self,
        producer: Producer,
        partition: &TopicPartition,
    ) -> Result<(), ResponseError> {
        // What a data partition says of an old epoch, as distinct from what the coordinator says.
        if producer.id == self.producer.id && producer.epoch < self.producer.epoch {
            return Err(ResponseError::InvalidProducerEpoch);
        }
        self.check(producer)?;
        match &self.state {
            State::Ongoing { partitions, .. } if partitions.contains(partition) => Ok(()),
            _ => Err(ResponseError::InvalidTxnState),
        }
    }

    /// Whether this producer may commit this group's offsets in the open transaction.
    pub(crate) fn covers_group(&self, producer: Producer, group: &str) -> Result<(), ResponseError> {
        if producer.id == self.producer.id && producer.epoch < self.producer.epoch {
            return Err(ResponseError::InvalidProducerEpoch);
        }
        self.check(producer)?;
        match &self.state {
            State::Ongoing { groups, .. } if groups.contains(group) => Ok(()),
            _ => Err(ResponseError::InvalidTxnState),
        }
    }

    /// Ends the transaction as the producer asks. Asking the same again is no error, and does nothing.
    pub(crate) fn end(
        &mut self,
        producer: Producer,
        verdict: Verdict,
    ) -> Result<Option<Ending>, ResponseError> {
        self.check(producer)?;
        match &self.state {
            State::Ongoing { .. } => Ok(self.finish(verdict)),
            State::Ended(before) if *before == verdict => Ok(None),
            State::Ended(_) | State::Empty => Err(ResponseError::InvalidTxnState),
        }
    }

    /// Aborts a transaction that is open past its time, fencing its producer.
    pub(crate) fn expire(&mut self, now: Duration) -> Option<Ending> {
        if self.deadline().is_some_and(|deadline| deadline <= now) { self.fence() } else { None }
    }

    /// When the open transaction will be aborted.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        match self.state {
            State::Ongoing { deadline, .. } => Some(deadline),
            State::Empty | State::Ended(_) => None,
        }
    }

    /// Aborts what is open, under the next epoch, so that its producer can write no more.
    fn fence(&mut self) -> Option<Ending> {
        if matches!(self.state, State::Ongoing { .. }) {
            self.producer.epoch = self.producer.epoch.saturating_add(1);
            self.renewed = None;
        }
        self.finish(Verdict::Abort)
    }

    fn finish(&mut self, verdict: Verdict) -> Option<Ending> {
        if !matches!(self.state, State::Ongoing { .. }) {
            return None;
        }
        self.changed = true;
        match std::mem::replace(&mut self.state, State::Ended(verdict)) {
            State::Ongoing { partitions, groups, .. } => {
                Some(Ending { producer: self.producer, verdict, partitions, groups, timeout: self.timeout })
            }
            State::Empty | State::Ended(_) => None,
        }
    }
}
