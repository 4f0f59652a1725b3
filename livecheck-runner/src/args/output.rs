//! How much is said, and in which form.

use clap::{ArgAction, Args, ValueEnum};

/// How much is said, and in which form.
#[derive(Clone, Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Output options")]
pub struct OutputOptions {
    /// Say more; twice or three times for even more
    #[arg(long, short = 'v', action = ArgAction::Count, global = true)]
    pub verbose: u8,

    /// Say only what failed
    #[arg(long, short = 'q', global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Colour the output
    #[arg(long, value_enum, value_name = "WHEN", default_value_t, global = true, env = "CARGO_TERM_COLOR")]
    pub color: ColorWhen,

    /// Form of the log lines on standard error
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t, global = true)]
    pub log_format: LogFormat,
}

/// When to colour the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// If it goes to a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Form of the log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    #[default]
    Text,
    /// One JSON object a line, for log collectors
    Json,
}
