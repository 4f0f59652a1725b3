//! The command line of `cargo livecheck`: the runner's options, and cargo's beside them.
//!
//! Cargo's options are called as cargo-nextest calls them. The doc comments are the `--help` texts.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};
use livecheck_broker::Chaos;
use livecheck_uptest::UptestArgs;

use crate::{
    discover::Request,
    features::FeatureRequest,
    runner_args::{
        ConfigOptions, DoctorArgs, ExportArgs, GateArgs, HistoryArgs, ListArgs, OutputOptions, ReportArgs,
        RunArgs, SetArgs, SilenceArgs, StatusArgs, TableArgs, TriggerArgs,
    },
};

/// End-to-end tests for production: finds the cases of a workspace, and runs them.
#[derive(Debug, Parser)]
#[command(name = "cargo-livecheck", bin_name = "cargo livecheck", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) output: OutputOptions,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What `cargo livecheck` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the cases of the workspace, with their settings
    List {
        #[command(flatten)]
        list: ListArgs,
        #[command(flatten)]
        config: ConfigOptions,
        #[command(flatten)]
        cargo: CargoOptions,
    },

    /// Build the workspace's cases into a runner, and run it
    ///
    /// Where no bootstrap servers are configured, an embedded broker is started, for development. Ctrl-C ends
    /// the run, with a summary.
    Run {
        #[command(flatten)]
        run: RunArgs,
        #[command(flatten)]
        config: ConfigOptions,
        #[command(flatten)]
        cargo: CargoOptions,
    },

    /// Ask for one execution of a case
    Trigger {
        #[command(flatten)]
        trigger: TriggerArgs,
        #[command(flatten)]
        project: ProjectOptions,
    },

    /// Show how each case does: its state, counts, latencies, last failure
    Status {
        #[command(flatten)]
        status: StatusArgs,
        #[command(flatten)]
        config: ConfigOptions,
        #[command(flatten)]
        cargo: CargoOptions,
    },

    /// Set of which requests a case is triggered, while everything runs; or show what is set
    ///
    /// What is set counts within seconds in every service and runner of these brokers, and needs no restart.
    Set {
        #[command(flatten)]
        set: SetArgs,
        #[command(flatten)]
        project: ProjectOptions,
    },

    /// Hide alerts for a time, show what is hidden, or end that
    Silence {
        #[command(flatten)]
        silence: SilenceArgs,
        #[command(flatten)]
        project: ProjectOptions,
    },

    /// List the reports that are kept, of all cases or of one
    History {
        #[command(flatten)]
        history: HistoryArgs,
        #[command(flatten)]
        project: ProjectOptions,
    },

    /// Show all that is kept of the executions of a test
    Report {
        #[command(flatten)]
        report: ReportArgs,
        #[command(flatten)]
        project: ProjectOptions,
    },

    /// Write the reports that are kept as JSON, CSV or JUnit's XML
    Export {
        #[command(flatten)]
        export: ExportArgs,
        #[command(flatten)]
        project: ProjectOptions,
    },

    /// Show what a table of a case has
    Table {
        #[command(flatten)]
        table: TableArgs,
        #[command(flatten)]
        project: ProjectOptions,
    },

    /// Check that everything a run needs is in place, and say what to do where it is not
    Doctor {
        #[command(flatten)]
        doctor: DoctorArgs,
        #[command(flatten)]
        project: ProjectOptions,
    },

    /// Ask new instances of a service whether they are ready for traffic
    ///
    /// Runs what is in uptests/PROC/ for each instance, and the uptests that are written in Rust. Where no package
    /// can have any of those, nothing is built.
    Uptest {
        #[command(flatten)]
        uptest: UptestArgs,
        /// Run the executables alone: build nothing
        #[arg(long, help_heading = "Uptest options")]
        no_build: bool,
        #[command(flatten)]
        project: ProjectOptions,
    },

    /// Say by the reports of cases whether a deployment may go on
    ///
    /// PASS, FAIL and INCONCLUSIVE end with exit codes of their own: 0, 100 and 3.
    Gate {
        #[command(flatten)]
        gate: GateArgs,
        #[command(flatten)]
        project: ProjectOptions,
    },

    /// Build the runner as a program to ship, and print its path
    ///
    /// The program needs neither cargo nor the sources where it runs. Being meant for production, it is built
    /// with the release profile unless --cargo-profile names another.
    Build {
        /// Where to leave the program: a file, or a folder (that exists, or ends with a slash) [default: the target directory]
        #[arg(long, short = 'o', value_name = "PATH")]
        output_path: Option<PathBuf>,
        #[command(flatten)]
        packages: PackageOption,
        #[command(flatten)]
        cargo: CargoOptions,
    },

    /// Start the embedded broker alone, for development, and print its address
    Broker(BrokerArgs),
}

/// Arguments of `broker`.
#[derive(Clone, Debug, PartialEq, Args)]
#[command(after_long_help = CHAOS)]
pub(crate) struct BrokerArgs {
    /// Port to listen on; 0 for any that is free
    #[arg(long, value_name = "PORT", default_value_t = 9092)]
    pub(crate) port: u16,

    /// Folder to keep what it holds in, and to begin with [default: none, it ends with the broker]
    ///
    /// Topics and their records, the offsets of groups, transactions. What was acknowledged is there again after
    /// `kill -9`. A folder that does not exist is made.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// Make faults on purpose, such as produce:drop-answer@0.1 (--help tells them all)
    #[arg(long, value_name = "PLAN")]
    pub(crate) chaos: Option<Chaos>,
}

