//! `status`: how the cases of a group do, by what its monitor has kept.

use std::time::Duration;

use livecheck_core::Timestamp;
use livecheck_core::control::{apply_controls, sampling};

use super::broker::running_broker;
use super::{OK, Program, RunnerError, print};
use crate::args::{MessageFormat, StatusArgs, exit_code};
use crate::kafka::{KafkaEdgeError, is_there, read_controls};
use crate::monitor::{Kept, OwnTopic, Rhythm};
use crate::status::{Status, render};

/// How long the brokers may take to answer, and what is kept to be read.
const PATIENCE: Duration = Duration::from_secs(15);

pub(super) async fn status(program: &Program, args: &StatusArgs) -> Result<u8, RunnerError> {
    let config = program.config()?;
    let is_narrowed = args.selection.is_narrowed() || !config.tags.is_empty();
    let selected = if is_narrowed { Some(program.select(&args.selection, &config.tags)?) } else { None };
    let connection = running_broker(&config)?;
    let group = args.group.clone().unwrap_or_else(|| config.group.clone());

    connection.ask(|connection| connection.reach(PATIENCE)).await?;
    let topic = connection.topics.monitor_topic.clone();
    if !is_there(&connection, &topic).await? {
        return Err(RunnerError::refused(
            format!("nothing is known of any case: there is no topic `{topic}`"),
            "the first runner of a group creates it; is one running, on these brokers?",
            exit_code::SETUP_FAILED,
        ));
    }
    let kept = {
        let group = group.clone();
        connection.ask(move |connection| {
            let (own, mut kept) = (OwnTopic::open(connection, &group)?, Kept::default());
            let is_whole = own.read_to_end_within(PATIENCE, |record| kept.take(record));
            Ok::<_, KafkaEdgeError>(is_whole.then_some(kept))
        })
    };
    let Some(kept) = kept.await? else {
        let patience = humantime::format_duration(PATIENCE);
        return Err(RunnerError::refused(
            format!("topic `{topic}` was not read to its end within {patience}"),
            "`doctor` looks whether the brokers are well",
            exit_code::SETUP_FAILED,
        ));
    };
    let now = Timestamp::now();
    let is_wanted = |name: &livecheck_core::CaseName| {
        selected.as_ref().is_none_or(|selected| selected.get(name.as_str()).is_some())
    };
    let rhythms = Rhythm::of_all(&program.cases);
    apply_controls(&read_controls(&connection, PATIENCE).await?);
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
