//! The brokers: there, of one mind, able to run transactions; and what time they have.

use std::time::Duration;

use livecheck_core::Timestamp;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::finding::Finding;
use crate::config::Config;
use crate::kafka::diagnosis::{Cluster, LatestRecord, Settings, TroubleKind, Unreached};
use crate::reporter::text::plural;

/// By how much clocks may differ before somebody should know.
const SKEW: Duration = Duration::from_secs(2);

/// There is no broker to ask: which one a run would use.
pub(crate) fn no_brokers(config: &Config, fallback_embedded: bool, has_embedded: bool) -> Finding {
    let subject = "brokers";
    let wanted = config.embedded.wanted || fallback_embedded;
    let set = "set `bootstrap-servers` in the configuration, or LIVECHECK_BOOTSTRAP_SERVERS, or give \
               --bootstrap-servers";
    if !wanted {
        let found = format!("none are configured in profile `{}`", config.profile);
        return Finding::fail(subject, found, format!("{set}; --embedded starts a broker for development"));
    }
    if !has_embedded {
        let found = "this program was built without the embedded one (the feature `embedded`)";
        return Finding::fail(subject, found, set);
    }
    let why = if config.embedded.wanted { "as --embedded says" } else { "since none are configured" };
    let port = config.embedded.port.map_or_else(|| "a free port".to_owned(), |port| format!("port {port}"));
    Finding::skip(
        subject,
        format!(
            "a run starts the embedded one, for development, {why}, on {port}; topics, transactions and clocks \
             are its own then, and can be looked at while it runs"
        ),
    )
}

/// No broker answered.
pub(crate) fn unreached(servers: &str, unreached: &Unreached) -> Finding {
    let reasons: Vec<_> = unreached.troubles.iter().map(|trouble| trouble.reason.as_str()).collect();
    let found = match &unreached.troubles[..] {
        [trouble] if trouble.kind == TroubleKind::Configuration => trouble.reason.clone(),
        _ => format!("none at {servers} answers\n{}", reasons.join("\n")),
    };
    let mut kinds: Vec<_> = unreached.troubles.iter().map(|trouble| trouble.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let advice: Vec<_> = kinds.into_iter().map(advice).collect();
    Finding::fail("brokers", found, advice.join("\n"))
}

fn advice(kind: TroubleKind) -> &'static str {
    match kind {
        TroubleKind::Configuration => "set the property in the configuration, or take it out",
        TroubleKind::Name => {
            "the name has no address here: is it spelt right, and is the DNS of this machine?"
        }
        TroubleKind::Refused => "nothing listens there: is the port right, and is the broker running?",
        TroubleKind::Tls => {
            "the TLS handshake failed: `ssl.ca.location` names the authority that signed the brokers' \
             certificates, and their names must be those in `bootstrap-servers`"
        }
        TroubleKind::Authentication => {
            "the brokers do not let us in: look at `sasl.mechanism`, `sasl.username` and `sasl.password`"
        }
        TroubleKind::Protocol => {
            "what listens there speaks otherwise: `security.protocol` must be that of the listener (PLAINTEXT, \
             SSL, SASL_PLAINTEXT, SASL_SSL), and the port one of Kafka's"
        }
        TroubleKind::Silence => "nothing comes back: is a firewall between, or a wrong address?",
        TroubleKind::Other => "RUST_LOG=librdkafka=debug says more",
    }
}

