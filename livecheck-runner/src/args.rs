//! The runner's command line.
//!
//! These definitions are parsed twice: by the runner program itself, and by `cargo livecheck`, which flattens
//! them beside cargo's own options and hands them on. They live here because the runner is what acts on them.
//!
//! The doc comments on arguments are the `--help` texts.

use clap::{Parser, Subcommand};
use livecheck_uptest::UptestArgs;

mod config;
mod doctor;
mod gate;
mod history;
mod list;
mod output;
mod run;
mod select;
mod set;
mod silence;
mod status;
mod table;
mod trigger;

pub use livecheck_terminal::exit_code;

pub use self::{
    config::{ConfigOptions, FromCargo, KafkaProperty},
    doctor::DoctorArgs,
    gate::{FailureRate, GateArgs, GateFormat},
    history::{ExportArgs, ExportFormat, HistoryArgs, HistorySelection, HistoryState, ReportArgs},
    list::{ListArgs, MessageFormat},
    output::{ColorWhen, LogFormat, OutputOptions},
    run::{RunArgs, RunFormat, WebListen},
    select::Selection,
    set::{SetArgs, SettingName},
    silence::SilenceArgs,
    status::StatusArgs,
    table::TableArgs,
    trigger::{CaseArgument, TriggerArgs},
};

/// Executes LiveCheck cases: follows real requests through services over Kafka, and reports.
#[derive(Clone, Debug, PartialEq, Parser)]
#[command(name = "livecheck-runner", version, max_term_width = 100)]
pub struct RunnerCommand {
    /// How much is said, and in which form.
    #[command(flatten)]
    pub output: OutputOptions,

    /// Which settings and which broker.
    #[command(flatten)]
    pub config: ConfigOptions,

    /// What `cargo livecheck` knows and the runner does not.
    #[command(flatten)]
    pub from_cargo: FromCargo,

    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What a runner can do.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum Action {
    /// List the cases in this program, with their settings
    List(ListArgs),
    /// Execute cases: wait for triggers, follow each request, report
    Run(RunArgs),
    /// Ask for one execution of a case
    Trigger(TriggerArgs),
    /// Show how each case does: its state, counts, latencies, last failure
    Status(StatusArgs),
    /// Set of which requests a case is triggered, while everything runs; or show what is set
    Set(SetArgs),
    /// List the reports that are kept, of all cases or of one
    History(HistoryArgs),
    /// Show all that is kept of the executions of a test
    Report(ReportArgs),
    /// Write the reports that are kept as JSON, CSV or JUnit's XML
    Export(ExportArgs),
    /// Show what a table of a case has
    Table(TableArgs),
    /// Hide alerts for a time, show what is hidden, or end that
    Silence(SilenceArgs),
    /// Check that everything a run needs is in place, and say what to do where it is not
    Doctor(DoctorArgs),
    /// Ask new instances of a service whether they are ready for traffic
    Uptest(UptestArgs),
    /// Say by the reports of cases whether a deployment may go on
    Gate(GateArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn definitions_are_consistent() {
        RunnerCommand::command().debug_assert();
    }

    #[test]
    fn every_argument_has_a_help_text() {
        let command = RunnerCommand::command();
        for part in std::iter::once(&command).chain(command.get_subcommands()) {
            for arg in part.get_arguments() {
                assert!(arg.get_help().is_some(), "{} {} has no help", part.get_name(), arg.get_id());
            }
        }
    }

    #[test]
    fn options_go_before_or_after_the_subcommand() {
        let before = RunnerCommand::try_parse_from(["r", "-v", "-P", "ci", "run", "--for", "10m"]);
        let after = RunnerCommand::try_parse_from(["r", "run", "--for", "600", "-P", "ci", "-v"]);
        assert_eq!(before.expect("parses"), after.expect("parses"));
    }
}
