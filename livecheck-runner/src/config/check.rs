//! A check in the configuration: a command that writes JUnit's XML, and when it is run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use livecheck_schedule::{Schedule, ScheduleError};
use toml::de::DeTable;

use super::reader::{At, Reader};
use super::service::{ServiceCommand, read_env};
use super::value::{Count, Interval, Name, Words};

/// How long a command may take where the configuration does not say.
const TIMEOUT: Duration = Duration::from_secs(600);
/// The pauses between the runs of a check, and the end of its processes.
const BESIDE: Duration = Duration::from_secs(60);
/// How often at most a failure is confirmed.
const MOST_RETRIES: i32 = 10;

/// A command that writes JUnit's XML, such as pytest's, and that is run by the clock. Each of its test cases becomes a
/// report, on the case `NAME::classname::test`; and so does how the command itself did, on the case `NAME`.
///
/// ```toml
/// [[profile.default.checks]]
/// name = "api"
/// command = "pytest --junit-xml=results.xml"  # for a shell, or a list: ["pytest", "--junit-xml=results.xml"]
/// every = "15m"                               # or schedule = "0 9 * * MON-FRI Europe/Berlin"
/// jitter = "30s"                              # by how much at most it is run later; none if absent
/// junit = "results.xml"                       # a path from `cwd`, or a pattern: "results/*.xml"
/// timeout = "10m"                             # its process group is ended then
/// cwd = "tests"                               # from the folder that holds `.config`
/// env = { API_URL = "https://api.example.com" }
/// tags = ["smoke"]
/// confirm = 2                                 # so many further runs before a failure counts; none if absent
/// max-consecutive-failures = 1                # after so many in a row a test case has failed as a whole
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CheckConfig {
    /// Its name, which those of its test cases begin with.
    pub name: String,
    /// What to run.
    pub command: ServiceCommand,
    /// When.
    pub schedule: Schedule,
    /// Which files it writes: a path, or a pattern with wildcards.
    pub junit: String,
    /// How long it may take, once.
    pub timeout: Duration,
    /// The working folder.
    pub cwd: PathBuf,
    /// Variables for its environment.
    pub env: BTreeMap<String, String>,
    /// Words by which it can be chosen.
    pub tags: Vec<String>,
    /// How often it is run again before a failure counts.
    pub confirm: usize,
    /// After how many failures in a row one of its test cases has failed as a whole.
    pub max_consecutive_failures: u64,
}

impl CheckConfig {
    /// After how long it is over, with all its runs.
    #[must_use]
    pub fn lasts_at_most(&self) -> Duration {
        let runs = u32::try_from(self.confirm).unwrap_or(u32::MAX).saturating_add(1);
        (self.timeout + BESIDE).saturating_mul(runs)
    }

    /// Reads the checks of a profile. Working folders are as they are written.
    pub(super) fn list(reader: &mut Reader<'_>, value: &At<'_>) -> Option<Vec<Self>> {
        let Some(items) = value.get_ref().as_array() else {
            reader.unexpected("checks", value, "a list of tables (`[[profile.NAME.checks]]`)");
            return None;
        };
        let mut checks: Vec<Self> = Vec::new();
        for item in items {
            let Some(check) = Self::read(reader, item) else { continue };
            if checks.iter().any(|other| other.name == check.name) {
                let problem = reader.problem(item.span(), format!("two checks are named `{}`", check.name));
                reader
                    .note(problem.help("their reports would be of one case: give one of them another name"));
            }
            checks.push(check);
        }
        Some(checks)
    }

