//! What a runner says of itself on the monitor's topic, so that others know what is in flight.

use std::time::{Duration, Instant};

use livecheck_core::Timestamp;
use rdkafka::producer::{BaseProducer, BaseRecord};

use super::membership::PARTITION;
use super::record::{Key, RunnerRecord, Serves, encode_value};
use super::roster::HEARTBEAT;
use crate::engine::Tally;
use crate::kafka::{Connection, Health, KafkaEdgeError, delivery};

/// How often at most it is said.
const NEWS_EVERY: Duration = Duration::from_secs(1);
/// How long the last word may take.
const LAST_WORD: Duration = Duration::from_secs(2);

/// What a runner says of itself.
pub(super) struct Presence {
    producer: BaseProducer<Health>,
    topic: String,
    key: String,
    record: RunnerRecord,
    is_news: bool,
    /// When it was said last.
    said: Option<Instant>,
}

impl Presence {
    pub(super) fn new(
        connection: &Connection,
        group: &str,
        id: &str,
        health: &Health,
    ) -> Result<Self, KafkaEdgeError> {
        Ok(Self {
            producer: connection.producer(health.clone())?,
            topic: connection.topics.monitor_topic.clone(),
            key: Key::Runner(id.to_owned()).encode(group),
            record: RunnerRecord {
                host: machine(),
                started: Timestamp::now(),
                cases: [].into(),
                serves: Serves::default(),
            },
            is_news: true,
            said: None,
        })
    }

    /// Says how it is, if it is time to. What is lost on the way is said again soon.
    pub(super) fn tell(&mut self, tally: Option<Tally>, serves: &Serves) {
        if let Some(tally) = tally {
            self.is_news |= self.record.cases != tally.cases;
            self.record.cases = tally.cases;
        }
        if self.record.serves != *serves {
            self.record.serves.clone_from(serves);
            self.is_news = true;
        }
        let every = if self.is_news { NEWS_EVERY } else { HEARTBEAT };
        if self.said.is_none_or(|said| said.elapsed() >= every) {
            self.send(encode_value(&self.record).ok().as_deref());
            self.is_news = false;
            self.said = Some(Instant::now());
        }
        self.producer.poll(Duration::ZERO);
    }

    /// This runner ends: nothing is in flight here any more. Blocks for some seconds at most.
    pub(super) fn end(&self) {
        self.send(None);
        if let Err(error) = delivery::flush(&self.producer, LAST_WORD) {
            tracing::debug!(%error, "the others will notice that this runner is gone");
        }
    }

    fn send(&self, value: Option<&[u8]>) {
        let mut record = BaseRecord::<str, [u8]>::to(&self.topic).partition(PARTITION).key(&self.key);
        if let Some(value) = value {
            record = record.payload(value);
        }
        if let Err((error, _)) = self.producer.send(record) {
            tracing::debug!(%error, "what this runner says of itself");
        }
    }
}

/// The name of this machine.
pub(crate) fn machine() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
