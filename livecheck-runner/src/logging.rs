//! The log: what the program says of itself, on standard error, beside the reporter.
//!
//! `RUST_LOG` decides what is logged, as everywhere; without it, `-v` and `-q` do:
//!
//! | option | LiveCheck | everything else |
//! |---|---|---|
//! | `-q` | errors | errors |
//! | none | warnings | warnings |
//! | `-v` | info | warnings |
//! | `-vv` | debug | info |
//! | `-vvv` | trace | debug |
//!
//! What a case logs, at `info` or above, or as `RUST_LOG` says, is kept for its report; on the terminal it stands there,
//! and among the rest only where `RUST_LOG` is set.

use std::io;

use tracing_subscriber::filter::{FilterExt, LevelFilter, dynamic_filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Registry};

use crate::args::{LogFormat, OutputOptions};
use crate::execution_log::{CaseLogs, ExecutionLog};
use crate::reporter::Screen;

/// The log could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoggingError {
    /// `RUST_LOG` is not a filter.
    #[error(
        "the variable RUST_LOG is `{value}`, which is no filter: {reason}; write RUST_LOG=info, or RUST_LOG=livecheck_runner=debug"
    )]
    Filter {
        /// Its value.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// This process has a log already.
    #[error("the log of this process is set up already: {0}")]
    Installed(#[from] TryInitError),
}

/// Sets up the log of this process. It goes to `screen`, above its live line.
///
/// `rust_log` is the value of `RUST_LOG`, if it is set.
///
/// # Errors
///
/// `RUST_LOG` is not a filter, or there is a log already.
pub fn init(options: &OutputOptions, rust_log: Option<&str>, screen: &Screen) -> Result<(), LoggingError> {
    // What a case logs stands under its execution, or is told at once where it has `realtime_logs`: who sets RUST_LOG
    // asks for all that is logged, in the order in which it is.
    let is_asked_for = parsed(rust_log).is_some();
    let of_the_runner = dynamic_filter_fn(move |_, _| is_asked_for || !ExecutionLog::is_entered())
        // Without it nobody knows that nothing is traced, and rdkafka is asked for what it does with each record.
        .with_max_level_hint(LevelFilter::TRACE);
    let terminal = filter(options, rust_log)?.and(of_the_runner);
    let layer = tracing_subscriber::fmt::layer().with_writer(LogWriter(screen.clone()));
    let layer = layer.with_ansi(screen.is_coloured());
    let layer: Box<dyn Layer<Registry> + Send + Sync> = match options.log_format {
        // People who look at a terminal see where the time goes; what is a file's reader sees the time itself.
        LogFormat::Text if screen.is_terminal() => {
            layer.with_timer(tracing_subscriber::fmt::time::uptime()).compact().boxed()
        }
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    let of_cases = CaseLogs.with_filter(case_filter(rust_log)?);
    tracing_subscriber::registry().with(layer.with_filter(terminal)).with(of_cases).try_init()?;
    Ok(())
}

fn filter(options: &OutputOptions, rust_log: Option<&str>) -> Result<EnvFilter, LoggingError> {
    parsed(rust_log).unwrap_or_else(|| Ok(EnvFilter::new(directives(options))))
}

/// What is kept of what cases log, for the reports of those that do not pass: what `RUST_LOG` lets through, or else all
/// that is not for debugging.
fn case_filter(rust_log: Option<&str>) -> Result<EnvFilter, LoggingError> {
    parsed(rust_log).unwrap_or_else(|| Ok(EnvFilter::new("info")))
}

fn parsed(rust_log: Option<&str>) -> Option<Result<EnvFilter, LoggingError>> {
    let value = rust_log.filter(|value| !value.trim().is_empty())?;
    Some(
        EnvFilter::try_new(value)
            .map_err(|error| LoggingError::Filter { value: value.to_owned(), reason: error.to_string() }),
    )
}

fn directives(options: &OutputOptions) -> String {
    let (ours, others) = match options.verbose {
        _ if options.quiet => ("error", "error"),
        0 => ("warn", "warn"),
        1 => ("info", "warn"),
        2 => ("debug", "info"),
        _ => ("trace", "debug"),
    };
    // A directive is about every target that begins with it: livecheck_core, livecheck_runner and so on.
    format!("{others},livecheck={ours}")
}

/// Writes the log above the live line of a screen.
#[derive(Clone, Debug)]
struct LogWriter(Screen);

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl io::Write for LogWriter {
    /// The subscriber writes each event in one call.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.print(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reporter::test_screen;

    fn verbose(verbose: u8) -> OutputOptions {
        OutputOptions { verbose, ..OutputOptions::default() }
    }

    #[test]
    fn verbosity_decides_where_rust_log_does_not() {
        assert_eq!(directives(&verbose(0)), "warn,livecheck=warn");
        assert_eq!(directives(&verbose(3)), "debug,livecheck=trace");
        assert_eq!(directives(&OutputOptions { quiet: true, ..verbose(0) }), "error,livecheck=error");
        let filter = filter(&verbose(3), Some("livecheck_runner=info")).expect("a filter");
        assert_eq!(filter.to_string(), "livecheck_runner=info");
    }

    #[test]
    fn a_rust_log_that_is_no_filter_is_an_error() {
        let error = filter(&verbose(0), Some("livecheck=loud")).expect_err("there is no such level");
        assert!(error.to_string().starts_with("the variable RUST_LOG is `livecheck=loud`"), "{error}");
    }

    #[test]
    fn what_is_logged_goes_above_the_live_line() {
        let (screen, written) = test_screen(true);
        screen.show_live("live");
        let subscriber = tracing_subscriber::fmt()
            .with_writer(LogWriter(screen.clone()))
            .with_ansi(false)
            .without_time()
            .with_target(false)
            .finish();
        tracing::subscriber::with_default(subscriber, || tracing::warn!(partition = 3, "paused"));
        let clear = "\r\u{1b}[2K";
        assert_eq!(written.text(), format!("{clear}live{clear} WARN paused partition=3\nlive"));
    }
}