    fn read(reader: &mut Reader<'_>, value: &At<'_>) -> Option<Self> {
        let table = reader.table("checks", value)?;
        let known = [
            "name",
            "command",
            "every",
            "schedule",
            "timezone",
            "jitter",
            "junit",
            "timeout",
            "cwd",
            "env",
            "tags",
            "confirm",
            "max-consecutive-failures",
        ];
        reader.only(table, "a check", &known);
        let name = reader.require(table, value.span(), "name");
        let command = reader.require(table, value.span(), "command");
        let junit = reader.require::<String>(table, value.span(), "junit");
        if let (Some(pattern), Some(value)) = (&junit, table.get("junit")) {
            if let Err(error) = glob::Pattern::new(pattern) {
                let problem = reader
                    .problem(value.span(), format!("`junit` is no path, and no pattern: {}", error.msg));
                reader.note(problem);
            }
        }
        let schedule = read_schedule(reader, table, value);
        let Interval(timeout) = reader.get(table, "timeout").unwrap_or(Interval(TIMEOUT));
        let Count(failures) = reader.get(table, "max-consecutive-failures").unwrap_or(Count(1));
        let rest = (
            reader.get::<String>(table, "cwd").unwrap_or_default(),
            table.get("env").map(|env| read_env(reader, env)).unwrap_or_default(),
            reader.get(table, "tags").map(|Words(tags)| tags).unwrap_or_default(),
            read_confirm(reader, table),
        );
        // Only now, so that everything that is wrong has been noted.
        let (Name(name), command, junit, schedule) = (name?, command?, junit?, schedule?);
        let (cwd, env, tags, confirm) = rest;
        let max_consecutive_failures = u64::try_from(failures).unwrap_or(1);
        let cwd = cwd.into();
        Some(Self {
            name,
            command,
            schedule,
            junit,
            timeout,
            cwd,
            env,
            tags,
            confirm,
            max_consecutive_failures,
        })
    }
}

fn read_confirm(reader: &mut Reader<'_>, table: &DeTable<'_>) -> usize {
    let Some(Count(retries)) = reader.get(table, "confirm") else { return 0 };
    if let Some(value) = table.get("confirm").filter(|_| retries > MOST_RETRIES) {
        let message = format!("`confirm` is {retries}; expected a number from 1 to {MOST_RETRIES}");
        let problem = reader.problem(value.span(), message);
        reader.note(problem);
    }
    usize::try_from(retries).unwrap_or(0)
}

/// The schedule, each part of which may be wrong where it stands.
fn read_schedule(reader: &mut Reader<'_>, table: &DeTable<'_>, check: &At<'_>) -> Option<Schedule> {
    let every = reader.get(table, "every").map(|Interval(every)| every);
    let (text, zone) = (reader.get::<String>(table, "schedule"), reader.get::<String>(table, "timezone"));
    let (key, read) = match (text, every) {
        (Some(text), None) => ("schedule", Schedule::cron(&text, zone.as_deref())),
        (None, Some(every)) => ("every", Schedule::every(every)),
        (None, None) => {
            // One that is wrong has been noted.
            if table.get("every").is_none() && table.get("schedule").is_none() {
                let problem = reader.problem(check.span(), "a check says when it is run");
                reader.note(problem.help("every = \"15m\", or schedule = \"0 9 * * MON-FRI Europe/Berlin\""));
            }
            return None;
        }
        (Some(_), Some(_)) => {
            let problem = reader.problem(check.span(), "a check has both `every` and `schedule`");
            reader.note(problem.help("leave one of them out"));
            return None;
        }
    };
    let note = |reader: &mut Reader<'_>, key: &str, error: &ScheduleError| {
        let problem = reader.problem(table.get(key).unwrap_or(check).span(), error.to_string());
        reader.note(problem);
    };
    let schedule = match read {
        Ok(schedule) => schedule,
        Err(error) => {
            let is_of_zone = matches!(error, ScheduleError::Zone { .. }) && table.get("timezone").is_some();
            note(reader, if is_of_zone { "timezone" } else { key }, &error);
            return None;
        }
    };
    match reader.get(table, "jitter").map(|Interval(jitter)| schedule.clone().with_jitter(jitter)) {
        None => Some(schedule),
        Some(Ok(schedule)) => Some(schedule),
        Some(Err(error)) => {
            note(reader, "jitter", &error);
            None
        }
    }
}
