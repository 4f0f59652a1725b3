//! A topic's settings, by Kafka's names.

use std::collections::BTreeMap;

use crate::log::{Compaction, LogRules, Retention, TimestampType};

/// How a value is written; the numbers are the protocol's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean = 1,
    Text = 2,
    Int = 3,
    Long = 5,
    Double = 6,
    List = 7,
}

/// What a value may be.
#[derive(Debug, Clone, Copy)]
enum Rule {
    AtLeast(i64),
    Fraction,
    Boolean,
    OneOf(&'static [&'static str]),
    SomeOf(&'static [&'static str]),
    Anything,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    name: &'static str,
    kind: Kind,
    rule: Rule,
    default: &'static str,
}

const fn known(name: &'static str, kind: Kind, rule: Rule, default: &'static str) -> Known {
    Known { name, kind, rule, default }
}

pub(crate) const MAX_MESSAGE_BYTES: &str = "max.message.bytes";
const TIMESTAMP_TYPE: &str = "message.timestamp.type";
const TIMESTAMP_AFTER: &str = "message.timestamp.after.max.ms";
const TIMESTAMP_BEFORE: &str = "message.timestamp.before.max.ms";
const CLEANUP_POLICY: &str = "cleanup.policy";
pub(crate) const RETENTION_BYTES: &str = "retention.bytes";
pub(crate) const RETENTION_MS: &str = "retention.ms";
const FOREVER: &str = "9223372036854775807";

/// Every setting that a topic may have. `compression.type` is "producer" alone: this broker stores what it was
/// sent, and says so rather than accept another value and ignore it.
const KNOWN: &[Known] = &[
    known(CLEANUP_POLICY, Kind::List, Rule::SomeOf(&["compact", "delete"]), "delete"),
    known("compression.type", Kind::Text, Rule::OneOf(&["producer"]), "producer"),
    known("delete.retention.ms", Kind::Long, Rule::AtLeast(0), "86400000"),
    known("file.delete.delay.ms", Kind::Long, Rule::AtLeast(0), "60000"),
    known("flush.messages", Kind::Long, Rule::AtLeast(1), FOREVER),
    known("flush.ms", Kind::Long, Rule::AtLeast(0), FOREVER),
    known("follower.replication.throttled.replicas", Kind::List, Rule::Anything, ""),
    known("index.interval.bytes", Kind::Int, Rule::AtLeast(0), "4096"),
    known("leader.replication.throttled.replicas", Kind::List, Rule::Anything, ""),
    known("max.compaction.lag.ms", Kind::Long, Rule::AtLeast(1), FOREVER),
    known(MAX_MESSAGE_BYTES, Kind::Int, Rule::AtLeast(0), "1048588"),
    known(TIMESTAMP_AFTER, Kind::Long, Rule::AtLeast(0), "3600000"),
    known(TIMESTAMP_BEFORE, Kind::Long, Rule::AtLeast(0), FOREVER),
    known(TIMESTAMP_TYPE, Kind::Text, Rule::OneOf(&["CreateTime", "LogAppendTime"]), "CreateTime"),
    known("min.cleanable.dirty.ratio", Kind::Double, Rule::Fraction, "0.5"),
    known("min.compaction.lag.ms", Kind::Long, Rule::AtLeast(0), "0"),
    known("min.insync.replicas", Kind::Int, Rule::OneOf(&["1"]), "1"),
    known("preallocate", Kind::Boolean, Rule::Boolean, "false"),
    known(RETENTION_BYTES, Kind::Long, Rule::AtLeast(-1), "-1"),
    known(RETENTION_MS, Kind::Long, Rule::AtLeast(-1), "604800000"),
    known("segment.bytes", Kind::Int, Rule::AtLeast(14), "1073741824"),
    known("segment.index.bytes", Kind::Int, Rule::AtLeast(4), "10485760"),
    known("segment.jitter.ms", Kind::Long, Rule::AtLeast(0), "0"),
    known("segment.ms", Kind::Long, Rule::AtLeast(1), "604800000"),
    known("unclean.leader.election.enable", Kind::Boolean, Rule::Boolean, "false"),
];

