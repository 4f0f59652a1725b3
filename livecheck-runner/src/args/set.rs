//! Arguments of `set`.

use std::time::Duration;

use clap::{Args, ValueEnum};
use livecheck_uptest::args::duration;

use super::MessageFormat;

/// Arguments of `set`.
#[derive(Clone, Debug, Default, PartialEq, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct SetArgs {
    /// The case, by its whole name, or by what stands behind the last `::` [default: show what is set]
    #[arg(value_name = "CASE")]
    pub case: Option<String>,

    /// What of it to set
    #[arg(value_enum, value_name = "SETTING")]
    pub setting: Option<SettingName>,

    /// To what: a probability such as 10% or 0.1; whether it is active, true or false
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    pub value: Option<String>,

    /// Let what held before hold again after this long, such as 1h
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, help_heading = "Set options")]
    pub set_for: Option<Duration>,

    /// Values one after the other, with commas between, such as 1%,10%,100%; the last stays
    #[arg(long, value_name = "VALUES", value_delimiter = ',', help_heading = "Set options")]
    pub steps: Vec<String>,

    /// How long each of the steps holds, such as 10m
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Set options")]
    pub every: Option<Duration>,

    /// Let hold again what the code and the profile say: of this setting, or of all of the case
    #[arg(long, help_heading = "Set options")]
    pub reset: bool,

    /// Form of what is shown
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t, help_heading = "Output options")]
    pub message_format: MessageFormat,
}

/// What can be set at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SettingName {
    /// The share of requests that are followed
    Probability,
    /// Whether requests are followed, and tests executed, at all
    Active,
}

/// What `--help` ends with.
const EXAMPLES: &str = "\
Examples:
  cargo livecheck set                                          what is set, by whom, since when
  cargo livecheck set order_flow probability 10%               of every tenth request, from now on
  cargo livecheck set order_flow probability 100% --for 1h     goes back by itself
  cargo livecheck set order_flow probability --steps 1%,10%,100% --every 10m
  cargo livecheck set order_flow active false                  stop it
  cargo livecheck set order_flow --reset                       as its code and the profile say
";
