//! What the tables of a run need: their changelogs, and a place on disk.

use std::path::PathBuf;
use std::sync::Arc;

use livecheck_core::Cases;

use super::RunnerError;
use super::broker::{RunBroker, state_dir};
use crate::config::Config;
use crate::kafka::{
    Connection, Inspection, KafkaEdgeError, Sharing, Tables, changelog_is_there, cluster_id, ensure_changelog,
};
use crate::reporter::{Events, RunEvent};
use crate::tables::{Store, TableFolder, TableSet};

/// Makes the changelogs that are missing, and opens what is on disk.
///
/// A run of one's own begins with what the runners of the configured group have committed, and keeps what it changes to
/// itself.
pub(super) async fn open(
    connection: &Connection,
    sharing: &Sharing,
    config: &Config,
    cases: &Cases,
    broker: &RunBroker,
    partitions: usize,
    events: &Events,
) -> Result<Tables, RunnerError> {
    let group = sharing.group().unwrap_or(&config.group);
    let mut set = TableSet::new(cases, group)?;
    if set.is_empty() {
        return Ok(Tables { set: Arc::new(set), store: Arc::new(Store::in_memory()?) });
    }
    let inspection = Inspection::of(connection).await?;
    for table in set.ids() {
        let topic = set.topic(table).to_owned();
        if sharing.is_shared() {
            let replication_factor = config.topics.replication_factor;
            ensure_changelog(connection, &inspection, topic, partitions, replication_factor).await?;
        } else if !changelog_is_there(connection, &inspection, topic, partitions)? {
            set.begins_empty(table);
        }
    }
    let folder = folder(connection, sharing, config, broker).await?;
    let store = folder.open(|text| events.send(RunEvent::Warning(text)))?;
    Ok(Tables { set: Arc::new(set), store: Arc::new(store) })
}

/// Where they are on disk.
async fn folder(
    connection: &Connection,
    sharing: &Sharing,
    config: &Config,
    broker: &RunBroker,
) -> Result<TableFolder, KafkaEdgeError> {
    let forgets = broker.is_embedded() && broker.data_dir.is_none();
    let Some(group) = sharing.group().filter(|_| !forgets) else { return Ok(TableFolder::Passing) };
    let cluster = connection.ask(cluster_id).await?.unwrap_or_else(|| "unknown".to_owned());
    let folder = config.tables_dir.clone().unwrap_or_else(|| default_folder(config));
    let folder = folder.join(file_name(group)).join(file_name(&cluster));
    Ok(TableFolder::Kept { folder, of: format!("group {group} on cluster {cluster}") })
}

/// Under cargo's target folder; in production, where there is none, in the folder that the system has for state.
fn default_folder(config: &Config) -> PathBuf {
    let in_target = state_dir(config);
    if in_target.parent().is_some_and(|target| target != std::env::temp_dir()) {
        return in_target.join("tables");
    }
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // What systemd gives a service, and then what the XDG base directory specification gives a user.
    let state = variable("STATE_DIRECTORY")
        .or_else(|| variable("XDG_STATE_HOME"))
        .or_else(|| variable("HOME").map(|home| home.join(".local/state")));
    state.map_or(in_target, |state| state.join("livecheck")).join("tables")
}

/// That text as the name of a file.
fn file_name(text: &str) -> PathBuf {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let name: String = text.chars().map(|c| if legal(c) { c } else { '_' }).collect();
    // `.` and `..` are folders of their own.
    if name.trim_start_matches('.').is_empty() { PathBuf::from("_") } else { PathBuf::from(name) }
}
