//! Which faults, to which requests, how often.

use std::ops::RangeInclusive;
use std::time::Duration;

use kafka_protocol::messages::ApiKey;

use super::text::{self, ChaosError};

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It is served, and its answer comes this much later.
    Delay(RangeInclusive<Duration>),
    /// The whole broker stands still for so long, then serves it and all the others.
    Pause(RangeInclusive<Duration>),
    /// Its connection is closed. It may have been served before: then only the answer is lost.
    Drop {
        /// Whether it is served.
        served: bool,
    },
    /// Its connection stays open, and silent for good.
    Forget {
        /// Whether it is served.
        served: bool,
    },
    /// It is not served, and answered with this error, by its number in Kafka's protocol.
    Error(i16),
}

/// Which faults a broker makes, and how often.
///
/// Chance is seeded: with the same plan, the same request of a kind (the third `Produce`, say) meets the same
/// fault, whatever other requests come between.
///
/// The text form, which `--chaos` takes, is a list of rules with commas between: the kind of request, a colon,
/// the fault, and after an `@` its probability, which is 1 where it is not given. The first rule that strikes
/// does. `seed=` gives the seed, 0 by default.
///
/// ```
/// # fn main() -> Result<(), livecheck_broker::ChaosError> {
/// use livecheck_broker::{Chaos, Fault};
///
/// let chaos: Chaos = "seed=7, produce:drop-answer@0.1, fetch:delay=5ms..50ms@0.2, any:pause=2s@0.0001, \
///                     end-txn:error=COORDINATOR_NOT_AVAILABLE@0.05, heartbeat:forget@0.01".parse()?;
///
/// // The same, but for all rules after the first:
/// let chaos = Chaos::seeded(7).on("Produce", Fault::Drop { served: true }, 0.1)?;
/// # Ok(())
/// # }
/// ```
///
/// | fault | what happens |
/// |---|---|
/// | `delay=20ms`, `delay=5ms..50ms` | it is served, and its answer comes later |
/// | `pause=2s`, `pause=1s..5s` | the whole broker stands still for so long |
/// | `drop` | its connection is closed, and it is not served |
/// | `drop-answer` | it is served, and its connection closed without the answer |
/// | `forget` | it is neither served nor answered; its connection stays open, and silent |
/// | `forget-answer` | it is served, but not answered; its connection stays open, and silent |
/// | `error=NAME` | it is not served, and answered with this error (Kafka's name for it, or its number) |
#[derive(Debug, Clone, PartialEq)]
pub struct Chaos {
    pub(super) seed: u64,
    pub(super) rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    /// All, if none is named.
    pub(super) request: Option<ApiKey>,
    pub(super) fault: Fault,
    pub(super) probability: f64,
}

impl Chaos {
    /// A plan without faults yet.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { seed, rules: Vec::new() }
    }

    /// Adds a fault of requests of one kind, by Kafka's name for it (`Produce`, `EndTxn`).
    ///
    /// # Errors
    ///
    /// When no such request is served here, it cannot be answered with that error, or the probability is not one.
    pub fn on(self, request: &str, fault: Fault, probability: f64) -> Result<Self, ChaosError> {
        let request = text::request(request)?;
        self.with(Rule { request: Some(request), fault, probability })
    }

    /// Adds a fault of any request.
    ///
    /// # Errors
    ///
    /// When the probability is not one, or the error is none of Kafka's.
    pub fn on_any(self, fault: Fault, probability: f64) -> Result<Self, ChaosError> {
        self.with(Rule { request: None, fault, probability })
    }

    pub(super) fn with(mut self, rule: Rule) -> Result<Self, ChaosError> {
        text::check(&rule)?;
        self.rules.push(rule);
        Ok(self)
    }
}
