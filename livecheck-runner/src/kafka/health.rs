//! Whether the brokers can be reached, as librdkafka says it: once when they go, once when they are back; and how far
//! the consumers are behind.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;
use rdkafka::{ClientContext, Statistics};

use super::lag::{PartitionLag, lags};

/// A change that an operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HealthEvent {
    /// No broker can be reached; the clients go on trying.
    Lost {
        /// What librdkafka said.
        reason: String,
    },
    /// The brokers answer again.
    Back,
    /// How far a consumer is behind, as it says every few seconds.
    Lags(Vec<PartitionLag>),
}

/// Shared by all clients of a run.
///
/// Each client has connections of its own, notices at another moment that they are gone, and says so when it is
/// next polled: a producer that rests says it long after the brokers are back. So what a client says is a reason
/// to ask, and what the brokers answer, or do not, decides.
#[derive(Clone)]
pub(crate) struct Health {
    state: Arc<Mutex<State>>,
    tell: Arc<dyn Fn(HealthEvent) + Send + Sync>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// No client has lost its brokers.
    Well,
    /// A client has, and gave this reason.
    InDoubt { reason: String },
    /// The brokers have not answered.
    Lost,
}

impl Health {
    pub(crate) fn new(tell: impl Fn(HealthEvent) + Send + Sync + 'static) -> Self {
        Self { state: Arc::new(Mutex::new(State::Well)), tell: Arc::new(tell) }
    }

    /// Whether the brokers should be asked for something, and the outcome [told](Self::asked).
    pub(super) fn is_in_doubt(&self) -> bool {
        *self.state() != State::Well
    }

    /// The brokers were asked, and answered or not.
    pub(super) fn asked(&self, is_answered: bool) {
        let next = if is_answered { State::Well } else { State::Lost };
        let before = std::mem::replace(&mut *self.state(), next);
        match before {
            State::InDoubt { reason } if !is_answered => (self.tell)(HealthEvent::Lost { reason }),
            State::Lost if is_answered => (self.tell)(HealthEvent::Back),
            _ => {}
        }
    }

    /// A client has lost all its brokers.
    fn down(&self, reason: &str) {
        let mut state = self.state();
        if *state == State::Well {
            *state = State::InDoubt { reason: reason.to_owned() };
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProducerContext for Health {
    type DeliveryOpaque = ();

    // For records of which each may be lost.
    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

impl ClientContext for Health {
    fn stats(&self, statistics: Statistics) {
        (self.tell)(HealthEvent::Lags(lags(&statistics)));
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
                tracing::error!(target: "librdkafka", facility, "{message}");
            }
            // That a connection failed is said once, by `error`, and not at each attempt.
            _ => tracing::debug!(target: "librdkafka", facility, "{message}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown) {
            self.down(reason);
        } else {
            tracing::debug!(target: "librdkafka", %error, "{reason}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_said_once_and_so_is_its_end_whatever_the_clients_say_meanwhile() {
        let said = Arc::new(Mutex::new(Vec::new()));
        let health = {
            let said = Arc::clone(&said);
            Health::new(move |event| said.lock().expect("no test panics").push(event))
        };
        health.down("one client's brokers are gone");
        assert!(health.is_in_doubt());
        health.asked(true);
        assert!(!health.is_in_doubt(), "that was a hiccup");

        health.down("connection refused");
        health.asked(false);
        health.down("another client's brokers are gone");
        health.asked(false);
        assert!(health.is_in_doubt());
        health.asked(true);
        health.down("a producer says now what has been over for long");
        health.asked(true);
        let lost = HealthEvent::Lost { reason: "connection refused".to_owned() };
        assert_eq!(*said.lock().expect("no test panics"), [lost, HealthEvent::Back]);
    }
}
