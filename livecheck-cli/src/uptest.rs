//! `cargo livecheck uptest` where there is nothing to build: the executables alone.

use std::process::ExitCode;

use livecheck_uptest::{Terminal, UptestArgs, function, uptest};
use tokio::runtime::Runtime;

use crate::{broker::asked_to_end, errors::Error, runner_args::OutputOptions};

/// Runs the executables for the instances.
pub(crate) fn run(args: &UptestArgs, output: &OutputOptions) -> Result<ExitCode, Error> {
    let terminal = Terminal { verbose: output.verbose > 0, quiet: output.quiet };
    let stop = async {
        // Who cannot be asked to end runs on to the end.
        if asked_to_end().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let runtime = Runtime::new().map_err(|source| Error::Runtime { source })?;
    let ran = runtime.block_on(uptest(args, terminal, &[], function::catch, stop))?;
    Ok(ExitCode::from(ran.verdict.exit_code()))
}
