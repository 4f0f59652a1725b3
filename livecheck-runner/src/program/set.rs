//! `set`: shows, and changes, what is set at run time.

use std::time::Duration;

use livecheck_core::control::Controls;
use livecheck_core::{CaseName, Origin, Timestamp};

use super::broker::running_broker;
use super::{OK, Program, RunnerError, print};
use crate::args::{MessageFormat, SetArgs, exit_code};
use crate::config::Config;
use crate::control::{InForce, Request, render};
use crate::kafka::{Connection, Inspection, read_controls, write_controls};

/// How long the brokers may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

pub(super) async fn set(program: &Program, args: &SetArgs) -> Result<u8, RunnerError> {
    let asked_for = || {
        Request::of(args, Timestamp::now(), &who())
            .map_err(|error| RunnerError::refused(error.to_string(), error.help(), exit_code::USAGE))
    };
    let request = asked_for()?;
    let config = program.config()?;
    let connection = running_broker(&config)?;
    let inspection = connection.ask(|connection| Inspection::reach(connection, PATIENCE)).await?;
    let mut controls = read_controls(&connection, &inspection, PATIENCE).await?;
    let named = match &request {
        Request::Show(None) => None,
        Request::Show(Some(name)) | Request::Change(name, _) => Some(case_named(program, name, &controls)?),
    };
    // Its times count from now, and not from before the brokers were reached.
    if let (Request::Change(_, change), Some(case)) = (asked_for()?, &named) {
        // Texts, numbers and lists have JSON.
        let records = change.records(case).unwrap_or_default();
        change_to(&connection, &config, &records, &mut controls).await?;
    }
    let now = Timestamp::now();
    let is_wanted = |case: &CaseName| named.as_ref().is_none_or(|named| named == case);
    let in_force = InForce::of(&controls, is_wanted, now);
    print(&match args.message_format {
        MessageFormat::Human => render(&in_force, &program.cases, now),
        MessageFormat::Json => serde_json::to_string(&in_force).unwrap_or_default() + "\n",
        MessageFormat::JsonPretty => serde_json::to_string_pretty(&in_force).unwrap_or_default() + "\n",
    })?;
    Ok(OK)
}

/// Writes the records, and then takes them in as every process does that follows the topic.
async fn change_to(
    connection: &Connection,
    config: &Config,
    records: &[crate::kafka::ControlRecord],
    controls: &mut Controls,
) -> Result<(), RunnerError> {
    write_controls(connection, records, config.topics.replication_factor).await?;
    for (key, value) in records {
        if let Err(error) = controls.take(Some(key.as_bytes()), value.as_deref()) {
            tracing::warn!(%error, key, "what was set cannot be read");
        }
    }
    Ok(())
}

/// The case of that name; also one that this program does not have, if something is set of it.
fn case_named(program: &Program, name: &str, controls: &Controls) -> Result<CaseName, RunnerError> {
    match controls.iter().find(|(case, _)| *case == name) {
        Some((case, _)) => Ok(case.clone()),
        None => program.case_named(name).map(|case| case.name.into()),
    }
}

/// Who sets something: the user, and the machine.
fn who() -> String {
    let user =
        ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()));
    let user = user.unwrap_or_else(|| "somebody".to_owned());
    match &Origin::of_this_process().host {
        Some(host) => format!("{user}@{host}"),
        None => user,
    }
}
