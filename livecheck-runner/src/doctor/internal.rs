//! LiveCheck's own topics: what the runners keep for each other.

use std::time::Duration;

use rdkafka::error::KafkaError;

use super::cluster::said;
use super::finding::Finding;
use super::topics::Longest;
use crate::kafka::diagnosis::Settings;
use crate::kafka::{InternalTopic, Keeps, OLDEST_COPY};
use crate::reporter::text::plural;
use crate::tables::TableNameError;

/// Whether a topic of LiveCheck's own is as it must be. `partitions` is what it has, and nothing if it is not there;
/// `expected` what it must have.
pub(crate) fn internal(
    topic: &InternalTopic,
    partitions: Option<usize>,
    expected: usize,
    settings: Option<&Result<Settings, KafkaError>>,
    longest: Option<Longest>,
) -> Finding {
    let InternalTopic { name, keeps, .. } = topic;
    let subject = format!("topic {name}");
    let Some(count) = partitions else {
        return Finding::skip(subject, "not there yet: the next `run` of the group creates it");
    };
    let shown = plural(count, "partition", "partitions");
    if count != expected {
        let found =
            format!("has {shown}, and must have {expected}: what runners say to each other is not found");
        let advice = if topic.is_of_one_partition() || count > expected {
            "stop the runners of the group, delete it, and start them: they create it anew".to_owned()
        } else {
            format!(
                "kafka-topics.sh --alter --topic {name} --partitions {expected}, while no runner is at work"
            )
        };
        return Finding::fail(subject, found, advice);
    }
    let settings = match settings {
        Some(Ok(settings)) => settings,
        Some(Err(error)) => {
            return Finding::skip(subject, format!("{shown}; its settings cannot be read: {}", said(error)));
        }
        None => return Finding::skip(subject, format!("{shown}; its settings cannot be read")),
    };
    let alter = |setting: &str| {
        format!("kafka-configs.sh --alter --entity-type topics --entity-name {name} --add-config {setting}")
    };
    let get = |name: &str| settings.get(name).map(String::as_str);
    let Some(policy) = get("cleanup.policy") else {
        let found =
            format!("{shown}; its settings are not shown: the runner is not allowed to describe them");
        return Finding::skip(subject, found);
    };
    match keeps {
        Keeps::Latest | Keeps::Rows if policy != "compact" => Finding::fail(
            subject,
            format!(
                "is not compacted alone (cleanup.policy={policy}): what the runners keep there is deleted some time"
            ),
            alter("cleanup.policy=compact"),
        ),
        Keeps::Latest => Finding::ok(subject, format!("{shown}, compacted")),
        Keeps::Rows => {
            let remembered = get("delete.retention.ms").and_then(|millis| millis.parse().ok());
            match remembered.map(Duration::from_millis) {
                Some(remembered) if remembered < OLDEST_COPY => Finding::fail(
                    subject,
                    format!(
                        "forgets after {} that a row was removed (delete.retention.ms), and a runner goes on from a copy \
                         that is up to {} old: rows come back there",
                        humantime::format_duration(remembered),
                        humantime::format_duration(OLDEST_COPY)
                    ),
                    alter("delete.retention.ms=86400000"),
                ),
                _ => Finding::ok(subject, format!("{shown}, compacted; the rows of a table")),
            }
        }
        Keeps::All if policy.contains("compact") => Finding::fail(
            subject,
            format!(
                "is compacted (cleanup.policy={policy}): of the messages with one key only the latest is kept"
            ),
            alter("cleanup.policy=delete"),
        ),
        Keeps::All => {
            let retention =
                get("retention.ms").and_then(|millis| millis.parse().ok()).map(Duration::from_millis);
            match (retention, longest) {
                (Some(kept), Some(Longest { case, test_expires })) if kept < test_expires => Finding::fail(
                    subject,
                    format!(
                        "keeps messages for {}, and a test of `{case}` may take {} (test_expires): an answer that it \
                         waits for may be gone",
                        humantime::format_duration(kept),
                        humantime::format_duration(test_expires)
                    ),
                    alter(&format!("retention.ms={}", test_expires.as_millis() * 2)),
                ),
                (Some(kept), _) => {
                    Finding::ok(subject, format!("{shown}, kept for {}", humantime::format_duration(kept)))
                }
                (None, _) => Finding::ok(subject, format!("{shown}, kept for ever")),
            }
        }
    }
}

/// Of the changelogs of tables: one cannot be called as it should.
pub(crate) fn unnamed(error: &TableNameError) -> Finding {
    Finding::fail("tables", error.to_string(), "until then no runner of this group starts")
}
