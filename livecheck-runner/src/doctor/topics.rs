//! The three topics: there, co-partitioned, and kept for as long as a test may take.

use std::time::Duration;

use livecheck_core::{Cases, Topics};
use rdkafka::error::KafkaError;

use super::cluster::said;
use super::finding::Finding;
use crate::kafka::FoundTopics;
use crate::kafka::diagnosis::{Replicas, Settings};
use crate::reporter::text::plural;

/// The largest value that the client of a service takes, unless it is set otherwise (`message.max.bytes`).
const CLIENT_TAKES: u64 = 1_000_000;

/// The case whose tests may take the longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Longest {
    pub(crate) case: &'static str,
    pub(crate) test_expires: Duration,
}

impl Longest {
    pub(crate) fn of(cases: &Cases) -> Option<Self> {
        let longest = cases.iter().max_by_key(|case| case.settings.test_expires)?;
        Some(Self { case: longest.name, test_expires: longest.settings.test_expires })
    }
}

/// Whether the topics are there, with one partition count.
pub(crate) fn co_partitioned(found: &FoundTopics, partitions: i32) -> Finding {
    let subject = "topics";
    let names = |there: bool| {
        let names = found.partitions.iter().filter(|(_, count)| count.is_some() == there);
        names.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let (there, missing) = (names(true), names(false));
    let count = match found.co_partitioned() {
        Ok(count) => count,
        Err(problem) => {
            return Finding::fail(subject, problem.to_string(), "until then no run starts");
        }
    };
    match count {
        None => Finding::warn(
            subject,
            format!("not there yet: {missing}"),
            format!(
                "the first `run` creates them, with {} each; until then what services send is lost, or makes \
                 the brokers create them with another count",
                plural(u64::try_from(partitions).unwrap_or(1), "partition", "partitions")
            ),
        ),
        Some(count) if missing.is_empty() => {
            Finding::ok(subject, format!("{there}: {} each", plural(count, "partition", "partitions")))
        }
        Some(count) => Finding::warn(
            subject,
            format!(
                "not there yet: {missing}; there with {}: {there}",
                plural(count, "partition", "partitions")
            ),
            "the next `run` creates what is missing, with as many partitions",
        ),
    }
}

/// Whether the partitions of a topic survive the loss of a broker.
pub(crate) fn replicas(replicas: &Replicas, brokers: usize) -> Option<Finding> {
    let Replicas { topic, fewest, leaderless } = replicas;
    let subject = format!("topic {topic}");
    if *leaderless > 0 {
        let found = format!("{} without a leader", plural(*leaderless, "partition is", "partitions are"));
        return Some(Finding::fail(subject, found, "bring back the brokers that keep them"));
    }
    (*fewest < 2 && brokers > 1).then(|| {
        Finding::warn(
            subject,
            format!("kept in one copy, in a cluster of {brokers} brokers"),
            "what is in flight is lost with that broker: give it a replication factor of 3 \
             (`replication-factor` in the configuration is for topics that a run creates)",
        )
    })
}

/// Whether a topic keeps what a test needs for as long as it needs it.
pub(crate) fn settings(
    topic: &str,
    topics: &Topics,
    settings: &Result<Settings, KafkaError>,
    longest: Option<Longest>,
    is_embedded: bool,
) -> Vec<Finding> {
    let subject = format!("topic {topic}");
    let settings = match settings {
        // rdkafka does not hand on why.
        Ok(settings) if settings.is_empty() => {
            let found = "its settings are not shown: the runner is not allowed to describe its configuration";
            return vec![Finding::skip(subject, found)];
        }
        Ok(settings) => settings,
        Err(error) => {
            return vec![Finding::skip(subject, format!("its settings cannot be read: {}", said(error)))];
        }
    };
    let get = |name: &str| settings.get(name).map(String::as_str);
    let alter = |setting: &str| {
        format!("kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config {setting}")
    };
    let mut findings = Vec::new();
    let mut facts = Vec::new();

    match get("message.timestamp.type") {
        Some("LogAppendTime") => facts.push("LogAppendTime, one clock for all senders".to_owned()),
        // The times of the bus are what waits are measured by; those of the others decide nothing.
        Some(kind) if topic == topics.bus_topic => findings.push(Finding::warn(
            subject.clone(),
            format!("its times are the senders' own ({kind}): a sender whose clock is off shifts verdicts"),
            alter("message.timestamp.type=LogAppendTime"),
        )),
        Some(kind) => facts.push(kind.to_owned()),
        None => {}
    }
    findings.extend(retention(&subject, get("retention.ms"), longest, &alter, &mut facts));
    let bytes = number(get("retention.bytes")).filter(|bytes| *bytes >= 0);
    // The embedded broker keeps everything in memory, which ends some time; it is not for production.
    if let Some(bytes) = bytes.filter(|_| is_embedded) {
        facts.push(format!("at most {bytes} bytes in a partition"));
    } else if let Some(bytes) = bytes {
        findings.push(Finding::warn(
            subject.clone(),
            format!("keeps at most {bytes} bytes in a partition, however young they are (retention.bytes)"),
            format!("when much is sent, tests in flight lose records: {}", alter("retention.bytes=-1")),
        ));
    }
    match get("cleanup.policy") {
        Some(policy) if policy.contains("compact") => findings.push(Finding::fail(
            subject.clone(),
            format!("is compacted (cleanup.policy={policy}): of the records with one test id only the latest is kept"),
            alter("cleanup.policy=delete"),
        )),
        Some(policy) => facts.push(format!("cleanup by {policy}")),
        None => {}
    }
    match number(get("max.message.bytes")).and_then(|bytes| u64::try_from(bytes).ok()) {
        Some(bytes) if bytes < CLIENT_TAKES => findings.push(Finding::warn(
            subject.clone(),
            format!("takes records of at most {bytes} bytes, and clients try to send up to {CLIENT_TAKES}"),
            format!("larger payloads are lost: {}", alter("max.message.bytes=1048588")),
        )),
        Some(bytes) => facts.push(format!("records up to {bytes} bytes")),
        None => {}
    }
    if !facts.is_empty() {
        findings.insert(0, Finding::ok(subject, facts.join("; ")));
    }
    findings
}

/// No topic's settings could be asked for.
pub(crate) fn settings_unknown(error: &KafkaError) -> Finding {
    Finding::skip("topics", format!("their settings cannot be read: {}", said(error)))
}

fn retention(
    subject: &str,
    retention: Option<&str>,
    longest: Option<Longest>,
    alter: &impl Fn(&str) -> String,
    facts: &mut Vec<String>,
) -> Option<Finding> {
    let millis = number(retention)?;
    let Ok(millis) = u64::try_from(millis) else {
        facts.push("kept for ever".to_owned());
        return None;
    };
    let kept = Duration::from_millis(millis);
    let shown = humantime::format_duration(kept);
    match longest {
        Some(Longest { case, test_expires }) if kept < test_expires => {
            let expires = humantime::format_duration(test_expires);
            Some(Finding::fail(
                subject,
                format!(
                    "keeps records for {shown}, and a test of `{case}` may take {expires} (test_expires): what \
                     it needs is gone before it ends"
                ),
                format!(
                    "{}, or give the case a shorter `test_expires`",
                    // Twice as long: a segment is removed as a whole, and a runner may be away for a while.
                    alter(&format!("retention.ms={}", test_expires.as_millis() * 2))
                ),
            ))
        }
        _ => {
            facts.push(format!("kept for {shown}"));
            None
        }
    }
}

fn number(text: Option<&str>) -> Option<i64> {
    text?.parse().ok()
}
