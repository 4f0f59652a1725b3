//! JSON that belongs to the user: arguments and payloads, kept raw until their type is known.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::text::Borrowed;

/// The member that Faust adds to every record that it writes.
const FAUST_MEMBER: &str = "__faust";

/// The arguments of a test: by position, and by name. Cheap to clone.
///
/// Parameters are filled first by position, then by name, as in Python.
#[derive(Clone, Debug, Default)]
pub struct Arguments(Option<Arc<Given>>);

/// What was given; nothing at all is no allocation.
#[derive(Clone, Debug, Default)]
struct Given {
    positional: Vec<Arc<RawValue>>,
    named: BTreeMap<String, Arc<RawValue>>,
}

impl Arguments {
    /// No arguments.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Those.
    pub(super) fn given(positional: Vec<Arc<RawValue>>, named: BTreeMap<String, Arc<RawValue>>) -> Self {
        let is_any = !positional.is_empty() || !named.is_empty();
        Self(is_any.then(|| Arc::new(Given { positional, named })))
    }

    /// Adds an argument by name.
    ///
    /// # Errors
    ///
    /// The value's `Serialize` fails.
    pub fn insert<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), serde_json::Error> {
        self.insert_raw(name, serde_json::value::to_raw_value(value)?);
        Ok(())
    }

    /// Adds an argument by name, as JSON.
    pub fn insert_raw(&mut self, name: &str, value: Box<RawValue>) {
        Arc::make_mut(self.0.get_or_insert_default()).named.insert(name.to_owned(), value.into());
    }

    /// Those by position.
    pub(super) fn positional(&self) -> &[Arc<RawValue>] {
        self.0.as_ref().map_or(&[], |given| &given.positional)
    }

    /// Those by name.
    pub(super) fn named(&self) -> &BTreeMap<String, Arc<RawValue>> {
        static NONE: BTreeMap<String, Arc<RawValue>> = BTreeMap::new();
        self.0.as_ref().map_or(&NONE, |given| &given.named)
    }

    /// The argument for the parameter at that position with that name.
    #[must_use]
    pub fn get(&self, index: usize, name: &str) -> Option<&RawValue> {
        let given = self.0.as_ref()?;
        given.positional.get(index).or_else(|| given.named.get(name)).map(|json| &**json)
    }

    /// All of them: those by position, and then those by name, with their names.
    pub fn iter(&self) -> impl Iterator<Item = (Option<&str>, &RawValue)> {
        let positional = self.positional().iter().map(|value| (None, &**value));
        positional.chain(self.named().iter().map(|(name, value)| (Some(name.as_str()), &**value)))
    }

    /// What there is, for a message: `2 by position and by name: price, side`.
    #[must_use]
    pub fn describe(&self) -> String {
        let names = self.named().keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        match (self.positional().len(), names.as_str()) {
            (0, "") => "no arguments".to_owned(),
            (0, names) => format!("arguments by name: {names}"),
            (count, "") => format!("{count} by position"),
            (count, names) => format!("{count} by position and by name: {names}"),
        }
    }

    /// The bytes that the JSON of all arguments takes.
    #[must_use]
    pub fn json_bytes(&self) -> usize {
        let named = self.named().iter().map(|(name, value)| name.len() + value.get().len());
        self.positional().iter().map(|value| value.get().len()).chain(named).sum()
    }
}

/// Types that are read from JSON on the wire.
pub trait FromWire: Sized {
    /// Reads the value, ignoring the members that Faust adds even where the type refuses unknown ones.
    ///
    /// # Errors
    ///
    /// The JSON does not fit the type.
    fn from_wire(json: &RawValue) -> Result<Self, PayloadError>;
}

impl<T: DeserializeOwned> FromWire for T {
    fn from_wire(json: &RawValue) -> Result<Self, PayloadError> {
        serde_json::from_str(json.get())
            .or_else(|error| {
                if !json.get().contains(FAUST_MEMBER) {
                    return Err(error);
                }
                let mut value: Value = serde_json::from_str(json.get())?;
                strip_faust_members(&mut value);
                serde_json::from_value(value)
            })
            .map_err(|error| PayloadError {
                came: brief(json.get()),
                expected: std::any::type_name::<T>(),
                reason: brief(&error.to_string()),
            })
    }
}

fn strip_faust_members(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove(FAUST_MEMBER);
            members.values_mut().for_each(strip_faust_members);
        }
        Value::Array(items) => items.iter_mut().for_each(strip_faust_members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// JSON that does not fit the type that was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("came {came}, expected {expected}: {reason}")]
pub struct PayloadError {
    /// The JSON that came, cut short.
    pub came: String,
    /// The Rust type expected.
    pub expected: &'static str,
    /// What the parser said.
    pub reason: String,
}

impl PayloadError {
    /// The same, without what came, and what the parser said of it.
    pub(crate) fn redacted(self) -> Self {
        let came = "something that is kept out of reports".to_owned();
        Self { came, reason: "it does not fit".to_owned(), ..self }
    }
}

/// A text cut to what a message can bear.
pub(super) fn brief(text: &str) -> String {
    const MOST: usize = 200;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

/// Reads a text; a sender in another language may have used a number or any other JSON as a key.
pub(super) fn text_of_any_json<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: for<'t> From<&'t str>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum AnyJson<'t> {
        Text(#[serde(borrow)] Borrowed<'t>),
        Other(Value),
    }
    Ok(match AnyJson::deserialize(deserializer)? {
        AnyJson::Text(text) => T::from(text.as_str()),
        AnyJson::Other(other) => T::from(&other.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        id: String,
        lines: Vec<Line>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        quantity: u32,
    }

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).expect("the test's JSON is JSON")
    }

    #[test]
    fn fausts_own_members_do_not_disturb_a_strict_type() {
        let json = raw(r#"{"id":"o","lines":[{"quantity":2,"__faust":{"ns":"L"}}],"__faust":{"ns":"O"}}"#);
        let order = Order::from_wire(&json).expect("a Faust record is read");
        assert_eq!(order, Order { id: "o".into(), lines: vec![Line { quantity: 2 }] });
    }

    #[test]
    fn a_mismatch_says_what_came_and_what_was_expected() {
        let error = Order::from_wire(&raw(r#"{"id":7,"lines":[]}"#)).expect_err("7 is no text");
        let message = error.to_string();
        assert!(message.contains(r#"came {"id":7,"lines":[]}"#), "{message}");
        assert!(message.contains("Order"), "{message}");
        assert!(message.contains("expected a string"), "{message}");
    }

    #[test]
    fn a_long_value_is_cut_between_characters() {
        let text = brief(&"é".repeat(300));
        assert!(text.ends_with("… (600 bytes)"), "{text}");
    }

    #[test]
    fn parameters_are_filled_by_position_then_by_name() {
        let mut arguments = Arguments::given(vec![raw("1").into()], BTreeMap::new());
        arguments.insert("side", "sell").expect("a text is JSON");
        assert_eq!(arguments.get(0, "quantity").map(RawValue::get), Some("1"));
        assert_eq!(arguments.get(1, "side").map(RawValue::get), Some("\"sell\""));
        assert!(arguments.get(2, "price").is_none());
        assert_eq!(arguments.describe(), "1 by position and by name: side");
    }
}
