//! What a group has committed.

use rdkafka::Offset;

use crate::kafka::Kafka;
use crate::own_topics::OwnTopics;

/// Whether a runner that took over now would read the test topic and the bus from their ends: nothing in flight
/// needs them.
#[must_use]
pub fn needs_no_log(topics: &OwnTopics) -> bool {
    let kafka = Kafka::shared();
    let (tests, signals) = (kafka.ends(&topics.names.test_topic), kafka.ends(&topics.names.bus_topic));
    kafka.committed(&topics.group, &topics.names.test_topic).into_iter().all(
        |(partition, (test, metadata))| {
            test == Offset::Offset(tests[&partition])
                && metadata.contains(&format!(";bus={};", signals[&partition]))
        },
    )
}
