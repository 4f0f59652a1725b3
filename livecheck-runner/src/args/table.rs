//! Arguments of `table`.

use clap::Args;
use serde_json::Value;

use super::MessageFormat;

/// Arguments of `table`.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct TableArgs {
    /// The case that has the table
    #[arg(value_name = "CASE")]
    pub case: String,

    /// The table: the name of the parameter
    #[arg(value_name = "TABLE")]
    pub table: String,

    /// A key, in JSON or else a string; by default all keys are shown
    #[arg(value_name = "KEY", value_parser = parse_key)]
    pub key: Option<Value>,

    /// Look at the table of this group instead of the configured one
    #[arg(long, value_name = "GROUP", help_heading = "Table options")]
    pub group: Option<String>,

    /// Form of the rows; as JSON each is an object of its own
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t, help_heading = "Output options")]
    pub message_format: MessageFormat,
}

#[expect(clippy::unnecessary_wraps, reason = "clap wants a parser that may fail")]
fn parse_key(text: &str) -> Result<Value, serde_json::Error> {
    Ok(serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())))
}
