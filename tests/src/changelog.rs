//! A table's changelog, as any consumer of committed records reads it.

use std::collections::BTreeMap;

use livecheck::Case;
use rdkafka::message::Message as _;
use serde_json::Value;

use crate::own_topics::OwnTopics;
use crate::reports::TopicReader;

/// The name of the changelog.
#[must_use]
pub fn topic(topics: &OwnTopics, case: &Case, table: &str) -> String {
    format!("{}-{}-{table}-changelog", topics.group, case.name.replace("::", "."))
}

/// What the table comes to: the latest value of each key of each partition, as JSON.
///
/// # Panics
///
/// When a record has no key, or is not JSON.
#[must_use]
pub fn table(topics: &OwnTopics, case: &Case, table: &str) -> BTreeMap<(i32, String), Value> {
    let mut rows = BTreeMap::new();
    TopicReader::new(&topic(topics, case, table)).read_to_end(|message| {
        let key = String::from_utf8(message.key().expect("a key").to_vec()).expect("text");
        match message.payload() {
            Some(value) => {
                rows.insert((message.partition(), key), serde_json::from_slice(value).expect("JSON"));
            }
            None => drop(rows.remove(&(message.partition(), key))),
        }
    });
    rows
}
