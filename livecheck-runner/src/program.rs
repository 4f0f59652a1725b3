//! The program that `cargo livecheck` builds: its subcommands, from the command line to the exit code.

mod bounds;
mod broker;
mod doctor;
mod elsewhere;
mod embedded;
mod error;
mod find;
mod follow;
mod gate;
mod history;
mod keeping;
mod kept;
mod listing;
mod monitoring;
mod once;
mod prepare;
mod run;
mod select;
mod set;
mod silence;
mod status;
mod stop;
mod table;
mod tables;
mod trigger;
mod uptest;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use livecheck_core::Cases;
use livecheck_core::control::apply_profile;

use crate::args::{Action, ConfigOptions, RunnerCommand, exit_code};
use crate::config::{Config, ConfigError, Variables};
use crate::logging;
use crate::reporter::{Screen, set_colour};
use crate::selected::Selected;

pub use error::RunnerError;

/// What the parts of the program share.
struct Program {
    command: RunnerCommand,
    screen: Screen,
    /// All the cases linked into this program.
    cases: Cases,
}

/// Names the allocator, and so has it linked: nothing else does, since it stands in for `malloc`. It does without huge
/// pages, with which a runner that does nothing takes 110 MiB in place of 40, and is no faster; so do the programs that
/// it starts, which inherit that.
fn prepare_allocator() {
    #[cfg(all(target_os = "linux", feature = "allocator"))]
    {
        std::hint::black_box(mimalloc::MiMalloc.version());
        // A system that has no such pages needs not be told.
        let _ = rustix::thread::disable_transparent_huge_pages(true);
    }
}

/// Parses the command line, and does what it says: the whole of a runner's `main`.
///
/// ```no_run
/// // In a package of your own that depends on the libraries with cases:
/// // extern crate orders as _;
/// fn main() -> std::process::ExitCode {
///     livecheck_runner::main()
/// }
/// ```
#[must_use]
pub fn main() -> ExitCode {
    main_after(|| Ok(()))
}

/// The same, with something to be done once the command line is parsed and before it is known which cases there are: to
/// make [cases at run time](livecheck_core::CaseBuilder).
///
/// Where that fails, nothing else is done, and the exit code is 96.
#[must_use]
pub fn main_after(before: impl FnOnce() -> livecheck_core::Result) -> ExitCode {
    prepare_allocator();
    let command = RunnerCommand::parse();
    set_colour(command.output.color);
    match Program::start(command, before) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            error.print();
            ExitCode::from(error.exit_code())
        }
    }
}

impl Program {
    fn start(
        command: RunnerCommand,
        before: impl FnOnce() -> livecheck_core::Result,
    ) -> Result<u8, RunnerError> {
        let screen = Screen::stderr();
        logging::init(&command.output, std::env::var("RUST_LOG").ok().as_deref(), &screen)?;
        before().map_err(|error| RunnerError::Before(error.into()))?;
        let program = Self { command, screen, cases: Cases::linked()? };
        match &program.command.action {
            Action::List(args) => in_tokio(listing::list(&program, args)),
            Action::Run(args) => in_tokio(run::run(&program, args)),
            Action::Trigger(args) => in_tokio(trigger::trigger(&program, args)),
            Action::Status(args) => in_tokio(status::status(&program, args)),
            Action::Set(args) => in_tokio(set::set(&program, args)),
            Action::History(args) => history::history(&program, args).or_else(|error| program.told(error)),
            Action::Report(args) => history::report(&program, args).or_else(|error| program.told(error)),
            Action::Export(args) => history::export(&program, args).or_else(|error| program.told(error)),
            Action::Table(args) => in_tokio(table::table(&program, args)),
            Action::Silence(args) => in_tokio(silence::silence(&program, args)),
            Action::Doctor(args) => in_tokio(doctor::doctor(&program, args)),
            Action::Gate(args) => in_tokio(gate::gate(&program, args)),
            Action::Uptest(args) => in_tokio(uptest::ask(&program, args)),
        }
    }

    /// Why the store was not read: if there is nothing in it, with where the results are.
    fn told(&self, error: RunnerError) -> Result<u8, RunnerError> {
        in_tokio(elsewhere::told(self, error))
    }

    /// The configuration that holds here; what it sets of cases counts from now on.
    fn config(&self) -> Result<Config, RunnerError> {
        let config = self.load_config(&working_folder()?)?;
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        for name in config.cases.unknown(&self.cases) {
            tracing::warn!(
                "profile `{}` sets something of a case `{name}`, and there is none",
                config.profile
            );
        }
        apply_profile(config.cases.clone());
        Ok(config)
    }

    /// The same, with what is odd left to the caller to say.
    fn load_config(&self, cwd: &Path) -> Result<Config, ConfigError> {
        Config::load(self.options(), &Variables::of_this_process(), cwd)
    }

    /// All that there is.
    fn all(&self, config: &Config) -> Selected {
        Selected { cases: self.cases.clone(), checks: config.checks.iter().cloned().map(Arc::new).collect() }
    }

    fn options(&self) -> &ConfigOptions {
        &self.command.config
    }
}

/// The folder that this was started in, which is the user's own: people know their files from there.
fn working_folder() -> Result<PathBuf, RunnerError> {
    std::env::current_dir().map_err(RunnerError::WorkingFolder)
}

fn in_tokio(work: impl Future<Output = Result<u8, RunnerError>>) -> Result<u8, RunnerError> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(RunnerError::Runtime)?;
    let code = runtime.block_on(work);
    // What still runs, such as a question to a broker that does not answer, holds up nobody.
    runtime.shutdown_background();
    code
}

/// Prints what a command was asked for, with colours where they are wanted.
fn print(text: &str) -> Result<(), RunnerError> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(RunnerError::Output)
}

/// The code of a command that did what it was asked to.
const OK: u8 = exit_code::OK;