/// What was set for one topic; all else has its default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TopicSettings {
    set: BTreeMap<&'static str, String>,
    /// What the broker was told to start with, where that differs from Kafka's own defaults.
    brokers: BTreeMap<&'static str, String>,
}

impl TopicSettings {
    /// Nothing set, on a broker with these defaults of its own.
    pub(crate) fn new(brokers: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        Self { set: BTreeMap::new(), brokers: brokers.into_iter().collect() }
    }

    /// Sets one; refuses names and values that Kafka would refuse, or that this broker could only pretend to.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let Some(known) = KNOWN.iter().find(|known| known.name == name) else {
            return Err(format!("Unknown topic config name: {name}"));
        };
        let value = value.trim();
        check(known, value).map_err(|rule| {
            format!("Invalid value {value} for configuration {name}: Value must be {rule}")
        })?;
        self.set.insert(known.name, value.to_owned());
        Ok(())
    }

    /// Back to the default.
    pub(crate) fn unset(&mut self, name: &str) -> Result<(), String> {
        if !KNOWN.iter().any(|known| known.name == name) {
            return Err(format!("Unknown topic config name: {name}"));
        }
        self.set.remove(name);
        Ok(())
    }

    /// What was set, by name.
    pub(crate) fn all_set(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.set.iter().map(|(name, value)| (*name, value.as_str()))
    }

    pub(crate) fn timestamps(&self) -> TimestampType {
        match self.set.get(TIMESTAMP_TYPE).map(String::as_str) {
            Some("LogAppendTime") => TimestampType::LogAppendTime,
            _ => TimestampType::CreateTime,
        }
    }

    /// Whether each record must have a key.
    pub(crate) fn is_compacted(&self) -> bool {
        self.has_policy("compact")
    }

    fn has_policy(&self, policy: &str) -> bool {
        self.value(CLEANUP_POLICY).split(',').any(|one| one.trim() == policy)
    }

    /// What the topic's logs go by.
    pub(crate) fn rules(&self) -> LogRules {
        // In Kafka, -1 stands for no limit.
        let limit = |name| Some(self.long(name)).filter(|limit| *limit >= 0);
        LogRules {
            timestamps: self.timestamps(),
            segment_bytes: usize::try_from(self.long("segment.bytes")).unwrap_or(usize::MAX),
            segment_ms: self.long("segment.ms"),
            flush_messages: self.long("flush.messages"),
            flush_ms: self.long("flush.ms"),
            delete: self.has_policy("delete").then(|| Retention {
                bytes: limit(RETENTION_BYTES).and_then(|bytes| usize::try_from(bytes).ok()),
                ms: limit(RETENTION_MS),
            }),
            compact: self.is_compacted().then(|| Compaction {
                dirty_ratio: self.value("min.cleanable.dirty.ratio").parse().unwrap_or(0.5),
                min_lag_ms: self.long("min.compaction.lag.ms"),
                max_lag_ms: self.long("max.compaction.lag.ms"),
                tombstones_ms: self.long("delete.retention.ms"),
            }),
        }
    }

    pub(crate) fn max_message_bytes(&self) -> usize {
        usize::try_from(self.long(MAX_MESSAGE_BYTES)).unwrap_or(usize::MAX)
    }

    /// Whether a record of this time is accepted now. Where the broker's time counts, any is.
    pub(crate) fn allows_time(&self, timestamp: i64, now: i64) -> bool {
        self.timestamps() == TimestampType::LogAppendTime
            || timestamp < 0
            || (now.saturating_sub(timestamp) <= self.long(TIMESTAMP_BEFORE)
                && timestamp.saturating_sub(now) <= self.long(TIMESTAMP_AFTER))
    }

    fn long(&self, name: &'static str) -> i64 {
        self.value(name).parse().unwrap_or(i64::MAX)
    }

    fn value(&self, name: &'static str) -> String {
        if let Some(value) = self.set.get(name).or_else(|| self.brokers.get(name)) {
            return value.clone();
        }
        KNOWN
            .iter()
            .find(|known| known.name == name)
            .map(|known| known.default.to_owned())
            .unwrap_or_default()
    }
}

