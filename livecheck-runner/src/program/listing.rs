//! `list`.

use std::io::Write;

use livecheck_core::Timestamp;

use super::{OK, Program, RunnerError, working_folder};
use crate::args::{ListArgs, MessageFormat};
use crate::list::{ListFormat, render};

pub(super) fn list(program: &Program, args: &ListArgs) -> Result<u8, RunnerError> {
    let config = program.config()?;
    let cases = program.select(&args.selection, &config.tags)?;
    let format = match args.message_format {
        MessageFormat::Human => ListFormat::Human,
        MessageFormat::Json => ListFormat::Json,
        MessageFormat::JsonPretty => ListFormat::JsonPretty,
    };
    let cwd = working_folder()?;
    let text = render(&cases, format, program.command.output.verbose > 0, &cwd, Timestamp::now());
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(RunnerError::Output)?;
    Ok(OK)
}
