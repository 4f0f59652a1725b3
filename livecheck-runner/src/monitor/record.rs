//! What stands on the monitor's topic: the state of each case, how far the reports were read, and what each runner
//! has in flight.
//!
//! | key | value |
//! |---|---|
//! | `["GROUP","case","NAME"]` | [`CaseState`](super::case_state::CaseState) |
//! | `["GROUP","position"]` | [`Position`] |
//! | `["GROUP","slots","NAME"]` | [`Slots`](super::slots::Slots): which slot of the case was fired, or is about to be |
//! | `["GROUP","alerts",…]` | what the alerts know: see [`livecheck_alerts::desk::Kept`] |
//! | `["GROUP","runner","ID"]` | [`RunnerRecord`]; none once the runner has ended |
//!
//! The values are JSON, within `{"version":1,"value":…}`. The topic is compacted: of each key the latest is kept.
//! All but the last are written by the leader alone, in transactions; that one by each runner about itself, and
//! silences by whoever wants silence.

use std::collections::BTreeMap;

use livecheck_core::wire::{DecodeError, decode};
use livecheck_core::{CaseName, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::engine::CaseTally;

/// The version of the values that this program writes, and the only one that it reads.
const VERSION: u32 = 1;

/// What a record is about, within a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// A case.
    Case(CaseName),
    /// How far the reports were read.
    Position,
    /// What has become of the slots of a case.
    Slots(CaseName),
    /// What the alerts know.
    Alerts(livecheck_alerts::Key),
    /// A runner, by its id.
    Runner(String),
}

impl Key {
    pub(crate) fn encode(&self, group: &str) -> String {
        let of_alerts;
        let parts = match self {
            Self::Case(name) => vec![group, "case", name.as_str()],
            Self::Position => vec![group, "position"],
            Self::Slots(name) => vec![group, "slots", name.as_str()],
            Self::Alerts(key) => {
                of_alerts = key.parts();
                [group, "alerts"].into_iter().chain(of_alerts.iter().map(String::as_str)).collect()
            }
            Self::Runner(id) => vec![group, "runner", id],
        };
        // A list of texts has JSON.
        serde_json::to_string(&parts).unwrap_or_default()
    }

    /// The key of a record of that group; none of another's.
    pub(crate) fn decode(group: &str, key: Option<&[u8]>) -> Option<Self> {
        let parts: Vec<String> = serde_json::from_slice(key?).ok()?;
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let [of, rest @ ..] = &parts[..] else { return None };
        match rest {
            _ if *of != group => None,
            ["case", name] => Some(Self::Case((*name).into())),
            ["position"] => Some(Self::Position),
            ["slots", name] => Some(Self::Slots((*name).into())),
            ["alerts", rest @ ..] => livecheck_alerts::Key::from_parts(rest).map(Self::Alerts),
            ["runner", id] => Some(Self::Runner((*id).to_owned())),
            _ => None,
        }
    }
}

/// How far the reports were read, for the states that stand beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// The runner that led.
    pub(crate) leader: String,
    /// By partition of the report topic: the next offset.
    pub(crate) offsets: BTreeMap<i32, i64>,
    /// Until when, in log time, somebody is known to have watched.
    pub(crate) watched_until: Option<Timestamp>,
}

/// What a runner says of itself: one reading of its counts, in which those of each case balance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RunnerRecord {
    /// The machine that it runs on.
    pub(crate) host: String,
    /// When it started, by its own clock.
    pub(crate) started: Timestamp,
    /// Its counts, since then. What it has handed over to others is theirs.
    pub(crate) cases: BTreeMap<CaseName, CaseTally>,
    /// What others may ask it for.
    #[serde(default)]
    pub(crate) serves: Serves,
}

/// What others may ask a runner for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Serves {
    /// Where its page is, as they reach it: `http://HOST:PORT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) page: Option<String>,
    /// The file on its machine in which it keeps the results while it leads; none, where a server has them, or nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
}

/// A value as it stands in a record.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    version: u32,
    value: T,
}

/// Why a value cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error("it is of version {0}, and this program knows version {VERSION}")]
    Version(u32),
    #[error("it has another form: {0}")]
    Form(String),
}

impl From<serde_json::Error> for Unreadable {
    fn from(error: serde_json::Error) -> Self {
        Self::Form(error.to_string())
    }
}

/// Writes a value.
pub(crate) fn encode_value<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Kept { version: VERSION, value })
}

/// Reads a value.
pub(crate) fn decode_value<T: DeserializeOwned>(value: Option<&[u8]>) -> Result<T, Unreadable> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    // Of another version the value may have another shape.
    let Version { version } = decode(value)?;
    if version != VERSION {
        return Err(Unreadable::Version(version));
    }
    Ok(decode::<Kept<T>>(value)?.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_written_and_only_in_its_group() {
        for key in [
            Key::Case("a::\"b\"".into()),
            Key::Position,
            Key::Slots("a".into()),
            Key::Alerts(livecheck_alerts::Key::Silence("s-1".to_owned())),
            Key::Runner("r-1".to_owned()),
        ] {
            let written = key.encode("shop");
            assert_eq!(Key::decode("shop", Some(written.as_bytes())), Some(key.clone()));
            assert_eq!(Key::decode("another", Some(written.as_bytes())), None);
        }
        assert_eq!(Key::Case("a".into()).encode("shop"), r#"["shop","case","a"]"#);
        for odd in ["", "[]", "{}", r#"["shop"]"#, r#"["shop","case"]"#, r#"["shop","later",1]"#] {
            assert_eq!(Key::decode("shop", Some(odd.as_bytes())), None, "{odd}");
        }
    }

    #[test]
    fn a_value_of_another_version_is_said_to_be_one() {
        let position =
            Position { leader: "r-1".to_owned(), offsets: [(0, 7), (10, 3)].into(), watched_until: None };
        let written = encode_value(&position).expect("it has JSON");
        assert_eq!(decode_value(Some(&written)), Ok(position));
        let later = br#"{"version":2,"value":["of", "another", "shape"]}"#;
        assert_eq!(decode_value::<Position>(Some(later)), Err(Unreadable::Version(2)));
        assert!(decode_value::<Position>(None).is_err());
    }
}
