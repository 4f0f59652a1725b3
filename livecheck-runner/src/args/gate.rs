//! Arguments of `gate`.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use livecheck_uptest::args::duration;

/// Arguments of `gate`.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct GateArgs {
    /// The cases that must do well, by their whole names, or by what stands behind the last `::`
    #[arg(value_name = "CASE", required_unless_present = "listen")]
    pub cases: Vec<String>,

    /// Look at the executions that end from now on, for this long, such as 10m
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, help_heading = "Gate options")]
    pub look_for: Option<Duration>,

    /// Look at the executions that ended in this time, up to now [default, without --for: 10m]
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = duration,
        conflicts_with = "look_for",
        help_heading = "Gate options"
    )]
    pub last: Option<Duration>,

    /// How many executions of each case it takes to tell; fewer are INCONCLUSIVE
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Gate options")]
    pub min_executions: u64,

    /// The share of the executions of a case that may fail, such as 1% or 0.01
    #[arg(long, value_name = "RATE", default_value_t, help_heading = "Gate options")]
    pub max_failure_rate: FailureRate,

    /// Answer by HTTP at this address, as webhooks of deployments ask, until Ctrl-C; the other options are what holds where a request does not say otherwise
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "look_for", help_heading = "Gate options")]
    pub listen: Option<SocketAddr>,

    /// Form of the verdict: for people, on standard error, or JSON, on standard output
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t, help_heading = "Output options")]
    pub format: GateFormat,
}

/// Form of a verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum GateFormat {
    /// For people, on standard error
    #[default]
    Human,
    /// One JSON object, on standard output
    Json,
}

/// A share of executions, from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct FailureRate(f64);

impl FailureRate {
    /// The share, from 0 to 1.
    #[must_use]
    pub fn share(self) -> f64 {
        self.0
    }
}

impl fmt::Display for FailureRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Two digits behind the point at most, and none where there is nothing to say.
        let percent = (self.0 * 10_000.0).round() / 100.0;
        write!(f, "{percent}%")
    }
}

impl FromStr for FailureRate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let share = match text.trim().strip_suffix('%') {
            Some(percent) => percent.trim_end().parse::<f64>().map(|percent| percent / 100.0),
            None => text.trim().parse(),
        };
        match share {
            // Not a number is in no range.
            Ok(share) if (0.0..=1.0).contains(&share) => Ok(Self(share)),
            _ => Err("expected a share from 0% to 100%, such as 1%, or from 0 to 1, such as 0.01".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_per_cent_or_a_share() {
        let rate = |text: &str| text.parse::<FailureRate>().map(|rate| rate.to_string());
        assert_eq!(rate("1%"), Ok("1%".to_owned()));
        assert_eq!(rate("0.0125"), Ok("1.25%".to_owned()));
        assert_eq!(rate("100 %"), Ok("100%".to_owned()));
        for text in ["1.5", "-1%", "NaN", "", "%", "some"] {
            assert!(rate(text).is_err(), "{text}");
        }
    }
}
