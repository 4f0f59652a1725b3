//! Results that are not here: where they are in a file, the leading runner has them, on its machine.

use std::path::Path;
use std::time::Duration;

use livecheck_core::Timestamp;
use livecheck_store::{Location, StoreError};

use super::kept::kept_within;
use super::{Program, RunnerError};
use crate::args::exit_code;
use crate::monitor::{RunnerRecord, Serves, machine};

/// How long who asked for results may wait to be told where they are.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why the store was not read; if that is because there is nothing in it, and the leading runner has the results, where
/// they are.
pub(super) async fn told(program: &Program, error: RunnerError) -> Result<u8, RunnerError> {
    let RunnerError::Store(StoreError::Empty { location }) = &error else { return Err(error) };
    let (Some(file), Ok(config)) = (location.file(), program.config()) else { return Err(error) };
    let Some(kept) = kept_within(&config, PATIENCE).await else { return Err(error) };
    let leader = kept.leader(Timestamp::now());
    Err(leader.and_then(|(_, leader)| is_elsewhere(location, file, leader, &machine())).unwrap_or(error))
}

/// Says where the leader has the results, if that is not this file of this machine.
fn is_elsewhere(location: &Location, file: &Path, leader: &RunnerRecord, here: &str) -> Option<RunnerError> {
    let Serves { page, file: Some(theirs) } = &leader.serves else { return None };
    let machine = if leader.host == here { "this machine" } else { &leader.host };
    let help = match page {
        _ if leader.host == here && Path::new(theirs) == file => return None,
        _ if leader.host == here => format!("--store {theirs} reads it"),
        Some(page) => format!(
            "its page shows it, at {page}; this machine has it, too, where all use one PostgreSQL database (--store)"
        ),
        None => "ask for it there, or let all use one PostgreSQL database (--store)".to_owned(),
    };
    let message =
        format!("there is no history in {location}: the runner that leads keeps it in {theirs} of {machine}");
    Some(RunnerError::refused(message, help, exit_code::SETUP_FAILED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_no_history_is_told_who_has() {
        let mine = Path::new("/home/me/history.db");
        let told = |host: &str, page: Option<&str>, file: Option<&str>| {
            let serves = Serves { page: page.map(str::to_owned), file: file.map(str::to_owned) };
            let leader =
                RunnerRecord { host: host.to_owned(), started: Timestamp::MIN, cases: [].into(), serves };
            match is_elsewhere(&Location::sqlite(mine), mine, &leader, "laptop")? {
                RunnerError::Refused { message, help, .. } => Some(format!("{message}; {help}")),
                other => Some(other.to_string()),
            }
        };
        let page = Some("http://check-1:9999");
        insta::assert_snapshot!(
            [
                told("check-1", page, Some("/var/lib/history.db")),
                told("check-1", None, Some("/var/lib/history.db")),
                told("laptop", page, Some("/var/lib/history.db")),
            ]
            .map(|told| told.expect("it is elsewhere"))
            .join("\n")
        );
        assert_eq!(told("laptop", page, Some("/home/me/history.db")), None, "nothing is there yet");
        assert_eq!(told("check-1", page, None), None, "a server has it");
    }
}
