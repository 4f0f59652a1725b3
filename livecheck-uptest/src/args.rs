//! Arguments of `uptest`, for both programs that have the command. The doc comments are the `--help` texts.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs, io};

use clap::{Args, ValueEnum};

use crate::environment::{self, Environment, EnvironmentError, Prefix};
use crate::find;
use crate::function::Catch;
use crate::instance::{self, Instance, InstanceError};
use crate::run::Settings;

/// Where `--all` looks when it is not told.
const INSTANCES: &str = "uptests/instances";

/// Arguments of `uptest`.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct UptestArgs {
    /// The instance as PROC HOST PORT, or each of several as PROC=HOST:PORT
    ///
    /// PROC is the name of a folder in uptests/. What an --exec prefix refers to stands behind the address:
    /// web=10.0.0.1:8000,container=web-1.
    #[arg(value_name = "INSTANCE", required_unless_present = "all")]
    pub instances: Vec<String>,

    /// Also all instances in FILE, a line for each process: `web: 10.0.0.1:8000 10.0.0.2:8000` [default FILE: uptests/instances]
    #[arg(
        long,
        value_name = "FILE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = INSTANCES,
        help_heading = "Uptest options"
    )]
    pub all: Option<PathBuf>,

    /// The project's root, in which uptests/ is [default: this folder, or the nearest above it that has uptests/]
    #[arg(long, value_name = "DIR", help_heading = "Uptest options")]
    pub root: Option<PathBuf>,

    /// How long one uptest may take before it and all that it has started are ended
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1m", help_heading = "Uptest options")]
    pub timeout: Duration,

    /// How long all of it may take [default: as long as the uptests do]
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Uptest options")]
    pub total_timeout: Option<Duration>,

    /// Try what fails again until it passes, for this long: the instance may still be starting
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "0s", help_heading = "Uptest options")]
    pub retry_for: Duration,

    /// How many instances are asked at once; the uptests of one run one after another
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), default_value_t = 16, help_heading = "Uptest options")]
    pub jobs: u16,

    /// Let an instance pass for which there is no uptest
    #[arg(long, help_heading = "Uptest options")]
    pub allow_empty: bool,

    /// A file of variables for the executables, NAME=VALUE on a line, as docker takes it; may be given again
    #[arg(long, value_name = "FILE", help_heading = "Environment options")]
    pub env_file: Vec<PathBuf>,

    /// A variable for the executables, or the name of one to pass on; may be given again
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Environment options")]
    pub env: Vec<String>,

    /// Do not pass this environment on to the executables
    #[arg(long, help_heading = "Environment options")]
    pub clear_env: bool,

    /// A command to run the executables by, such as 'docker exec {container}'
    ///
    /// {proc}, {host}, {port} and what is said of an instance stand for its own. The variables are then set by
    /// `env` on the other side.
    #[arg(long, value_name = "COMMAND", help_heading = "Environment options")]
    pub exec: Option<String>,

    /// Send a report of each uptest to the report topic, where the history of the cases is
    #[arg(long, help_heading = "Output options")]
    pub reports: bool,

    /// Form of the results: for people, on standard error, or for programs, on standard output
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t, help_heading = "Output options")]
    pub format: Format,

    /// Also write the results to this file, as JUnit's XML
    #[arg(long, value_name = "FILE", help_heading = "Output options")]
    pub junit: Option<PathBuf>,
}

/// Form of the results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people, on standard error
    #[default]
    Human,
    /// One JSON object, on standard output
    Json,
    /// What Velociraptor's uptester prints: a JSON array on one line, on standard output
    Velociraptor,
}

/// What is wrong with what the user asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// An instance.
    #[error(transparent)]
    Instance(#[from] InstanceError),
    /// The environment.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// A file.
    #[error("{option} {} cannot be used", path.display())]
    File {
        /// The option that names it.
        option: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it cannot be used.
        source: io::Error,
    },
    /// The working folder is gone.
    #[error("the working folder cannot be read")]
    WorkingFolder(#[source] io::Error),
}

impl UptestArgs {
    /// The instances to ask, those of the command line first.
    ///
    /// # Errors
    ///
    /// One of them is wrong, or the file of them cannot be read.
    pub fn instances(&self, root: &Path) -> Result<Vec<Instance>, RequestError> {
        let mut instances = instance::from_words(&self.instances)?;
        if let Some(file) = &self.all {
            let path = if file == Path::new(INSTANCES) { root.join(INSTANCES) } else { file.clone() };
            let text = read("--all", &path)?;
            instances.extend(instance::from_file(&text, &path.display().to_string())?);
        }
        Ok(instances)
    }

    /// The project's root.
    ///
    /// # Errors
    ///
    /// It is no folder.
    pub fn root(&self) -> Result<PathBuf, RequestError> {
        let here = env::current_dir().map_err(RequestError::WorkingFolder)?;
        let Some(path) = &self.root else { return Ok(find::root(&here)) };
        let error = |source| RequestError::File { option: "--root", path: path.clone(), source };
        if fs::metadata(path).map_err(error)?.is_dir() {
            Ok(here.join(path))
        } else {
            Err(error(io::ErrorKind::NotADirectory.into()))
        }
    }

    /// How the uptests are run.
    ///
    /// # Errors
    ///
    /// Something in the environment is wrong.
    pub fn settings(&self, root: PathBuf, catch: Catch) -> Result<Settings, RequestError> {
        let ours = |name: &OsStr| env::var(name).ok();
        let mut variables = Vec::new();
        for path in &self.env_file {
            variables.extend(environment::variables(&read("--env-file", path)?, path, ours)?);
        }
        for text in &self.env {
            variables.extend(environment::variable(text, ours)?);
        }
        let exec = self.exec.as_deref().map(Prefix::parse).transpose()?;
        Ok(Settings {
            environment: Environment { root, clear: self.clear_env, variables, exec },
            timeout: self.timeout,
            total_timeout: self.total_timeout,
            retry_for: self.retry_for,
            jobs: self.jobs.into(),
            catch,
        })
    }
}

fn read(option: &'static str, path: &Path) -> Result<String, RequestError> {
    fs::read_to_string(path).map_err(|source| RequestError::File { option, path: path.to_owned(), source })
}

/// A duration as people write it, `10m` or `1h 30s`, or a number of seconds.
///
/// # Errors
///
/// It is no duration.
pub fn duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.trim().parse() {
        return Ok(Duration::from_secs(seconds));
    }
    humantime::parse_duration(text)
        .map_err(|error| format!("{error}; expected a duration such as 90s, 10m or \"1h 30s\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_words_or_in_seconds() {
        assert_eq!(duration("1h 30s"), Ok(Duration::from_secs(3630)));
        assert_eq!(duration("45"), Ok(Duration::from_secs(45)));
        assert!(duration("soon").is_err());
        assert!(duration("-5").is_err());
    }
}
