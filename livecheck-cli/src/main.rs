//! `cargo livecheck`: finds the cases of a workspace, builds them into a runner, and starts it.
//!
//! The way of a command: [`args`] parses it, [`cargo`] describes the workspace ([`metadata`]), [`discover`] says
//! which packages have cases, [`runner_package`] writes a program that links them ([`prepare`] puts it on disk),
//! [`cargo`] builds it, and [`launch`] starts it with the arguments that [`forward`] hands on.

mod args;
mod broker;
mod cargo;
mod discover;
mod errors;
mod features;
mod forward;
mod launch;
mod lock;
mod metadata;
mod nearest;
mod output;
mod prepare;
mod root_manifest;
// Symbolic links to the runner's sources, which cargo follows when it packages. A dependency on the runner
// would make everyone who installs this build librdkafka for it.
#[expect(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "the runner's own sources, of which it uses more"
)]
mod runner_args;
mod runner_manifest;
mod runner_package;
mod steps;
mod stop;
mod uptest;

use std::{ffi::OsString, process::ExitCode};

use clap::{CommandFactory, FromArgMatches};

use crate::{args::Cli, output::Output};

fn main() -> ExitCode {
    let matches = Cli::command().get_matches_from(arguments(std::env::args_os()));
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let output = Output::set_up(&cli.output);
    match steps::execute(&cli, &matches, output) {
        Ok(code) => code,
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

/// The arguments without the subcommand's name, which cargo passes as the first: `cargo-livecheck livecheck …`.
fn arguments(argv: impl Iterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    argv.enumerate().filter(|(index, word)| *index != 1 || word != "livecheck").map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn started_by_cargo_or_alone_it_reads_the_same_arguments() {
        let parsed =
            |words: &[&str]| arguments(words.iter().map(OsString::from)).skip(1).collect::<Vec<OsString>>();
        assert_eq!(parsed(&["cargo-livecheck", "livecheck", "list", "livecheck"]), ["list", "livecheck"]);
        assert_eq!(parsed(&["cargo-livecheck", "list", "livecheck"]), ["list", "livecheck"]);
    }
}