/// The brokers that the cluster has, and which of them answered.
pub(crate) fn brokers(
    servers: &str,
    is_embedded: bool,
    cluster: &Cluster,
    answers: &[(i32, Result<Settings, KafkaError>)],
) -> Vec<Finding> {
    let subject = "brokers";
    let mut findings = Vec::new();
    let settings = answers.iter().find_map(|(_, answer)| answer.as_ref().ok());
    let version = settings
        .and_then(|settings| settings.get("inter.broker.protocol.version"))
        .map(|version| format!(", protocol {version}"))
        .unwrap_or_default();
    let id = cluster.id.as_ref().map(|id| format!(", cluster {id}")).unwrap_or_default();
    let kind = if is_embedded { ", the embedded one of a run that is going on" } else { "" };
    let count = plural(cluster.brokers.len(), "broker", "brokers");
    let found = format!("{count} reached at {servers}{kind}{id}{version}");
    findings.push(Finding::ok(subject, found));
    for (id, answer) in answers {
        let address =
            cluster.brokers.iter().find(|(other, _)| other == id).map_or("?", |(_, address)| address);
        if let Err(error) = answer {
            if is_refusal(error) {
                // It answered: it only does not show its settings.
                continue;
            }
            let found =
                format!("broker {id} is said to be at {address}, and does not answer there: {}", said(error));
            let advice = "its `advertised.listeners` must name an address that is reached from here; what it \
                          leads can be neither read nor written until then";
            findings.push(Finding::fail(subject, found, advice));
        }
    }
    findings
}

/// Whether brokers answered, and only did not allow it.
pub(super) fn is_refusal(error: &KafkaError) -> bool {
    use rdkafka::error::RDKafkaErrorCode::{
        ClusterAuthorizationFailed, GroupAuthorizationFailed, TopicAuthorizationFailed,
        TransactionalIdAuthorizationFailed,
    };
    matches!(
        code(error),
        Some(
            ClusterAuthorizationFailed
                | TopicAuthorizationFailed
                | GroupAuthorizationFailed
                | TransactionalIdAuthorizationFailed
        )
    )
}

fn code(error: &KafkaError) -> Option<RDKafkaErrorCode> {
    match error {
        KafkaError::AdminOp(code) => Some(*code),
        error => error.rdkafka_error_code(),
    }
}

/// What an error says, without which of rdkafka's functions met it.
pub(super) fn said(error: &KafkaError) -> String {
    code(error).map_or_else(|| error.to_string(), |code| code.to_string())
}

/// Whether reports can be written in transactions.
pub(crate) fn transactions(group: &str, outcome: &Result<(), KafkaError>) -> Finding {
    let subject = "transactions";
    match outcome {
        Ok(()) => Finding::ok(subject, "reports and offsets can be committed together"),
        Err(error) if is_refusal(error) => Finding::fail(
            subject,
            format!("not allowed: {}", said(error)),
            format!(
                "allow the runner to write and to describe the transactional ids that begin with \
                 `livecheck-{group}-`"
            ),
        ),
        Err(error) => Finding::fail(
            subject,
            format!("no producer can begin: {}", said(error)),
            "the topic __transaction_state needs as many brokers as its replication factor \
             (transaction.state.log.replication.factor), and transaction.max.timeout.ms of the brokers must be \
             10 seconds at least",
        ),
    }
}

/// What the latest records tell of the clocks: nothing is written to find out.
pub(crate) fn clocks(now: Timestamp, records: &Result<Vec<LatestRecord>, KafkaError>) -> Finding {
    let subject = "clocks";
    let records = match records {
        Ok(records) => records,
        Err(error) => {
            return Finding::skip(subject, format!("the latest records cannot be read: {}", said(error)));
        }
    };
    // The brokers' own clock says more than a sender's. And only a record from the future tells anything: one
    // from the past may simply be old.
    let Some(latest) = records.iter().max_by_key(|record| (record.by_broker, record.time)) else {
        return Finding::skip(
            subject,
            "the topics are empty, and nothing is written to compare this machine's clock with the brokers'",
        );
    };
    let LatestRecord { topic, time, by_broker } = latest;
    let whose = if *by_broker { "the brokers'" } else { "a sender's" };
    if *time > now + SKEW {
        let ahead = humantime::format_duration(Duration::from_millis(
            u64::try_from(time.as_millis() - now.as_millis()).unwrap_or_default(),
        ));
        return Finding::warn(
            subject,
            format!("this machine is {ahead} behind {whose} clock, by the latest record of {topic}"),
            "let all machines ask the same time servers (NTP): a test whose trigger is stamped in the future, \
             or in the past, expires at a wrong time",
        );
    }
    let ago = humantime::format_duration(Duration::from_secs(now.since(*time).as_secs()));
    Finding::ok(
        subject,
        format!("this machine is not behind {whose} clock, by the latest record of {topic} ({ago} ago)"),
    )
}
