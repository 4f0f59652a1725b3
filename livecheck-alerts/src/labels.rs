//! What an alert is known by: names and values, as in Prometheus, and the tags of its case.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::Hasher,
};

use fnv::FnvHasher;
use serde::{Deserialize, Serialize};

/// The name under which matchers find tags: each of them is a value of it.
pub const TAG: &str = "tag";

/// The labels of an alert. Two alerts with the same labels are one.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Labels {
    /// By name.
    #[serde(flatten)]
    pub named: BTreeMap<String, String>,
    /// The tags of the case.
    #[serde(rename = "tags", default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
}

impl Labels {
    /// The value of a label; of [`TAG`], and of `tags`, all tags with commas between. Empty where there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> String {
        match name {
            TAG | "tags" => self.tags.iter().map(String::as_str).collect::<Vec<_>>().join(","),
            name => self.named.get(name).cloned().unwrap_or_default(),
        }
    }

    /// As names and values alone, for who knows no lists: the tags are one value.
    #[must_use]
    pub fn flat(&self) -> BTreeMap<String, String> {
        let mut flat = self.named.clone();
        if !self.tags.is_empty() {
            flat.insert("tags".to_owned(), self.get(TAG));
        }
        flat
    }

    /// The values of a label, at least one: a label that is not there is empty.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        let values: Vec<&str> = match name {
            TAG => self.tags.iter().map(String::as_str).collect(),
            name => self.named.get(name).map(String::as_str).into_iter().collect(),
        };
        if values.is_empty() { vec![""] } else { values }
    }
}

/// The same for the same labels, in every process and version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Of anything that has JSON.
    pub(crate) fn of(value: &impl Serialize) -> Self {
        let text = serde_json::to_vec(value).unwrap_or_default();
        Self(format!("{:016x}", fnv1a(&text)))
    }

    /// As 16 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// FNV-1a with 64 bits (`draft-eastlake-fnv`): what is kept in Kafka must not depend on this program's compiler, as
/// the standard library's hash does.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash = FnvHasher::default();
    hash.write(bytes);
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_the_same_tomorrow() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
        let labels = Labels { tags: ["smoke".to_owned()].into(), ..Labels::default() };
        let written = serde_json::to_string(&labels).expect("they have JSON");
        assert_eq!(written, r#"{"tags":["smoke"]}"#);
        assert_eq!(serde_json::from_str::<Labels>(&written).expect("read"), labels);
    }
}
