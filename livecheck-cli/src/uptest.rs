//! `cargo livecheck uptest` where there is nothing to build: the executables alone.

use std::process::ExitCode;

use livecheck_uptest::{Terminal, UptestArgs, function, uptest};
use tokio::runtime::Runtime;

use crate::{errors::Error, runner_args::OutputOptions, stop::Stop};

/// Runs the executables for the instances.
pub(crate) fn run(args: &UptestArgs, output: &OutputOptions) -> Result<ExitCode, Error> {
    let terminal = Terminal { verbose: output.verbose > 0, quiet: output.quiet };
    let runtime = Runtime::new().map_err(|source| Error::Runtime { source })?;
    let ran = runtime.block_on(async {
        let mut stop = Stop::listen().map_err(|source| Error::Signals { source })?;
        Ok::<_, Error>(uptest(args, terminal, &[], function::catch, stop.asked()).await?)
    })?;
    Ok(ExitCode::from(ran.verdict.exit_code()))
}
