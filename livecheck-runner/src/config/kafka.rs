//! The properties of librdkafka: which are refused, and what to do about it.

use std::collections::BTreeMap;
use std::fmt;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaConfRes;

use super::problem::nearest;

/// What the runner sets itself, since its verdicts depend on it, and what to do instead.
const RESERVED: &[(&str, &str)] = &[
    ("auto.offset.reset", "an offset that is out of range is never reset in silence"),
    ("enable.auto.commit", "offsets are committed together with the reports"),
    ("enable.auto.offset.store", "offsets are committed together with the reports"),
    ("enable.idempotence", "reports are written in transactions"),
    ("enable.partition.eof", "the runner needs to see the end of a partition"),
    ("group.id", "the setting `group` names the consumer group"),
    ("isolation.level", "only committed reports are read"),
    ("partition.assignment.strategy", "the partitions of the topics are assigned together"),
    ("partitioner", "a test and its signals must share a partition: it is always murmur2_random"),
    ("transactional.id", "each partition has a transaction of its own"),
];

/// Names that are often set, to find the one that was meant. What is right is decided by librdkafka itself.
const COMMON: &[&str] = &[
    "broker.address.family",
    "client.dns.lookup",
    "client.id",
    "client.rack",
    "compression.type",
    "connections.max.idle.ms",
    "debug",
    "fetch.max.bytes",
    "fetch.message.max.bytes",
    "fetch.min.bytes",
    "fetch.wait.max.ms",
    "group.instance.id",
    "heartbeat.interval.ms",
    "linger.ms",
    "log_level",
    "max.poll.interval.ms",
    "message.max.bytes",
    "metadata.max.age.ms",
    "queue.buffering.max.kbytes",
    "queue.buffering.max.messages",
    "reconnect.backoff.max.ms",
    "reconnect.backoff.ms",
    "request.timeout.ms",
    "sasl.kerberos.keytab",
    "sasl.kerberos.principal",
    "sasl.kerberos.service.name",
    "sasl.mechanism",
    "sasl.mechanisms",
    "sasl.oauthbearer.client.id",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "sasl.oauthbearer.method",
    "sasl.oauthbearer.token.endpoint.url",
    "sasl.password",
    "sasl.username",
    "security.protocol",
    "session.timeout.ms",
    "socket.keepalive.enable",
    "socket.timeout.ms",
    "ssl.ca.location",
    "ssl.ca.pem",
    "ssl.certificate.location",
    "ssl.certificate.pem",
    "ssl.cipher.suites",
    "ssl.endpoint.identification.algorithm",
    "ssl.key.location",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "statistics.interval.ms",
    "transaction.timeout.ms",
    "enable.ssl.certificate.verification",
];

/// What librdkafka does not like, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaAdvice {
    /// What is wrong.
    pub message: String,
    /// What to do, if that can be said.
    pub help: Option<String>,
}

impl std::error::Error for KafkaAdvice {}

impl fmt::Display for KafkaAdvice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(f, "\n  = help: {help}"),
            None => Ok(()),
        }
    }
}

/// Says in plain words what an error of rdkafka means, and what to do where that is known: above all, which
/// cargo feature a `security.protocol` needs.
#[must_use]
pub fn explain(error: &KafkaError) -> KafkaAdvice {
    match error {
        KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, _, key, _) => {
            let meant = nearest(key, COMMON.iter().copied());
            KafkaAdvice {
                message: format!("librdkafka has no property `{key}`"),
                help: meant.map(|meant| format!("did you mean `{meant}`?")),
            }
        }
        KafkaError::ClientConfig(_, reason, key, value) => {
            let value = if is_secret(key) { "…" } else { value };
            let mut message = format!("`{value}` cannot be the value of `{key}`");
            if !reason.is_empty() && !reason.starts_with("Invalid value") {
                message.push_str(": ");
                message.push_str(reason);
            }
            KafkaAdvice { message, help: missing_feature(reason) }
        }
        KafkaError::ClientCreation(reason) => {
            KafkaAdvice { message: reason.clone(), help: missing_feature(reason) }
        }
        other => {
            let message = other.to_string();
            KafkaAdvice { help: missing_feature(&message), message }
        }
    }
}

/// Why a property is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is not one that can be set.
    Name(KafkaAdvice),
    /// It cannot have that value.
    Value(KafkaAdvice),
}

impl Refused {
    pub(super) fn advice(self) -> KafkaAdvice {
        match self {
            Self::Name(advice) | Self::Value(advice) => advice,
        }
    }
}

