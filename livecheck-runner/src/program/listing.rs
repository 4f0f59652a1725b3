//! `list`.

use std::time::Duration;

use livecheck_core::control::{Controls, apply_controls, sampling};
use livecheck_core::{Timestamp, Uptest};

use super::broker::Running;
use super::{OK, Program, RunnerError, print, working_folder};
use crate::args::{ListArgs, MessageFormat};
use crate::kafka::{Connection, Inspection, KafkaEdgeError, read_controls};
use crate::list::{ListFormat, View, render};

/// How long the brokers may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) async fn list(program: &Program, args: &ListArgs) -> Result<u8, RunnerError> {
    let config = program.config()?;
    let selected = program.select(&args.selection, &config)?;
    if let Some(Running::Configured(connection) | Running::Embedded(connection)) = Running::find(&config) {
        // What is known without the brokers is worth a list: it is said that it is not all.
        match read_controls_if_reached(&connection).await {
            Ok(controls) => drop(apply_controls(&controls)),
            Err(error) => tracing::warn!("what is set at run time is not shown: {error}"),
        }
    }
    let format = match args.message_format {
        MessageFormat::Human => ListFormat::Human,
        MessageFormat::Json => ListFormat::Json,
        MessageFormat::JsonPretty => ListFormat::JsonPretty,
    };
    let cwd = working_folder()?;
    let uptests = selected_uptests(args);
    let (now, checks) = (Timestamp::now(), &selected.checks[..]);
    let view = View { root: &cwd, now, sampling: &sampling, checks, uptests: &uptests };
    print(&render(&selected.cases, format, program.command.output.verbose > 0, view))?;
    Ok(OK)
}

async fn read_controls_if_reached(connection: &Connection) -> Result<Controls, KafkaEdgeError> {
    let inspection = connection.ask(|connection| Inspection::reach(connection, PATIENCE)).await?;
    read_controls(connection, &inspection, PATIENCE).await
}

/// The uptests that are functions, by the parts of names and the packages that cases are selected by; they have no tags.
fn selected_uptests(ListArgs { selection, .. }: &ListArgs) -> Vec<&'static Uptest> {
    let is_wanted = |uptest: &&'static Uptest| {
        selection.tags.is_empty()
            && selection.has_package(uptest.location.package)
            && selection.has_name(uptest.name)
    };
    Uptest::linked().into_iter().filter(is_wanted).collect()
}
