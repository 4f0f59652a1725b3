//! The numbers, for metrics.

use std::collections::BTreeMap;

use crate::conversation::Outcome;

/// How alerting does. The counts are those of this runner's terms of leading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// How many alerts are open, whoever is told of them.
    pub firing: usize,
    /// How many silences are on.
    pub silences: usize,
    /// By receiver.
    pub receivers: BTreeMap<String, ReceiverGauges>,
}

/// How one receiver does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiverGauges {
    /// How many messages it has acknowledged.
    pub sent: u64,
    /// How many attempts to send one have failed.
    pub failed: u64,
    /// How many groups of alerts have something that it is to be told.
    pub pending: usize,
}

impl Gauges {
    pub(crate) fn of<'r>(receivers: impl Iterator<Item = &'r String>) -> Self {
        Self {
            receivers: receivers.map(|name| (name.clone(), ReceiverGauges::default())).collect(),
            ..Self::default()
        }
    }

    pub(crate) fn told(&mut self, receiver: &str, outcome: Outcome) {
        let Some(gauges) = self.receivers.get_mut(receiver) else { return };
        match outcome {
            Outcome::Acknowledged => gauges.sent += 1,
            Outcome::Failed { .. } => gauges.failed += 1,
        }
    }

    pub(crate) fn pending(&mut self, receiver: &str) {
        if let Some(gauges) = self.receivers.get_mut(receiver) {
            gauges.pending += 1;
        }
    }

    /// Of somebody who has told all of that, and has nothing to tell now.
    #[must_use]
    pub fn idle(mut self) -> Self {
        (self.firing, self.silences) = (0, 0);
        self.receivers.values_mut().for_each(|gauges| gauges.pending = 0);
        self
    }

    /// With the counts of an earlier term added.
    #[must_use]
    pub fn after(mut self, earlier: &Self) -> Self {
        for (name, gauges) in &mut self.receivers {
            let earlier = earlier.receivers.get(name).copied().unwrap_or_default();
            gauges.sent += earlier.sent;
            gauges.failed += earlier.failed;
        }
        self
    }
}
