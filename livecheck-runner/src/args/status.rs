//! Arguments of `status`.

use clap::Args;

use super::{MessageFormat, Selection};

/// Arguments of `status`.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct StatusArgs {
    /// Which cases.
    #[command(flatten)]
    pub selection: Selection,

    /// Ask for this group instead of the configured one
    #[arg(long, value_name = "GROUP", help_heading = "Status options")]
    pub group: Option<String>,

    /// Form of the status
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t, help_heading = "Output options")]
    pub message_format: MessageFormat,
}
