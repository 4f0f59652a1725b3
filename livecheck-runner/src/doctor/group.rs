//! The consumer group: who is in it, and how far it is.

use std::collections::BTreeSet;

use rdkafka::error::KafkaError;

use super::cluster::{is_refusal, said};
use super::finding::Finding;
use crate::kafka::diagnosis::{Group, Position};
use crate::reporter::text::plural;

/// Who shares the work, and what has not been done.
pub(crate) fn group(name: &str, group: &Result<Group, KafkaError>) -> Vec<Finding> {
    let subject = format!("group {name}");
    let group = match group {
        Ok(group) => group,
        Err(error) if is_refusal(error) => {
            let found = format!("not allowed: {}", said(error));
            return vec![Finding::fail(subject, found, "allow the runner to read and to describe the group")];
        }
        Err(error) => {
            let advice = "its coordinator is one of the brokers; the topic __consumer_offsets needs as many \
                          brokers as its replication factor (offsets.topic.replication.factor)";
            return vec![Finding::fail(subject, format!("cannot be looked at: {}", said(error)), advice)];
        }
    };
    let lag: i64 = group.positions.iter().map(Position::lag).sum();
    let has_committed = group.positions.iter().any(|position| position.committed.is_some());
    let waiting = match lag {
        0 => "everything is done".to_owned(),
        lag => {
            let behind: Vec<_> = group
                .positions
                .iter()
                .filter(|position| position.lag() > 0)
                .map(|position| format!("{}: {}", position.partition, position.lag()))
                .collect();
            format!(
                "{} not done (by partition: {})",
                plural(u64::try_from(lag).unwrap_or_default(), "trigger", "triggers"),
                behind.join(", ")
            )
        }
    };
    let mut findings = Vec::new();
    findings.push(match (group.hosts.len(), has_committed, lag) {
        (0, false, 0) => Finding::ok(&subject, "no runner has been in it yet"),
        (0, _, 0) => Finding::ok(&subject, format!("no runner is in it now; {waiting}")),
        (0, ..) => Finding::warn(
            &subject,
            format!("no runner is in it; {waiting}"),
            "start one: what waits longer than its `test_expires` ends as TIMEOUT",
        ),
        (members, ..) => {
            let hosts: BTreeSet<&str> = group.hosts.iter().map(|host| host.trim_start_matches('/')).collect();
            let hosts: Vec<&str> = hosts.into_iter().collect();
            let runners = plural(members, "runner", "runners");
            Finding::ok(
                &subject,
                format!("{runners} at {}, {}; {waiting}", hosts.join(", "), group.state.to_lowercase()),
            )
        }
    });
    let lost: Vec<_> = group.positions.iter().filter(|position| position.is_out_of_range()).collect();
    if !lost.is_empty() {
        let partitions: Vec<_> = lost.iter().map(|position| position.partition.to_string()).collect();
        findings.push(Finding::fail(
            subject,
            format!(
                "records are gone that it had still to read, in {} {}",
                if lost.len() == 1 { "partition" } else { "partitions" },
                partitions.join(", ")
            ),
            "the topic keeps records for too short a time, or a runner was away for too long",
        ));
    }
    findings
}