/// Whether this librdkafka takes that property.
pub(super) fn check(name: &str, value: &str) -> Result<(), Refused> {
    if let Some((_, reason)) = RESERVED.iter().find(|(reserved, _)| *reserved == name) {
        let message = format!("`{name}` cannot be set: {reason}");
        return Err(Refused::Name(KafkaAdvice { message, help: Some("leave it out".to_owned()) }));
    }
    let mut config = ClientConfig::new();
    config.set(name, value);
    config.create_native_config().map(drop).map_err(|error| {
        let is_unknown = matches!(error, KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, ..));
        let advice = explain(&error);
        if is_unknown { Refused::Name(advice) } else { Refused::Value(advice) }
    })
}

/// Whether the value of a property is nobody's business, even if its name is misspelt.
pub(super) fn is_secret(name: &str) -> bool {
    const SECRET: [&str; 7] = ["pass", "secret", "pem", "token", "jaas", "oauthbearer", "key"];
    SECRET.iter().any(|part| name.contains(part)) && !name.ends_with(".location")
}

/// Which feature this program was built without, going by what librdkafka says of itself.
fn missing_feature(reason: &str) -> Option<String> {
    let is_about = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if is_about(&["sasl2", "cyrus", "GSSAPI", "Kerberos", "sasl.kerberos"])
        && is_about(&["not available", "No provider", "not supported"])
    {
        return Some(
            "this program was built without Kerberos: turn on the feature `kerberos` of the crate `livecheck` \
             (it needs libsasl2's headers)"
                .to_owned(),
        );
    }
    let lacks_tls = is_about(&["OpenSSL", "openssl", "without SSL"])
        || is_about(&["No provider for SASL mechanism", "OAUTHBEARER is not"]);
    lacks_tls.then(|| {
        "this program was built without TLS: turn on the feature `tls` of the crate `livecheck` (it needs \
         OpenSSL's headers and pkg-config) or `tls-vendored` (it needs perl, and builds for longer)"
            .to_owned()
    })
}

/// Properties for librdkafka. Their values are not shown by `{:?}` where they are secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct KafkaProperties(pub(super) BTreeMap<String, String>);

impl KafkaProperties {
    /// The value of a property.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The properties, in the order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + '_ {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl fmt::Debug for KafkaProperties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.iter().map(|(name, value)| (name, if is_secret(name) { "…" } else { value }));
        f.debug_map().entries(shown).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(name: &str, value: &str) -> String {
        check(name, value).expect_err("it is refused").advice().to_string()
    }

    #[test]
    fn what_librdkafka_knows_is_taken() {
        for (name, value) in
            [("socket.timeout.ms", "1000"), ("sasl.mechanism", "PLAIN"), ("linger.ms", "0.5")]
        {
            assert_eq!(check(name, value), Ok(()), "{name}");
        }
    }

    #[test]
    fn what_it_does_not_know_is_refused_with_the_nearest_name() {
        insta::assert_snapshot!(advice("securty.protocol", "SSL"));
        insta::assert_snapshot!(advice("socket.timeout.ms", "soon"));
        insta::assert_snapshot!(advice("socket.timeout.ms", "1"));
        insta::assert_snapshot!(advice("security.protocol", "TLS"));
    }

    #[test]
    fn what_the_verdicts_depend_on_is_refused() {
        insta::assert_snapshot!(advice("group.id", "mine"));
    }

    #[test]
    fn a_build_without_tls_or_kerberos_names_the_feature() {
        // In a workspace built with TLS there is nothing to explain.
        for (name, value) in [("security.protocol", "SSL"), ("ssl.ca.location", "ca.pem")] {
            if let Err(refused) = check(name, value) {
                let advice = refused.advice();
                assert!(advice.help.as_ref().is_some_and(|help| help.contains("`tls`")), "{advice}");
            }
        }
        let explained = |reason: &str| explain(&KafkaError::ClientCreation(reason.to_owned())).help;
        let tls = "No provider for SASL mechanism SCRAM-SHA-256: recompile librdkafka with openssl support.";
        assert!(explained(tls).is_some_and(|help| help.contains("`tls`")));
        let kerberos =
            "No provider for SASL mechanism GSSAPI: recompile librdkafka with libsasl2 or openssl support.";
        assert!(explained(kerberos).is_some_and(|help| help.contains("`kerberos`")));
        assert_eq!(explained("something else"), None);
    }

    #[test]
    fn secrets_are_not_shown() {
        let properties = KafkaProperties(
            [("sasl.password", "hunter2"), ("ssl.ca.location", "ca.pem")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        );
        assert_eq!(format!("{properties:?}"), r#"{"sasl.password": "…", "ssl.ca.location": "ca.pem"}"#);
    }
}