/// What `--chaos` takes.
const CHAOS: &str = "\
Faults on purpose:
  A plan is a list of rules with commas between: a kind of request, a colon, a fault, and after an @
  its probability, 1 unless it is given. Requests are called as in Kafka's protocol (produce, fetch,
  join-group, end-txn and so on), or any. The first rule that strikes does.

  delay=20ms, delay=5ms..50ms  its answer comes so much later
  pause=2s, pause=1s..5s       the whole broker stands still for so long
  drop, drop-answer            its connection is closed; with drop-answer it is served before
  forget, forget-answer        its connection stays open, and silent; so it is with forget-answer,
                               once it is served
  error=NAME                   it is answered with this error of Kafka's, and not served

  With the same plan the same request of a kind (the third produce, say) meets the same fault.
  Another seed=NUMBER, 0 unless it is given, makes it another plan. -v logs each fault.

  cargo livecheck broker --chaos 'seed=7, produce:drop-answer@0.1, fetch:delay=5ms..50ms@0.2'
";

/// What is said of the project, where the runner's own options do not select packages.
#[derive(Clone, Debug, Args)]
pub(crate) struct ProjectOptions {
    #[command(flatten)]
    pub(crate) config: ConfigOptions,
    #[command(flatten)]
    pub(crate) packages: PackageOption,
    #[command(flatten)]
    pub(crate) cargo: CargoOptions,
}

/// Which packages to link, where the runner's own options do not say.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Package selection")]
pub(crate) struct PackageOption {
    /// Link only this package; may be given again
    #[arg(long = "package", short = 'p', value_name = "PACKAGE")]
    pub(crate) packages: Vec<String>,
}

/// What cargo is to do.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct CargoOptions {
    /// All packages of the workspace that depend on livecheck: the default, from every folder
    #[arg(long, conflicts_with = "packages", help_heading = "Package selection")]
    pub(crate) workspace: bool,

    /// But not this package; may be given again
    #[arg(long, value_name = "PACKAGE", help_heading = "Package selection")]
    pub(crate) exclude: Vec<String>,

    /// Features to turn on, with commas between: NAME or PACKAGE/NAME
    #[arg(long, short = 'F', help_heading = "Feature selection")]
    pub(crate) features: Vec<String>,

    /// Turn on all features of the packages with cases
    #[arg(long, help_heading = "Feature selection")]
    pub(crate) all_features: bool,

    /// Do not turn on the default features of the packages with cases
    #[arg(long, help_heading = "Feature selection")]
    pub(crate) no_default_features: bool,

    /// Build in release mode, with optimizations
    #[arg(long, short = 'r', conflicts_with = "cargo_profile", help_heading = "Compilation options")]
    pub(crate) release: bool,

    /// Build with this profile of cargo
    #[arg(long, value_name = "NAME", help_heading = "Compilation options")]
    pub(crate) cargo_profile: Option<String>,

    /// Build for this target triple
    #[arg(long, value_name = "TRIPLE", help_heading = "Compilation options")]
    pub(crate) target: Option<String>,

    /// Folder for everything that is built
    #[arg(long, value_name = "DIR", help_heading = "Compilation options")]
    pub(crate) target_dir: Option<PathBuf>,

    /// Number of build jobs
    #[arg(
        long,
        short = 'j',
        value_name = "N",
        allow_negative_numbers = true,
        help_heading = "Compilation options"
    )]
    pub(crate) build_jobs: Option<String>,

    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH", help_heading = "Manifest options")]
    pub(crate) manifest_path: Option<PathBuf>,

    /// Require that Cargo.lock is up to date and that the runner has no other versions than it
    #[arg(long, help_heading = "Manifest options")]
    pub(crate) locked: bool,

    /// Run without accessing the network
    #[arg(long, help_heading = "Manifest options")]
    pub(crate) offline: bool,

    /// The same as --locked and --offline
    #[arg(long, help_heading = "Manifest options")]
    pub(crate) frozen: bool,

    /// Override a configuration value of cargo
    #[arg(long, value_name = "KEY=VALUE", help_heading = "Other cargo options")]
    pub(crate) config: Vec<String>,

    /// Do not print cargo's messages, but its errors
    #[arg(long, conflicts_with = "cargo_verbose", help_heading = "Other cargo options")]
    pub(crate) cargo_quiet: bool,

    /// Let cargo print what it runs; twice for the output of build scripts
    #[arg(long, action = ArgAction::Count, help_heading = "Other cargo options")]
    pub(crate) cargo_verbose: u8,
}

impl CargoOptions {
    /// What to look for.
    pub(crate) fn request(&self, packages: &[String]) -> Request {
        Request {
            packages: packages.to_vec(),
            exclude: self.exclude.clone(),
            features: FeatureRequest {
                features: self.features.clone(),
                all: self.all_features,
                no_default: self.no_default_features,
            },
        }
    }

    /// The name of the profile to build with.
    pub(crate) fn profile(&self) -> &str {
        self.cargo_profile.as_deref().unwrap_or(if self.release { "release" } else { "dev" })
    }

    /// Whether the lock file must not change.
    pub(crate) fn is_locked(&self) -> bool {
        self.locked || self.frozen
    }

    /// Whether the network must not be used.
    pub(crate) fn is_offline(&self) -> bool {
        self.offline || self.frozen
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn definitions_are_consistent() {
        Cli::command().debug_assert();
    }
}
