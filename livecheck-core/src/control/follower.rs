//! The control topic, followed by a thread.

use std::sync::OnceLock;
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

use super::Controls;
use super::live::apply_controls;
use crate::time::Timestamp;

/// The one partition of the topic.
const PARTITION: i32 = 0;
/// How long a step that is due may be overlooked where a clock is set anew.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Follows the topic from now on, once in a process: what stands there counts as soon as all of it has been read.
///
/// A process that cannot read it goes on with what it has, and tries again for as long as it runs.
pub(crate) fn follow(config: &ClientConfig, topic: &str) {
    static FOLLOWED: OnceLock<()> = OnceLock::new();
    FOLLOWED.get_or_init(|| {
        let followed = consumer(config, topic).map_err(|error| error.to_string()).and_then(|consumer| {
            let thread = std::thread::Builder::new().name("livecheck-control".to_owned());
            thread.spawn(move || go_on(&consumer)).map_err(|error| error.to_string())
        });
        if let Err(error) = followed {
            tracing::warn!(target: "livecheck", topic, error, "what is set at run time does not count here");
        }
    });
}

fn consumer(config: &ClientConfig, topic: &str) -> KafkaResult<BaseConsumer<Quiet>> {
    let mut config = config.clone();
    config
        // librdkafka wants the name of a group also where partitions are assigned by hand. It is never joined.
        .set("group.id", "livecheck-assigned-by-hand")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "earliest")
        // Answered at once when something is set. Else a process asks the brokers this seldom, and knows as late that it
        // has read all.
        .set("fetch.wait.max.ms", "1000");
    let consumer: BaseConsumer<Quiet> = config.create_with_context(Quiet)?;
    let mut partitions = TopicPartitionList::new();
    partitions.add_partition_offset(topic, PARTITION, Offset::Beginning)?;
    consumer.assign(&partitions)?;
    Ok(consumer)
}

fn go_on(consumer: &BaseConsumer<Quiet>) {
    let mut controls = Controls::default();
    // Of what was set and is no longer, nothing must act while the topic is read for the first time.
    let mut is_whole = false;
    let mut patience = LOOK_EVERY;
    loop {
        match consumer.poll(patience) {
            Some(Ok(record)) => {
                if let Err(error) = controls.take(record.key(), record.payload()) {
                    let offset = record.offset();
                    tracing::warn!(target: "livecheck", %error, offset, "what was set cannot be read, and is left out");
                }
            }
            Some(Err(KafkaError::PartitionEOF(_))) => is_whole = true,
            // librdkafka goes on by itself.
            Some(Err(error)) => {
                tracing::debug!(target: "livecheck", %error, "reading what is set at run time");
            }
            None => {}
        }
        if is_whole {
            let next = apply_controls(&controls);
            patience = next.map_or(LOOK_EVERY, |next| next.since(Timestamp::now()).min(LOOK_EVERY));
        }
    }
}

/// Keeps what librdkafka says from the log of the service: it says the same at each attempt.
struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "livecheck", facility, "{message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "livecheck", %error, "{reason}");
    }
}

impl ConsumerContext for Quiet {}