/// One setting as an administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Described {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    pub(crate) kind: Kind,
    pub(crate) origin: Origin,
}

/// Where a value is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It was set for the topic.
    Topic,
    /// The broker was started with it.
    Broker,
    /// It is Kafka's.
    Default,
}

/// All settings of a topic, with the values that hold.
pub(crate) fn described(settings: &TopicSettings) -> Vec<Described> {
    KNOWN
        .iter()
        .map(|known| Described {
            name: known.name,
            value: settings.value(known.name),
            kind: known.kind,
            origin: if settings.set.contains_key(known.name) {
                Origin::Topic
            } else if settings.brokers.get(known.name).is_some_and(|value| value != known.default) {
                Origin::Broker
            } else {
                Origin::Default
            },
        })
        .collect()
}

/// The rule that the value breaks, in words.
fn check(known: &Known, value: &str) -> Result<(), String> {
    let limit = if known.kind == Kind::Int { i64::from(i32::MAX) } else { i64::MAX };
    let ok = match known.rule {
        Rule::AtLeast(least) => value.parse().is_ok_and(|number: i64| (least..=limit).contains(&number)),
        Rule::Fraction => value.parse().is_ok_and(|number: f64| (0.0..=1.0).contains(&number)),
        Rule::Boolean => value == "true" || value == "false",
        Rule::OneOf(values) => values.contains(&value),
        Rule::SomeOf(values) => value.split(',').all(|one| values.contains(&one.trim())),
        Rule::Anything => true,
    };
    if ok {
        return Ok(());
    }
    Err(match known.rule {
        Rule::AtLeast(least) => format!("a whole number of at least {least}"),
        Rule::Fraction => "a number from 0 to 1".to_owned(),
        Rule::Boolean => "true or false".to_owned(),
        Rule::OneOf(values) | Rule::SomeOf(values) => format!("one of {}", values.join(", ")),
        Rule::Anything => "anything".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_obeys_its_own_rule() {
        for known in KNOWN {
            assert_eq!(check(known, known.default), Ok(()), "{}", known.name);
        }
    }

    #[test]
    fn unknown_names_and_wrong_values_are_refused() {
        let mut settings = TopicSettings::default();
        assert!(settings.set("retention", "1").is_err());
        assert!(settings.set("retention.ms", "soon").is_err());
        assert!(settings.set("compression.type", "zstd").is_err());
        assert!(settings.set("max.message.bytes", "3000000000").is_err());
        assert_eq!(settings.set("cleanup.policy", "compact,delete"), Ok(()));
        assert_eq!(settings.set("retention.ms", "-1"), Ok(()));
    }

    #[test]
    fn a_topics_own_limit_stands_before_the_brokers() {
        let mut settings = TopicSettings::new([(MAX_MESSAGE_BYTES, "5000".to_owned())]);
        assert_eq!(settings.max_message_bytes(), 5_000);
        settings.set(MAX_MESSAGE_BYTES, "7000").expect("valid");
        assert_eq!(settings.max_message_bytes(), 7_000);
        settings.unset(MAX_MESSAGE_BYTES).expect("known");
        assert_eq!(settings.max_message_bytes(), 5_000);
    }

    #[test]
    fn a_log_goes_by_its_topics_settings() {
        let mut settings = TopicSettings::default();
        let week = Some(Retention { bytes: None, ms: Some(604_800_000) });
        assert_eq!((settings.rules().delete, settings.rules().compact), (week, None));
        settings.set("cleanup.policy", "compact").expect("valid");
        settings.set("delete.retention.ms", "7").expect("valid");
        assert_eq!(settings.rules().delete, None);
        assert_eq!(settings.rules().compact.map(|compaction| compaction.tombstones_ms), Some(7));
        settings.set("cleanup.policy", "compact,delete").expect("valid");
        settings.set("retention.ms", "-1").expect("valid");
        settings.set("retention.bytes", "10").expect("valid");
        assert_eq!(settings.rules().delete, Some(Retention { bytes: Some(10), ms: None }));
        assert!(settings.rules().compact.is_some());
    }
}
