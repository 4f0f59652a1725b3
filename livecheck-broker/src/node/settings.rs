//! The broker's settings.

use std::time::Duration;

use crate::error::BrokerError;
use crate::topics::{MAX_MESSAGE_BYTES, RETENTION_BYTES, RETENTION_MS, TopicSettings};

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) default_partitions: i32,
    pub(crate) auto_create_topics: bool,
    pub(crate) max_message_bytes: usize,
    pub(crate) min_session_timeout: Duration,
    pub(crate) max_session_timeout: Duration,
    pub(crate) max_transaction_timeout: Duration,
    /// The longest note that a client may commit with an offset.
    pub(crate) max_offset_metadata: usize,
    /// The largest request.
    pub(crate) max_frame_bytes: usize,
    /// The largest answer to a fetch, but for one batch larger still.
    pub(crate) max_fetch_bytes: usize,
    /// How much memory requests and answers may take that are under way. Past it, fetches get a batch at a time,
    /// and large requests are not heard.
    pub(crate) max_traffic_bytes: usize,
    /// How much of a partition is kept, where its topic does not say.
    pub(crate) retention_bytes: Option<u64>,
    pub(crate) retention: Option<Duration>,
    /// A connection on which nothing has moved for so long is closed.
    pub(crate) max_idle: Duration,
    /// How long a group without members keeps its offsets.
    pub(crate) offsets_retention: Duration,
    /// How long a partition remembers a producer that does not write.
    pub(crate) producer_expiration: Duration,
    /// How long a transactional id is remembered that is not used.
    pub(crate) transactional_id_expiration: Duration,
    /// How often it is looked for what has expired, and for what can be compacted.
    pub(crate) upkeep_interval: Duration,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for Settings {
    /// Kafka's own, but that a partition is kept to a size that fits into memory.
    fn default() -> Self {
        Self {
            default_partitions: 1,
            auto_create_topics: true,
            max_message_bytes: 1_048_588,
            min_session_timeout: Duration::from_secs(6),
            max_session_timeout: Duration::from_secs(30 * 60),
            max_transaction_timeout: Duration::from_secs(15 * 60),
            max_offset_metadata: 4096,
            max_frame_bytes: 100 << 20,
            max_fetch_bytes: 55 << 20,
            max_traffic_bytes: 512 << 20,
            retention_bytes: Some(1 << 30),
            retention: Some(7 * DAY),
            max_idle: Duration::from_secs(10 * 60),
            offsets_retention: 7 * DAY,
            producer_expiration: DAY,
            transactional_id_expiration: 7 * DAY,
            upkeep_interval: Duration::from_secs(1),
        }
    }
}

impl Settings {
    /// The settings of a topic for which none are given.
    pub(crate) fn topic_settings(&self) -> TopicSettings {
        let limit = |limit: Option<u64>| limit.map_or("-1".to_owned(), |limit| limit.to_string());
        let retention = self.retention.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        TopicSettings::new([
            (MAX_MESSAGE_BYTES, self.max_message_bytes.to_string()),
            (RETENTION_BYTES, limit(self.retention_bytes)),
            (RETENTION_MS, limit(retention)),
        ])
    }

    pub(crate) fn check(&self) -> Result<(), BrokerError> {
        if self.default_partitions < 1 {
            return Err(BrokerError::Setting {
                setting: "default_partitions",
                value: self.default_partitions.to_string(),
                rule: "at least 1",
            });
        }
        if self.max_message_bytes > self.max_frame_bytes {
            return Err(BrokerError::Setting {
                setting: "max_message_bytes",
                value: self.max_message_bytes.to_string(),
                rule: "at most 104857600, the largest request",
            });
        }
        if self.upkeep_interval.is_zero() {
            return Err(BrokerError::Setting {
                setting: "upkeep_interval",
                value: "0".to_owned(),
                rule: "longer than no time",
            });
        }
        if self.min_session_timeout > self.max_session_timeout {
            return Err(BrokerError::Setting {
                setting: "min_session_timeout",
                value: format!("{:?}", self.min_session_timeout),
                rule: "at most 30 min, the longest session",
            });
        }
        Ok(())
    }
}
