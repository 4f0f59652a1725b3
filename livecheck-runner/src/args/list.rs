//! Arguments of `list`.

use clap::{Args, ValueEnum};

use super::Selection;

/// Arguments of `list`.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct ListArgs {
    /// Which cases.
    #[command(flatten)]
    pub selection: Selection,

    /// Form of the list
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t, help_heading = "Output options")]
    pub message_format: MessageFormat,
}

/// Form of a list on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// For people
    #[default]
    Human,
    /// JSON without spaces
    Json,
    /// JSON, indented
    JsonPretty,
}
