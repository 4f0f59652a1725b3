//! `status`: how the cases of a group do, by what its monitor has kept.

use livecheck_core::Timestamp;
use livecheck_core::control::{apply_controls, sampling};

use super::broker::running_broker;
use super::kept::{PATIENCE, kept};
use super::{OK, Program, RunnerError, print};
use crate::args::{MessageFormat, StatusArgs};
use crate::kafka::{Inspection, read_controls};
use crate::monitor::Rhythm;
use crate::status::{Status, render};

pub(super) async fn status(program: &Program, args: &StatusArgs) -> Result<u8, RunnerError> {
    let config = program.config()?;
    let is_narrowed = args.selection.is_narrowed() || !config.tags.is_empty();
    let selected = if is_narrowed { Some(program.select(&args.selection, &config)?) } else { None };
    let connection = running_broker(&config)?;
    let group = args.group.clone().unwrap_or_else(|| config.group.clone());

    let inspection = connection.ask(|connection| Inspection::reach(connection, PATIENCE)).await?;
    let kept = kept(&connection, &inspection, &group).await?;
    let now = Timestamp::now();
    let is_wanted = |name: &livecheck_core::CaseName| {
        selected.as_ref().is_none_or(|selected| selected.has(name.as_str()))
    };
    let rhythms = Rhythm::of_all(&program.all(&config));
    apply_controls(&read_controls(&connection, &inspection, PATIENCE).await?);
    let status = Status::of(&group, &kept, (&program.cases, &rhythms), is_wanted, sampling, now);
    // Texts, numbers and lists have JSON, whatever they are.
    let text = match args.message_format {
        MessageFormat::Human => render(&status, &program.cases, now),
        MessageFormat::Json => serde_json::to_string(&status).unwrap_or_default() + "\n",
        MessageFormat::JsonPretty => serde_json::to_string_pretty(&status).unwrap_or_default() + "\n",
    };
    print(&text)?;
    Ok(OK)
}
