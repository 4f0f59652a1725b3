//! Which broker a command talks to: the configured one, the embedded one, or that of a run going on.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use livecheck_core::variables::{variable, variable_of_property};

use super::embedded::{ADDRESS_FILE, EmbeddedBroker};
use super::{Program, RunnerError};
use crate::config::{Broker, Config};
use crate::kafka::Connection;

/// How long triggers of this process may take to reach an embedded broker that is to end.
const LAST_RECORDS: Duration = Duration::from_secs(1);

/// The broker of a run.
pub(super) struct RunBroker {
    pub(super) servers: String,
    embedded: Option<EmbeddedBroker>,
    /// The folder in which the embedded broker keeps what it holds, if it does.
    pub(super) data_dir: Option<PathBuf>,
}

impl RunBroker {
    pub(super) async fn start(program: &Program, config: &Config) -> Result<Self, RunnerError> {
        match config.broker(program.command.from_cargo.fallback_embedded)? {
            Broker::Servers(servers) => Ok(Self { servers, embedded: None, data_dir: None }),
            Broker::Embedded { port, data_dir } => {
                let (embedded, servers) = EmbeddedBroker::start(config, port, data_dir.as_deref()).await?;
                Ok(Self { servers, embedded: Some(embedded), data_dir })
            }
        }
    }

    pub(super) fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }

    /// How to reach it.
    pub(super) fn connection(&self, config: &Config) -> Connection {
        connection(config, self.servers.clone(), self.is_embedded())
    }

    pub(super) async fn stop(self) {
        if let Some(embedded) = self.embedded {
            // Whoever triggers something in this process would take its end for an outage.
            livecheck_core::client::close(LAST_RECORDS).await;
            embedded.stop().await;
        }
    }
}

/// Where a run leaves what others may look for: the logs of its services, the address of its broker.
pub(super) fn state_dir(config: &Config) -> PathBuf {
    // Outside a cargo workspace, as in production: nothing is left in the working folder.
    target_dir(config).unwrap_or_else(|| std::env::temp_dir().join("livecheck"))
}

/// LiveCheck's folder in the target folder of the workspace, if this is one.
pub(super) fn target_dir(config: &Config) -> Option<PathBuf> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| config.root.join("target"), PathBuf::from);
    target.is_dir().then(|| target.join("livecheck"))
}

/// What a command finds that starts no broker of its own.
pub(super) enum Running {
    /// The brokers that are configured.
    Configured(Connection),
    /// The embedded broker of a run going on; or of one that was killed, if it does not answer.
    Embedded(Connection),
}

impl Running {
    /// Where it is, if it is anywhere.
    pub(super) fn find(config: &Config) -> Option<Self> {
        match &config.bootstrap_servers {
            Some(servers) if !config.embedded.wanted => {
                Some(Self::Configured(connection(config, servers.clone(), false)))
            }
            _ => {
                let servers = fs::read_to_string(state_dir(config).join(ADDRESS_FILE)).ok()?;
                Some(Self::Embedded(connection(config, servers, true)))
            }
        }
    }
}

/// How to reach Kafka from a command that starts no broker of its own.
pub(super) fn running_broker(config: &Config) -> Result<Connection, RunnerError> {
    match Running::find(config) {
        Some(Running::Configured(connection) | Running::Embedded(connection)) => Ok(connection),
        None => Err(RunnerError::Config(crate::config::ConfigError::NoBrokers {
            profile: config.profile.clone(),
            file: config.file.clone(),
        })),
    }
}

/// The connection to those servers, with what the configuration says.
fn connection(config: &Config, servers: String, is_embedded: bool) -> Connection {
    let properties = config
        .kafka
        .iter()
        // How to reach the brokers that are configured says nothing of the embedded one.
        .filter(|(name, _)| !(is_embedded && is_of_security(name)))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Connection { servers, properties, topics: config.topics.names.clone() }
}

fn is_of_security(property: &str) -> bool {
    ["security.", "ssl.", "sasl.", "enable.ssl.", "enable.sasl."]
        .iter()
        .any(|prefix| property.starts_with(prefix))
}

/// The variables by which the LiveCheck client of a service that is started here reaches the same topics.
pub(super) fn client_variables(config: &Config, connection: &Connection) -> BTreeMap<String, String> {
    let Connection { servers, properties, topics } = connection;
    let settings = [
        (&["bootstrap-servers"][..], servers),
        (&["topics", "test-topic"], &topics.test_topic),
        (&["topics", "bus-topic"], &topics.bus_topic),
        (&["topics", "report-topic"], &topics.report_topic),
        (&["topics", "control-topic"], &topics.control_topic),
    ];
    let settings = settings.map(|(path, value)| (variable(path), value.clone()));
    // What does not hold for these brokers may stand in the environment all the same: empty is unset.
    let properties = config.kafka.iter().map(|(name, _)| {
        let value = properties.get(name).cloned().unwrap_or_default();
        (variable_of_property(name), value)
    });
    settings.into_iter().chain(properties).chain(config.cases.variables()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::ConfigOptions;
    use crate::config::Variables;

    fn config() -> Config {
        let properties =
            ["sasl.mechanism=PLAIN", "client.id=orders"].map(|text| text.parse().expect("a property"));
        let options = ConfigOptions { kafka_properties: properties.into(), ..ConfigOptions::default() };
        let folder = tempfile::tempdir().expect("a folder");
        Config::load(&options, &Variables::default(), folder.path()).expect("a configuration")
    }

    #[test]
    fn services_are_told_where_the_topics_are_and_how_to_get_there() {
        let config = config();
        let variables = client_variables(&config, &connection(&config, "kafka:9092".to_owned(), false));
        assert_eq!(
            variables.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>(),
            [
                "LIVECHECK_BOOTSTRAP_SERVERS=kafka:9092",
                "LIVECHECK_KAFKA_CLIENT_ID=orders",
                "LIVECHECK_KAFKA_SASL_MECHANISM=PLAIN",
                "LIVECHECK_TOPICS_BUS_TOPIC=livecheck-bus",
                "LIVECHECK_TOPICS_CONTROL_TOPIC=livecheck-control",
                "LIVECHECK_TOPICS_REPORT_TOPIC=livecheck-report",
                "LIVECHECK_TOPICS_TEST_TOPIC=livecheck",
            ]
        );
    }

    #[test]
    fn the_embedded_broker_is_reached_without_what_the_configured_ones_ask_for() {
        let config = config();
        let connection = connection(&config, "127.0.0.1:1".to_owned(), true);
        assert_eq!(connection.properties.keys().collect::<Vec<_>>(), ["client.id"]);
        let variables = client_variables(&config, &connection);
        assert_eq!(variables["LIVECHECK_KAFKA_SASL_MECHANISM"], "");
    }
}
