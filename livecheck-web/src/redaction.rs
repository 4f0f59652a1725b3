//! Members of payloads that are not to be seen, such as passwords: their values are masked before anything is shown.

use livecheck_core::wire::TestReport;
use serde_json::Value;

/// What stands in place of a value.
const MASK: &str = "•••";

/// The names of members whose values are masked, wherever they stand: in the arguments of a trigger and in the values of
/// signals, at any depth. Upper and lower case are the same.
///
/// What a case itself writes into an error, a log or a comparison is text, and is shown as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redaction(Vec<String>);

impl Redaction {
    /// Of members with those names.
    pub fn of(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().map(|name| name.to_lowercase()).collect())
    }

    /// The report as it may be seen; nothing if it could not be masked.
    pub(crate) fn apply(&self, report: TestReport) -> Option<TestReport> {
        if self.0.is_empty() {
            return Some(report);
        }
        let mut json = serde_json::to_value(&report).ok()?;
        if let Some(test) = json.get_mut("test") {
            self.mask(test);
        }
        let steps = json.pointer_mut("/explanation/timeline").and_then(Value::as_array_mut);
        for value in steps.into_iter().flatten().filter_map(|step| step.get_mut("value")) {
            if let Value::String(text) = value {
                *text = self.text(text);
            }
        }
        // By way of text: arguments are kept as they are written.
        serde_json::from_str(&json.to_string()).ok()
    }

    fn mask(&self, value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    if self.names(name) {
                        *value = MASK.into();
                    } else {
                        self.mask(value);
                    }
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.mask(value)),
            _ => {}
        }
    }

    /// A value that is written as JSON. One that was cut can be read no longer: then all of it is masked if it may have
    /// such a member.
    fn text(&self, text: &str) -> String {
        if let Ok(mut value) = serde_json::from_str::<Value>(text) {
            self.mask(&mut value);
            return value.to_string();
        }
        let lower = text.to_lowercase();
        if self.0.iter().any(|name| lower.contains(name.as_str())) {
            MASK.to_owned()
        } else {
            text.to_owned()
        }
    }

    fn names(&self, name: &str) -> bool {
        self.0.contains(&name.to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_masked_wherever_they_stand() {
        let json = serde_json::json!({
            "case_name": "c", "state": "FAIL", "runtime": 0.1, "signal_latency": {}, "error": null, "traceback": null,
            "test": {
                "id": "o-1", "case_name": "c", "timestamp": "2026-11-21T02:03:04Z", "expires": "2026-11-21T05:03:04Z",
                "test_args": [{ "Password": "hunter2", "user": "ada" }],
                "test_kwargs": { "token": "t0ken", "card": [{ "pan": { "digits": "4111" } }] },
            },
            "explanation": { "timeline": [
                { "step": "signal", "name": "sent", "time": "2026-11-21T02:03:04Z", "latency": 0.1,
                  "at": { "topic": "t", "partition": 0, "offset": 1 }, "value": r#"{"pan":"4111","side":"buy"}"# },
                { "step": "signal", "name": "cut", "time": "2026-11-21T02:03:04Z", "latency": 0.1,
                  "at": { "topic": "t", "partition": 0, "offset": 2 }, "value": r#"{"side":"sell","pan":"41…"# },
            ] },
        });
        let report: TestReport = serde_json::from_str(&json.to_string()).expect("a report");
        let redaction = Redaction::of(["password", "TOKEN", "pan"].map(str::to_owned));
        let seen = serde_json::to_string(&redaction.apply(report).expect("it is masked")).expect("JSON");
        for secret in ["hunter2", "t0ken", "4111", "41…"] {
            assert!(!seen.contains(secret), "{secret}: {seen}");
        }
        assert!(seen.contains("ada") && seen.contains("buy"), "{seen}");
    }
}
