//! Arguments of `silence`.

use std::time::Duration;

use clap::Args;
use livecheck_uptest::args::duration;

/// Arguments of `silence`.
#[derive(Clone, Debug, Default, PartialEq, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct SilenceArgs {
    /// Cases by a part of their names, or matchers such as package="orders"; or `list`, or `end ID`
    #[arg(value_name = "CASE|MATCHER|list|end ID", required = true)]
    pub what: Vec<String>,

    /// For how long, such as 2h or "1d 12h"
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, help_heading = "Silence options")]
    pub lasts: Option<Duration>,

    /// Why: who finds the silence wants to know
    #[arg(long, value_name = "TEXT", help_heading = "Silence options")]
    pub reason: Option<String>,

    /// By whom [default: the name of the user]
    #[arg(long, value_name = "NAME", help_heading = "Silence options")]
    pub by: Option<String>,

    /// The group of runners whose alerts are meant, instead of the configured one
    #[arg(long, value_name = "GROUP", help_heading = "Silence options")]
    pub group: Option<String>,
}

const EXAMPLES: &str = "\
A silence hides alerts that begin, and reminders. The end of what was told is told all the same.

  cargo livecheck silence order_flow --for 2h --reason 'the new database'
  cargo livecheck silence 'package=\"payments\"' 'tag!=\"smoke\"' --for 30m --reason deployment
  cargo livecheck silence list
  cargo livecheck silence end 3f2a9c1d
";
