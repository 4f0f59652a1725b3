//! Arguments of `history`, `report` and `export`: what the store has kept.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use livecheck_uptest::args::duration;

use super::MessageFormat;

/// Which of the reports that are kept.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct HistorySelection {
    /// Only of this case: its name, or the last part of it
    #[arg(value_name = "CASE")]
    pub case: Option<String>,

    /// Only of the last so long, such as 90m or 24h
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "History options")]
    pub since: Option<Duration>,

    /// Only of these states, with commas between
    #[arg(long, value_enum, value_name = "STATE", value_delimiter = ',', help_heading = "History options")]
    pub state: Vec<HistoryState>,

    /// Only of tests whose id begins so, or failures with this in their error
    #[arg(long, value_name = "TEXT", help_heading = "History options")]
    pub search: Option<String>,
}

/// A state that a report may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HistoryState {
    /// The contract held at every step
    Pass,
    /// The contract broke
    Fail,
    /// The case could not tell
    Error,
    /// A step was not done in time
    Timeout,
    /// The case was not executed
    Skip,
    /// No execution was seen for too long
    Stall,
}

/// Arguments of `history`.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct HistoryArgs {
    /// Which reports.
    #[command(flatten)]
    pub selection: HistorySelection,

    /// At most so many, the latest
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..), help_heading = "History options")]
    pub limit: u32,

    /// Form of the history
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t, help_heading = "Output options")]
    pub message_format: MessageFormat,
}

/// Arguments of `report`.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct ReportArgs {
    /// The id of the test
    #[arg(value_name = "ID")]
    pub id: String,

    /// The case, where tests of several have this id
    #[arg(long, value_name = "CASE", help_heading = "History options")]
    pub case: Option<String>,

    /// Form of the report
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t, help_heading = "Output options")]
    pub message_format: MessageFormat,
}

/// Arguments of `export`.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct ExportArgs {
    /// Which reports.
    #[command(flatten)]
    pub selection: HistorySelection,

    /// Form of the reports
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = "Output options")]
    pub format: ExportFormat,

    /// File to write instead of standard output
    #[arg(long, short = 'o', value_name = "FILE", help_heading = "Output options")]
    pub output: Option<PathBuf>,

    /// At most so many, the latest [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "History options")]
    pub limit: Option<u64>,
}

/// Form of reports that are exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One JSON object a line
    Json,
    /// Comma-separated values, with a header
    Csv,
    /// JUnit's XML: a suite for each case
    Junit,
}
