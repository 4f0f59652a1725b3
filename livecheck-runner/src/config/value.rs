//! What a setting may be, written in TOML or as the text of a variable.

use std::path::PathBuf;
use std::time::Duration;

use livecheck_core::control::{NoProbability, Probability};
use livecheck_core::time::IntoDuration;
use livecheck_web::Token;
use toml::de::DeValue;

use super::web::PageUrl;
use crate::args::WebListen;

/// A type of settings.
pub(super) trait Value: Sized {
    /// What is expected, for messages: "a port number".
    const EXPECTED: &'static str;

    /// Reads it from TOML.
    fn from_toml(value: &DeValue<'_>) -> Option<Self>;

    /// Reads it from a variable.
    fn from_text(text: &str) -> Option<Self>;
}

impl Value for String {
    const EXPECTED: &'static str = "a text";

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl Value for PathBuf {
    const EXPECTED: &'static str = "a path";

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        value.as_str().filter(|path| !path.is_empty()).map(Self::from)
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(text.into())
    }
}

impl Value for bool {
    const EXPECTED: &'static str = "`true` or `false`";

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        value.as_bool()
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Value for u16 {
    const EXPECTED: &'static str = "a port number from 0 to 65535";

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        integer(value)?.try_into().ok()
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Value for WebListen {
    const EXPECTED: &'static str = Self::EXPECTED;

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        match value {
            DeValue::Boolean(false) => Some(Self::Off),
            _ => Self::from_text(value.as_str()?),
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Value for Token {
    const EXPECTED: &'static str = "a text that is not empty";

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        PropertyValue::from_toml(value).and_then(|PropertyValue(text)| Self::new(&text))
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::new(text)
    }
}

impl Value for PageUrl {
    const EXPECTED: &'static str = Self::EXPECTED;

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        Self::from_text(value.as_str()?)
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// A count that Kafka keeps in a signed number, and that is at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count(pub(super) i32);

impl Value for Count {
    const EXPECTED: &'static str = "a number from 1";

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        integer(value)?.try_into().ok().filter(|&count| count > 0).map(Self)
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok().filter(|&count| count > 0).map(Self)
    }
}

impl Value for Duration {
    const EXPECTED: &'static str = "a duration such as \"50ms\", \"1h 30s\", or a number of seconds";

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        match value {
            DeValue::String(text) => text.as_ref().into_duration().ok(),
            DeValue::Float(seconds) => seconds.as_str().parse::<f64>().ok()?.into_duration().ok(),
            _ => u64::try_from(integer(value)?).ok()?.into_duration().ok(),
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse::<f64>()
            .ok()
            .and_then(|seconds| seconds.into_duration().ok())
            .or_else(|| text.into_duration().ok())
    }
}

/// A time between two things that happen again and again: more than nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interval(pub(super) Duration);

impl Value for Interval {
    const EXPECTED: &'static str = "a duration above zero, such as \"50ms\" or \"30s\"";

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        Duration::from_toml(value).filter(|interval| !interval.is_zero()).map(Self)
    }

    fn from_text(text: &str) -> Option<Self> {
        Duration::from_text(text).filter(|interval| !interval.is_zero()).map(Self)
    }
}

/// Words, such as tags and names of hosts; in a variable, with commas between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words(pub(super) Vec<String>);

impl Words {
    fn of(words: Vec<String>) -> Option<Self> {
        let is_word =
            |word: &String| !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || c == ',');
        words.iter().all(is_word).then_some(Self(words))
    }
}

impl Value for Words {
    const EXPECTED: &'static str = "a list of words, such as [\"smoke\", \"payments\"]";

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        let words = value.as_array()?.iter().map(|word| word.get_ref().as_str().map(str::to_owned));
        Self::of(words.collect::<Option<_>>()?)
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::of(text.split(',').map(|word| word.trim().to_owned()).collect())
    }
}

impl Value for Probability {
    const EXPECTED: &'static str = NoProbability::EXPECTED;

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        match value {
            DeValue::String(text) => text.parse().ok(),
            DeValue::Float(share) => share.as_str().parse().ok(),
            // Nothing or all: 10 would be 10 % to one, and an error to another.
            _ => Self::try_from(f64::from(i32::try_from(integer(value)?).ok()?)).ok(),
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// Texts, of which there may be one or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Texts(pub(super) Vec<String>);

impl Value for Texts {
    const EXPECTED: &'static str = "a list of texts";

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        let Some(items) = value.as_array() else { return Self::from_text(value.as_str()?) };
        let texts = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
        texts.collect::<Option<Vec<_>>>().map(Self)
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(Self(vec![text.to_owned()]))
    }
}

/// A name that can be part of a file's, and of much else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name(pub(super) String);

impl Value for Name {
    const EXPECTED: &'static str = "a name of letters, digits, `-`, `_` and `.`";

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        Self::from_text(value.as_str()?)
    }

    fn from_text(text: &str) -> Option<Self> {
        let fits = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
        let is_name = !text.is_empty() && !text.starts_with('.') && text.chars().all(fits);
        is_name.then(|| Self(text.to_owned()))
    }
}

/// The value of a librdkafka property, which is a text whatever is meant by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PropertyValue(pub(super) String);

impl Value for PropertyValue {
    const EXPECTED: &'static str = "a text, a number, `true` or `false`";

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        let text = match value {
            DeValue::String(text) => text.to_string(),
            DeValue::Boolean(truth) => truth.to_string(),
            DeValue::Float(number) => number.as_str().to_owned(),
            _ => integer(value)?.to_string(),
        };
        Some(Self(text))
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(Self(text.to_owned()))
    }
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// What stands there, for messages: "the text `ten`".
pub(super) fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text `{text}`"),
        DeValue::Integer(number) => format!("the number `{number}`"),
        DeValue::Float(number) => format!("the number `{number}`"),
        DeValue::Boolean(truth) => format!("`{truth}`"),
        DeValue::Datetime(time) => format!("the date `{time}`"),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toml<T: Value>(text: &str) -> Option<T> {
        T::from_toml(DeValue::parse(text).expect("TOML").get_ref())
    }

    #[test]
    fn durations() {
        for text in ["\"1m 30s\"", "90", "90.0"] {
            assert_eq!(toml::<Duration>(text), Some(Duration::from_secs(90)), "{text}");
        }
        for text in ["\"soon\"", "-1", "true", "[]"] {
            assert_eq!(toml::<Duration>(text), None, "{text}");
        }
        assert_eq!(Duration::from_text("0.5"), Some(Duration::from_millis(500)));
        assert_eq!(Duration::from_text("50ms"), Some(Duration::from_millis(50)));
        assert_eq!(Interval::from_text("0"), None);
    }

    #[test]
    fn counts_and_ports_have_bounds() {
        assert_eq!(toml("8"), Some(Count(8)));
        assert_eq!(toml::<Count>("0"), None);
        assert_eq!(toml::<Count>("3000000000"), None);
        assert_eq!(toml::<u16>("0x17b2"), Some(6066));
        assert_eq!(toml::<u16>("65536"), None);
        assert_eq!(u16::from_text("six"), None);
    }

    #[test]
    fn a_property_is_a_text_whatever_it_is_written_as() {
        for (text, value) in [("\"SSL\"", "SSL"), ("1_000", "1000"), ("true", "true"), ("0.5", "0.5")] {
            assert_eq!(toml(text), Some(PropertyValue(value.to_owned())));
        }
    }
}
