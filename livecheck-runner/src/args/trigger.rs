//! Arguments of `trigger`.

use std::str::FromStr;

use clap::Args;
use serde_json::Value;

/// Arguments of `trigger`.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct TriggerArgs {
    /// The case to execute
    #[arg(value_name = "CASE")]
    pub case: String,

    /// Id of the execution, such as the order's or the request's [default: a new UUID]
    #[arg(long, value_name = "ID", help_heading = "Trigger options")]
    pub id: Option<String>,

    /// An argument of the case; the value is JSON, or else a string
    #[arg(long = "arg", value_name = "NAME=VALUE", help_heading = "Trigger options")]
    pub args: Vec<CaseArgument>,

    /// All arguments of the case, as a JSON object
    #[arg(
        long,
        value_name = "JSON",
        value_parser = parse_json_object,
        conflicts_with = "args",
        help_heading = "Trigger options"
    )]
    pub args_json: Option<Value>,
}

/// One argument of a case, by name.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseArgument {
    /// The parameter's name.
    pub name: String,
    /// What to pass: the text read as JSON where it is JSON, a string where it is not.
    pub value: Value,
}

impl FromStr for CaseArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => Ok(Self {
                name: name.trim().to_owned(),
                value: serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned())),
            }),
            _ => Err("expected NAME=VALUE, such as side=sell".to_owned()),
        }
    }
}

fn parse_json_object(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err("expected a JSON object with the parameters' names as keys".to_owned()),
        Err(error) => Err(format!("not JSON: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_argument_is_json_or_else_a_string() {
        let value = |text: &str| text.parse::<CaseArgument>().map(|argument| argument.value);
        assert_eq!(value("side=sell"), Ok(json!("sell")));
        assert_eq!(value("quantity=3"), Ok(json!(3)));
        assert_eq!(value("id=\"3\""), Ok(json!("3")));
        assert_eq!(value("price={\"amount\": 1}"), Ok(json!({"amount": 1})));
        assert_eq!(value("note=a=b"), Ok(json!("a=b")));
        assert!(value("side").is_err());
    }

    #[test]
    fn all_arguments_together_are_a_json_object() {
        assert!(parse_json_object("{\"side\": \"sell\"}").is_ok());
        assert!(parse_json_object("[1]").is_err());
        assert!(parse_json_object("{").is_err());
    }
}
