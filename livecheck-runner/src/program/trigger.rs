//! `trigger`: asks for one execution of a case.

use std::time::Duration;

use livecheck_core::{Case, Trigger};
use serde_json::Value;

use super::broker::running_broker;
use super::find::did_you_mean;
use super::{OK, Program, RunnerError};
use crate::args::{TriggerArgs, exit_code};
use crate::kafka::{Inspection, KafkaEdgeError};

/// How long a trigger may take to reach the brokers.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn trigger(program: &Program, args: &TriggerArgs) -> Result<u8, RunnerError> {
    let case = program.case_named(&args.case)?;
    let arguments = arguments(case, args)?;
    let config = program.config()?;
    let connection = running_broker(&config)?;
    let servers = connection.servers.clone();

    let installed = connection.ask(|connection| {
        Inspection::reach(connection, PATIENCE)?;
        Ok::<_, KafkaEdgeError>(connection.client_builder().install())
    });
    installed
        .await?
        .map_err(|error| RunnerError::refused(error.to_string(), "see `doctor`", exit_code::SETUP_FAILED))?;

    let mut trigger = Trigger::always(case, |writer| {
        arguments.iter().for_each(|(name, value)| writer.argument(name, value));
    });
    if let Some(id) = &args.id {
        trigger = trigger.id(id);
    }
    let test = trigger.send();
    livecheck_core::flush(PATIENCE).await;
    let delivered =
        livecheck_core::client::installed().is_some_and(|client| client.statistics().delivered > 0);
    match test {
        Some(test) if delivered => {
            anstream::println!("{}", test.id());
            Ok(OK)
        }
        _ => Err(RunnerError::refused(
            format!(
                "the trigger was not acknowledged by {servers} within {}",
                humantime::format_duration(PATIENCE)
            ),
            "is the topic there? `doctor` looks closer",
            exit_code::SETUP_FAILED,
        )),
    }
}

/// The arguments by name, each of which the case must have, and all of which it needs.
fn arguments(case: &Case, args: &TriggerArgs) -> Result<Vec<(String, Value)>, RunnerError> {
    let given: Vec<(String, Value)> = match &args.args_json {
        Some(Value::Object(members)) => members.clone().into_iter().collect(),
        _ => args.args.iter().map(|argument| (argument.name.clone(), argument.value.clone())).collect(),
    };
    let parameters = || case.arguments.iter().map(|argument| argument.name);
    for (position, (name, _)) in given.iter().enumerate() {
        if !parameters().any(|parameter| parameter == name) {
            let message = format!("case `{}` has no argument `{name}`", case.name);
            return Err(RunnerError::refused(message, did_you_mean(name, parameters()), exit_code::USAGE));
        }
        if given[..position].iter().any(|(other, _)| other == name) {
            let message = format!("argument `{name}` is given twice");
            return Err(RunnerError::refused(message, "give it once", exit_code::USAGE));
        }
    }
    let missing: Vec<String> = case
        .arguments
        .iter()
        .filter(|argument| !given.iter().any(|(name, _)| name == argument.name))
        .map(|argument| format!("--arg {}=… ({})", argument.name, argument.type_name))
        .collect();
    if !missing.is_empty() {
        let message = format!("case `{}` needs more arguments", case.name);
        return Err(RunnerError::refused(message, format!("add {}", missing.join(", ")), exit_code::USAGE));
    }
    Ok(given)
}
