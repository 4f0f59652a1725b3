//! Whether the brokers can be reached, as librdkafka says it: once when they go, once when they are back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

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
}

/// Shared by all clients of a run.
#[derive(Clone)]
pub(crate) struct Health {
    lost: Arc<AtomicBool>,
    tell: Arc<dyn Fn(HealthEvent) + Send + Sync>,
}

impl Health {
    pub(crate) fn new(tell: impl Fn(HealthEvent) + Send + Sync + 'static) -> Self {
        Self { lost: Arc::default(), tell: Arc::new(tell) }
    }

    /// A broker has answered.
    pub(super) fn seen(&self) {
        if self.lost.swap(false, Ordering::Relaxed) {
            (self.tell)(HealthEvent::Back);
        }
    }

    fn down(&self, reason: &str) {
        if !self.lost.swap(true, Ordering::Relaxed) {
            (self.tell)(HealthEvent::Lost { reason: reason.to_owned() });
        }
    }
}

impl ClientContext for Health {
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
