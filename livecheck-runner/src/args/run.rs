//! Arguments of `run`.

use std::{net::SocketAddr, num::NonZeroU64, str::FromStr, time::Duration};

use clap::{Args, ValueEnum};
use livecheck_uptest::args::duration;

use super::Selection;

/// Arguments of `run`.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct RunArgs {
    /// Which cases.
    #[command(flatten)]
    pub selection: Selection,

    /// End after this long, such as 10m or "1h 30s" [default: run until told to stop]
    #[arg(
        long = "for",
        value_name = "DURATION",
        value_parser = duration,
        help_heading = "Run options"
    )]
    pub run_for: Option<Duration>,

    /// End once this many executions are done
    #[arg(long, value_name = "N", help_heading = "Run options")]
    pub max_executions: Option<NonZeroU64>,

    /// Run every scheduled case, fake request and check now, once; end with their verdicts
    ///
    /// A run of its own: what it finds goes to its exit code, and not to the runners' reports. It asks as a service
    /// does, by the test topic: where runners of a group are at work, they execute the cases too.
    #[arg(long, conflicts_with_all = ["group", "max_executions"], help_heading = "Run options")]
    pub once: bool,

    /// End at the first execution that does not pass
    #[arg(long, help_heading = "Run options")]
    pub fail_fast: bool,

    /// Consumer group; runners of one group share the work
    ///
    /// By default all runners share one group. A run with a filter or a bound has a group of its own, from
    /// now on, so that it takes no triggers away from the runners in production.
    #[arg(long, value_name = "NAME", help_heading = "Run options")]
    pub group: Option<String>,

    /// Send reports to the shared report topic, though the run has a filter or a bound
    #[arg(long, help_heading = "Run options")]
    pub reports: bool,

    /// Start no services: the configured ones run elsewhere
    #[arg(long, help_heading = "Run options")]
    pub no_services: bool,

    /// Serve the page and the metrics there, as IP:PORT, or `off` [default: 127.0.0.1:9999]
    ///
    /// A run with a filter or a bound serves them only where this says so.
    #[arg(long, value_name = "ADDRESS", help_heading = "Run options")]
    pub web_listen: Option<WebListen>,

    /// Where other runners reach the page, as `http://HOST:PORT` [default: by the machine's name]
    #[arg(long, value_name = "URL", help_heading = "Run options")]
    pub web_advertise: Option<String>,

    /// Form of what is reported: for people, on standard error, or JSON, on standard output
    ///
    /// With `json` standard output has one JSON object a line for each thing that happens, and nothing else;
    /// standard error has only the log, and what ended the program.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t, help_heading = "Output options")]
    pub message_format: RunFormat,
}

/// Form of what a run reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RunFormat {
    /// For people, on standard error
    #[default]
    Human,
    /// One JSON object a line, on standard output
    Json,
}

/// Where the page and the metrics are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebListen {
    /// Nowhere.
    Off,
    /// On that address; port 0 is a free one.
    At(SocketAddr),
}

impl WebListen {
    /// What is expected, for messages.
    pub const EXPECTED: &'static str = "an address such as 127.0.0.1:9999, or `off`";
}

impl FromStr for WebListen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" | "false" => Ok(Self::Off),
            address => address.parse().map(Self::At).map_err(|_| format!("expected {}", Self::EXPECTED)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_served_on_an_address_or_not_at_all() {
        assert_eq!("off".parse(), Ok(WebListen::Off));
        assert_eq!("[::1]:80".parse(), Ok(WebListen::At(([0, 0, 0, 0, 0, 0, 0, 1], 80).into())));
        assert_eq!(
            "localhost".parse::<WebListen>(),
            Err("expected an address such as 127.0.0.1:9999, or `off`".to_owned())
        );
    }
}
