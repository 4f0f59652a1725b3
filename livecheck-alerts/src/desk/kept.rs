//! What is kept of the heart, record by record, and put together again.

use std::collections::BTreeMap;

use livecheck_core::CaseName;
use serde::Serialize;

use super::ConversationKey;
use crate::alert::{Alert, AlertKey, Kind};
use crate::conversation::Conversation;
use crate::rate::RateWindow;
use crate::silence::Silence;

/// What a record is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// An open alert.
    Alert(AlertKey),
    /// What a receiver knows of a group of alerts.
    Conversation(ConversationKey),
    /// A silence, by its id.
    Silence(String),
    /// The executions of a case, as far as the failure rate goes by them.
    Rate(CaseName),
}

impl Key {
    /// As texts, of which a key of Kafka can be made.
    #[must_use]
    pub fn parts(&self) -> Vec<String> {
        match self {
            Self::Alert(AlertKey { kind, case }) => {
                vec!["open".to_owned(), kind.as_str().to_owned(), case.to_string()]
            }
            Self::Conversation(ConversationKey { receiver, group }) => {
                let group = serde_json::to_string(group).unwrap_or_default();
                vec!["conversation".to_owned(), receiver.clone(), group]
            }
            Self::Silence(id) => vec!["silence".to_owned(), id.clone()],
            Self::Rate(case) => vec!["rate".to_owned(), case.to_string()],
        }
    }

    /// The key of those texts; none of others'.
    #[must_use]
    pub fn from_parts(parts: &[&str]) -> Option<Self> {
        Some(match parts {
            ["open", kind, case] => {
                let kind = Kind::ALL.into_iter().find(|known| known.as_str() == *kind)?;
                Self::Alert(AlertKey { kind, case: (*case).into() })
            }
            ["conversation", receiver, group] => Self::Conversation(ConversationKey {
                receiver: (*receiver).to_owned(),
                group: serde_json::from_str(group).ok()?,
            }),
            ["silence", id] => Self::Silence((*id).to_owned()),
            ["rate", case] => Self::Rate((*case).into()),
            _ => return None,
        })
    }
}

/// What is kept under a key.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Kept<'d> {
    /// An open alert.
    Alert(&'d Alert),
    /// What a receiver knows of a group of alerts.
    Conversation(&'d Conversation),
    /// A silence.
    Silence(&'d Silence),
    /// The executions of a case.
    Rate(&'d RateWindow),
}

/// What was kept, put together again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Restored {
    pub(super) open: BTreeMap<AlertKey, Alert>,
    pub(super) conversations: BTreeMap<ConversationKey, Conversation>,
    pub(super) silences: BTreeMap<String, Silence>,
    pub(super) rates: BTreeMap<CaseName, RateWindow>,
}

impl Restored {
    /// Takes in the next record: what is kept under a key from then on, or that nothing is.
    ///
    /// # Errors
    ///
    /// The value has another form.
    pub fn take(&mut self, key: Key, value: Option<serde_json::Value>) -> Result<(), serde_json::Error> {
        fn put<K: Ord, V: serde::de::DeserializeOwned>(
            map: &mut BTreeMap<K, V>,
            key: K,
            value: Option<serde_json::Value>,
        ) -> Result<(), serde_json::Error> {
            match value {
                Some(value) => drop(map.insert(key, serde_json::from_value(value)?)),
                None => drop(map.remove(&key)),
            }
            Ok(())
        }
        match key {
            Key::Alert(key) => put(&mut self.open, key, value),
            Key::Conversation(key) => put(&mut self.conversations, key, value),
            Key::Silence(id) => put(&mut self.silences, id, value),
            Key::Rate(case) => put(&mut self.rates, case, value),
        }
    }

    /// The silences, by their ids.
    #[must_use]
    pub fn silences(&self) -> &BTreeMap<String, Silence> {
        &self.silences
    }
}
