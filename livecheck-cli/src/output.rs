//! What `cargo livecheck` itself says, on standard error: the runner and cargo have their own lines.
//!
//! Where the log is JSON, for a collector, all of it goes through the log.

use std::error::Error as _;

use anstream::eprintln;
use anstyle::{AnsiColor, Style};
use tracing_subscriber::{EnvFilter, fmt};

use crate::{
    discover::Unlinked,
    errors::Error,
    runner_args::{ColorWhen, LogFormat, OutputOptions},
};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default().bold();
const VERB: Style = AnsiColor::Green.on_default().bold();

/// How much to say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    quiet: bool,
    json: bool,
}

impl Output {
    /// Sets colours and logs up for the whole program.
    pub(crate) fn set_up(options: &OutputOptions) -> Self {
        match options.color {
            ColorWhen::Auto => anstream::ColorChoice::Auto,
            ColorWhen::Always => anstream::ColorChoice::AlwaysAnsi,
            ColorWhen::Never => anstream::ColorChoice::Never,
        }
        .write_global();
        set_up_logs(options);
        Self { quiet: options.quiet, json: options.log_format == LogFormat::Json }
    }

    /// A step, as cargo writes them.
    pub(crate) fn status(self, verb: &str, text: &str) {
        if self.json {
            tracing::info!("{verb} {text}");
        } else if !self.quiet {
            eprintln!("{VERB}{verb:>12}{VERB:#} {text}");
        }
    }

    /// Something that the user would want otherwise.
    pub(crate) fn warning(self, text: &str, help: &str) {
        if self.json {
            tracing::warn!(help, "{text}");
        } else if !self.quiet {
            eprintln!("{WARNING}warning{WARNING:#}: {text}");
            eprintln!("{HELP}   help{HELP:#}: {help}");
        }
    }

    /// A package without the cases that it may have.
    pub(crate) fn unlinked(self, package: &Unlinked) {
        self.warning(&package.why(), &package.reason.what_to_do());
    }

    /// Prints an error, its causes, and what to do.
    pub(crate) fn error(self, error: &Error) {
        let mut causes = Vec::new();
        let mut cause = error.source();
        while let Some(error) = cause {
            causes.push(error.to_string());
            cause = error.source();
        }
        if self.json {
            tracing::error!(?causes, notes = ?error.notes(), help = ?error.help(), "{error}");
            return;
        }
        eprintln!("{ERROR}error{ERROR:#}: {error}");
        for cause in causes {
            eprintln!("  caused by: {cause}");
        }
        for line in error.notes() {
            eprintln!("{HELP} note{HELP:#}: {line}");
        }
        for line in error.help() {
            eprintln!("{HELP} help{HELP:#}: {line}");
        }
    }
}

fn set_up_logs(options: &OutputOptions) {
    let level = match options.verbose {
        _ if options.quiet => "error",
        0 => "warn",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_env("RUST_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let logs = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match options.log_format {
        LogFormat::Text => {
            let ansi = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
            logs.with_ansi(ansi).init();
        }
        LogFormat::Json => logs.json().init(),
    }
}
