//! What is wrong with a configuration, and what to do about it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::kafka::KafkaAdvice;
use super::problem::Problem;

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file that was named is not there, or cannot be read.
    #[error("cannot read the configuration file {}: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is something wrong in the file.
    #[error(transparent)]
    Invalid(#[from] InvalidFile),
    /// There is no profile of that name.
    #[error("there is no profile `{name}`{}{}", in_file(file.as_ref()), known_profiles(known, nearest.as_deref()))]
    UnknownProfile {
        /// The name asked for.
        name: String,
        /// The profiles that there are.
        known: Vec<String>,
        /// The one whose name is most like it.
        nearest: Option<String>,
        /// The file that was read, if there is one.
        file: Option<PathBuf>,
    },
    /// A variable has a value that its setting cannot have.
    #[error("the variable {name} is `{value}`; expected {expected}")]
    Variable {
        /// The variable.
        name: String,
        /// Its value.
        value: String,
        /// What could stand there.
        expected: &'static str,
    },
    /// What says where the store is says it of none.
    #[error(
        "where is the store? {0}\n  = help: it is `url` in the table `store`, the variable LIVECHECK_STORE_URL, or --store; \
         `none` means that there is none"
    )]
    Store(livecheck_store::LocationError),
    /// A property that does not stand in the file is refused.
    #[error("{source_name}: {advice}")]
    KafkaProperty {
        /// The variable or flag that sets it.
        source_name: String,
        /// What is wrong with it.
        advice: KafkaAdvice,
    },
    /// No brokers are configured, and nobody asked for the embedded one.
    #[error(
        "no Kafka brokers are configured in profile `{profile}`{}\n  \
         = help: set `bootstrap-servers` there, or LIVECHECK_BOOTSTRAP_SERVERS, or give --bootstrap-servers; \
         --embedded starts a broker for development",
        in_file(file.as_ref())
    )]
    NoBrokers {
        /// The profile.
        profile: String,
        /// The file that was read, if there is one.
        file: Option<PathBuf>,
    },
}

/// A configuration file with something wrong in it: all that is, in the order of the lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidFile {
    /// The file.
    pub file: PathBuf,
    /// What is wrong: at least one thing.
    pub problems: Vec<Problem>,
}

impl std::error::Error for InvalidFile {}

impl fmt::Display for InvalidFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            problem.write(f, &self.file)?;
        }
        Ok(())
    }
}

fn in_file(file: Option<&PathBuf>) -> String {
    match file {
        Some(file) => format!(" in {}", file.display()),
        None => ": there is no .config/livecheck.toml in this folder or above it".to_owned(),
    }
}

fn known_profiles(known: &[String], nearest: Option<&str>) -> String {
    let listed = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let help = nearest.map(|name| format!("\n  = help: did you mean `{name}`?")).unwrap_or_default();
    match known.len() {
        1 => format!("; the only one is {listed}{help}"),
        _ => format!("; there are {listed}{help}"),
    }
}
