//! What ends the program, with its exit code and a way out.

use std::error::Error as _;
use std::io;

use anstream::eprintln;
use anstyle::AnsiColor;
use livecheck_core::DuplicateCase;
use livecheck_uptest::UptestError;

use crate::args::exit_code;
use crate::config::{ConfigError, explain};
use crate::kafka::KafkaEdgeError;
use crate::list::NoCases;
use crate::logging::LoggingError;
use crate::services::ServiceError;
use crate::tables::{FolderError, TableNameError};
use livecheck_store::StoreError;

/// The program cannot do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunnerError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The log cannot be set up.
    #[error(transparent)]
    Logging(#[from] LoggingError),
    /// What the program's own code does first has failed.
    #[error("what this program does before it begins has failed")]
    Before(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Two cases have one name.
    #[error(transparent)]
    DuplicateCase(#[from] DuplicateCase),
    /// There is no case, or none was selected.
    #[error(transparent)]
    NoCases(#[from] NoCases),
    /// Kafka cannot be used.
    #[error(transparent)]
    Kafka(#[from] KafkaEdgeError),
    /// The embedded broker cannot be started.
    #[error("the embedded broker cannot be started: {0}")]
    EmbeddedBroker(String),
    /// The changelog of a table cannot be called as it should.
    #[error(transparent)]
    TableName(#[from] TableNameError),
    /// Tables cannot be kept on disk.
    #[error(transparent)]
    TableFolder(#[from] FolderError),
    /// A service cannot be started.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// What was asked for cannot be done.
    #[error("{message}")]
    Refused {
        /// What is wrong.
        message: String,
        /// What to do.
        help: String,
        /// The exit code.
        code: u8,
    },
    /// The gate cannot be asked by HTTP.
    #[error("the gate cannot answer at {address}")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Uptests cannot be run.
    #[error(transparent)]
    Uptest(#[from] UptestError),
    /// The store cannot be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no store.
    #[error("no results are kept: there is no store")]
    NoStore,
    /// The working folder is gone, or cannot be read.
    #[error("the working folder cannot be read: {0}")]
    WorkingFolder(#[source] io::Error),
    /// The tokio runtime cannot be started.
    #[error("the tokio runtime cannot be started: {0}")]
    Runtime(#[source] io::Error),
    /// Standard output cannot be written to.
    #[error("the output cannot be written: {0}")]
    Output(#[source] io::Error),
}

impl RunnerError {
    pub(super) fn refused(message: impl Into<String>, help: impl Into<String>, code: u8) -> Self {
        Self::Refused { message: message.into(), help: help.into(), code }
    }

    /// The exit code that tells scripts what happened.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NoCases(_) => exit_code::NO_CASES,
            Self::Refused { code, .. } => *code,
            Self::Uptest(error) => error.exit_code(),
            Self::Config(_)
            | Self::Logging(_)
            | Self::Before(_)
            | Self::DuplicateCase(_)
            | Self::Kafka(_)
            | Self::EmbeddedBroker(_)
            | Self::TableName(_)
            | Self::TableFolder(_)
            | Self::Listen { .. }
            | Self::Store(_)
            | Self::NoStore
            | Self::Service(_) => exit_code::SETUP_FAILED,
            Self::Output(_) => exit_code::WRITE_OUTPUT_FAILED,
            Self::WorkingFolder(_) | Self::Runtime(_) => exit_code::INTERNAL,
        }
    }

    /// What to do about it, where the message does not say.
    fn help(&self) -> Option<String> {
        match self {
            Self::Kafka(KafkaEdgeError::Unreachable { .. }) => Some(
                "is the address right, and is a broker listening there? `--embedded` starts one for \
                 development; `doctor` looks closer"
                    .to_owned(),
            ),
            Self::Kafka(KafkaEdgeError::Client(error)) => explain(error).help,
            Self::Refused { help, .. } => Some(help.clone()),
            Self::Store(StoreError::Empty { .. }) => Some(
                "`run` keeps results; `url` in the table `store`, LIVECHECK_STORE_URL or --store say where"
                    .to_owned(),
            ),
            Self::NoStore => Some(
                "say where results are kept: `url` in the table `store`, LIVECHECK_STORE_URL, or --store"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    pub(super) fn print(&self) {
        let bold = AnsiColor::Red.on_default().bold();
        eprintln!("{bold}error{bold:#}: {self}");
        let mut said = self.to_string();
        let mut source = self.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            // Some errors print their cause themselves.
            if !said.contains(&text) {
                eprintln!("  caused by: {text}");
                said = text;
            }
            source = cause.source();
        }
        if let Some(help) = self.help() {
            eprintln!("  = help: {help}");
        }
    }
}
