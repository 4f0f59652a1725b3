//! Which broker a command talks to: the configured one, the embedded one, or that of a run going on.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Program, RunnerError};
use crate::config::{Broker, Config};
use crate::kafka::Connection;

/// The file in which a run says where its embedded broker is.
const ADDRESS_FILE: &str = "embedded-broker";

/// The broker of a run.
pub(super) struct RunBroker {
    pub(super) servers: String,
    embedded: Option<Embedded>,
}

/// An embedded broker at work, and the file that says where.
struct Embedded {
    #[cfg(feature = "embedded")]
    broker: livecheck_broker::Broker,
    address_file: Option<PathBuf>,
}

impl RunBroker {
    pub(super) async fn start(program: &Program, config: &Config) -> Result<Self, RunnerError> {
        match config.broker(program.command.from_cargo.fallback_embedded)? {
            Broker::Servers(servers) => Ok(Self { servers, embedded: None }),
            Broker::Embedded { port } => start_embedded(config, port).await,
        }
    }

    pub(super) fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }

    pub(super) async fn stop(self) {
        let Some(embedded) = self.embedded else { return };
        if let Some(file) = &embedded.address_file {
            let _ = fs::remove_file(file);
        }
        #[cfg(feature = "embedded")]
        embedded.broker.shutdown().await;
    }
}

#[cfg(feature = "embedded")]
async fn start_embedded(config: &Config, port: Option<u16>) -> Result<RunBroker, RunnerError> {
    let broker = livecheck_broker::Broker::builder()
        .port(port.unwrap_or(0))
        .start()
        .await
        .map_err(|error| RunnerError::EmbeddedBroker(error.to_string()))?;
    let servers = broker.bootstrap_servers();
    let address_file = publish_address(&state_dir(config), &servers)
        .inspect_err(|error| tracing::warn!(%error, "other commands will not find the embedded broker"))
        .ok();
    Ok(RunBroker { servers, embedded: Some(Embedded { broker, address_file }) })
}

#[cfg(not(feature = "embedded"))]
async fn start_embedded(_: &Config, _: Option<u16>) -> Result<RunBroker, RunnerError> {
    Err(RunnerError::EmbeddedBroker("this runner was built without the feature `embedded`".to_owned()))
}

fn publish_address(dir: &Path, servers: &str) -> io::Result<PathBuf> {
    fs::create_dir_all(dir)?;
    let file = dir.join(ADDRESS_FILE);
    fs::write(&file, servers)?;
    Ok(file)
}

/// Where a run leaves what others may look for: the logs of its services, the address of its broker.
pub(super) fn state_dir(config: &Config) -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| config.root.join("target"), PathBuf::from);
    if target.is_dir() {
        return target.join("livecheck");
    }
    // Outside a cargo workspace, as in production: nothing is left in the working folder.
    std::env::temp_dir().join("livecheck")
}

/// How to reach Kafka from a command that starts no broker of its own.
pub(super) fn running_broker(config: &Config) -> Result<Connection, RunnerError> {
    let embedded = || fs::read_to_string(state_dir(config).join(ADDRESS_FILE)).ok();
    let servers = match &config.bootstrap_servers {
        Some(servers) if !config.embedded.wanted => Some(servers.clone()),
        _ => embedded(),
    };
    match servers {
        Some(servers) => Ok(connection(config, servers)),
        None => Err(RunnerError::Config(crate::config::ConfigError::NoBrokers {
            profile: config.profile.clone(),
            file: config.file.clone(),
        })),
    }
}

/// The connection to those servers, with what the configuration says.
pub(super) fn connection(config: &Config, servers: String) -> Connection {
    let properties = config.kafka.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Connection { servers, properties, topics: config.topics.names.clone() }
}
