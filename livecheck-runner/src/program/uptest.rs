//! `uptest`: the executables, and the uptests that are linked into this program.

use livecheck_core::Uptest;
use livecheck_uptest::{Terminal, UptestArgs, function, uptest};

use super::stop::Stop;
use super::{Program, RunnerError};

pub(super) async fn ask(program: &Program, args: &UptestArgs) -> Result<u8, RunnerError> {
    let output = &program.command.output;
    let terminal = Terminal { verbose: output.verbose > 0, quiet: output.quiet };
    let mut stop = Stop::new().map_err(RunnerError::Runtime)?;
    let ran = uptest(args, terminal, &Uptest::linked(), function::catch, stop.asked()).await?;
    Ok(ran.verdict.exit_code())
}
