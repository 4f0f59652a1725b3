//! What librdkafka meets on its way to a broker, and what kind of trouble that is.

use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{DeliveryResult, ProducerContext};

/// No broker answered, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreached {
    /// What librdkafka met, each once.
    pub(crate) troubles: Vec<Trouble>,
}

/// Something that librdkafka met on its way to a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) kind: TroubleKind,
    /// In its own words.
    pub(crate) reason: String,
}

/// What kind of trouble it is, as far as librdkafka says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TroubleKind {
    /// The client cannot even be made.
    Configuration,
    /// The name has no address.
    Name,
    /// Nothing listens there.
    Refused,
    /// The TLS handshake failed.
    Tls,
    /// The brokers do not know us.
    Authentication,
    /// Something listens that speaks otherwise: TLS where we do not, or no Kafka at all.
    Protocol,
    /// Nothing comes back.
    Silence,
    /// Something else.
    Other,
}

impl TroubleKind {
    fn of(code: Option<RDKafkaErrorCode>, reason: &str) -> Self {
        let says = |words: &[&str]| words.iter().any(|word| reason.contains(word));
        match code {
            Some(RDKafkaErrorCode::Resolve) => Self::Name,
            Some(RDKafkaErrorCode::SSL) => Self::Tls,
            Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed) => {
                Self::Authentication
            }
            _ if says(&["Failed to resolve"]) => Self::Name,
            _ if says(&["SSL handshake", "certificate"]) => Self::Tls,
            _ if says(&["SASL"]) => Self::Authentication,
            _ if says(&["ApiVersion", "incorrect security.protocol", "Receive failed"]) => Self::Protocol,
            _ if says(&["onnection refused"]) => Self::Refused,
            _ if says(&["imed out", "timeout"]) => Self::Silence,
            _ => Self::Other,
        }
    }
}

/// Collects what librdkafka meets, and keeps it from the log.
#[derive(Clone, Default)]
pub(super) struct Troubles(Arc<Mutex<Vec<Met>>>);

/// An error as it is told: its code, and librdkafka's own words.
type Met = (Option<RDKafkaErrorCode>, String);

impl Troubles {
    pub(super) fn all_are_down(&self) -> bool {
        let met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        met.iter().any(|(code, _)| *code == Some(RDKafkaErrorCode::AllBrokersDown))
    }

    pub(super) fn unreached(&self, error: &KafkaError) -> Unreached {
        let met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut troubles: Vec<Trouble> = Vec::new();
        for (code, reason) in met.iter().filter(|(code, _)| *code != Some(RDKafkaErrorCode::AllBrokersDown)) {
            let trouble = Trouble { kind: TroubleKind::of(*code, reason), reason: brief(reason) };
            if !troubles.contains(&trouble) {
                troubles.push(trouble);
            }
        }
        if troubles.is_empty() {
            let reason = error.to_string();
            troubles.push(Trouble { kind: TroubleKind::of(error.rdkafka_error_code(), &reason), reason });
        }
        Unreached { troubles }
    }
}

/// Without what differs from one attempt to the next: `(after 0ms in state CONNECT, 1 identical error(s) …)`.
fn brief(reason: &str) -> String {
    let reason = reason.split(" (after ").next().unwrap_or(reason);
    reason.replace("/bootstrap", "").trim().to_owned()
}

impl ClientContext for Troubles {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", facility, "{message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let mut met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        met.push((error.rdkafka_error_code(), reason.to_owned()));
    }
}

impl ConsumerContext for Troubles {}

impl ProducerContext for Troubles {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn troubles_are_told_apart() {
        use TroubleKind as Kind;
        let transport = Some(RDKafkaErrorCode::BrokerTransportFailure);
        for (code, reason, kind) in [
            (
                transport,
                "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused",
                Kind::Refused,
            ),
            (Some(RDKafkaErrorCode::Resolve), "k:9092/bootstrap: Failed to resolve 'k:9092'", Kind::Name),
            (Some(RDKafkaErrorCode::SSL), "SSL handshake failed: certificate verify failed", Kind::Tls),
            (
                Some(RDKafkaErrorCode::Authentication),
                "SASL PLAIN mechanism handshake failed",
                Kind::Authentication,
            ),
            (
                transport,
                "Disconnected while requesting ApiVersion: might be caused by incorrect security.protocol",
                Kind::Protocol,
            ),
            (transport, "Connection setup timed out in state CONNECT", Kind::Silence),
            (None, "something else", Kind::Other),
        ] {
            assert_eq!(TroubleKind::of(code, reason), kind, "{reason}");
        }
    }

    #[test]
    fn a_reason_is_the_same_at_each_attempt() {
        let reason = "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in \
                      state CONNECT, 1 identical error(s) suppressed)";
        assert_eq!(brief(reason), "127.0.0.1:1: Connect to ipv4#127.0.0.1:1 failed: Connection refused");
    }
}
