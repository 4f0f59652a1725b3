//! The configuration: built-in defaults, then a profile of `.config/livecheck.toml`, then `LIVECHECK_…`
//! variables, then flags.
//!
//! ```toml
//! [profile.default]
//! bootstrap-servers = "kafka-1:9092,kafka-2:9092"
//! group = "livecheck"                 # the consumer group that all runners share
//! commit-interval = "50ms"            # how often reports and offsets are committed
//! save-after = "10s"                  # when an execution in flight is saved, for whoever takes over its partition
//! tags = ["smoke"]                    # only cases with one of these; all if absent
//! status-interval = "30s"             # how often counters are printed where there is no terminal
//!
//! [profile.default.topics]
//! test-topic = "livecheck"
//! bus-topic = "livecheck-bus"
//! report-topic = "livecheck-report"
//! monitor-topic = "livecheck-monitor" # the state of each case; one partition, compacted
//! control-topic = "livecheck-control" # what is set at run time, by `cargo livecheck set`; one partition, compacted
//! partitions = 8                      # of topics that the runner creates
//! replication-factor = 3              # of topics that the runner creates; the broker's default if absent
//!
//! [profile.default.cases.order_flow]  # over what the case's own code says; by its name, or the end of it
//! probability = "10%"                 # in the services that are started here; for others there are variables
//! active = true
//!
//! [profile.default.kafka]             # any property of librdkafka
//! "security.protocol" = "SASL_SSL"
//! sasl.mechanism = "PLAIN"            # without quotes it is TOML's own dotted key: the same
//!
//! [profile.default.embedded]
//! port = 9092                         # of the embedded broker; a free one if absent
//! data-dir = "target/kafka"           # where it keeps what it holds from run to run; in memory if absent
//!
//! [profile.default.tables]
//! dir = "/var/lib/livecheck"          # of the tables of cases; in the target folder, or the system's for state, if absent
//!
//! [profile.default.uptests]
//! reports = true                      # a report of each uptest goes to the report topic
//!
//! [profile.default.store]
//! url = "postgres://me@db/livecheck"  # or a file, for SQLite, or "none"; a file of LiveCheck's own choice if absent
//! retention = "30d"                   # how long each report is kept; what is counted of them is kept for longer
//! max-size = "10GB"                   # how much they may take, about; the oldest go first
//!
//! [profile.default.web]
//! listen = "127.0.0.1:9999"           # the page and the metrics; `false` serves nothing
//! advertise = "http://check-1:9999"   # where other runners reach it; by the machine's name, if absent
//! hosts = ["checks.example.com"]      # names by which it is reached, beside localhost and addresses; "*" is any
//! token = "…"                         # what a request needs that changes something; better in LIVECHECK_WEB_TOKEN
//! redact = ["password", "token"]      # members of payloads that are masked wherever they are shown
//! trace-url = "https://…/{trace-id}"  # where the trace of a request is shown, for links
//!
//! [profile.default.otlp]
//! endpoint = "http://collector:4318"  # where executions go as traces, with the feature `otlp`
//!
//! [[profile.default.services]]        # see `ServiceConfig`
//! name = "orders"
//! command = "cargo run -p orders"
//! ready = { port = 6066 }
//!
//! [profile.default.alerts]            # see `AlertsConfig`
//! [profile.default.alerts.receiver.chat]
//! type = "slack"
//! url = "${SLACK_URL}"
//!
//! [[profile.default.checks]]          # tests of another kind, by the clock; see `CheckConfig`
//! name = "api"
//! command = "pytest --junit-xml=results.xml"
//! junit = "results.xml"
//! every = "15m"
//!
//! [profile.ci]                        # inherits from `default`, key by key; `services`, `checks` and `alerts` as a whole
//! commit-interval = "10ms"
//! ```
//!
//! The file is looked for in the working folder and the folders above it, up to the one that holds `Cargo.lock`
//! or `.git`. Every setting but `services`, `checks` and `alerts` is also
//! a variable: `LIVECHECK_` and its path in capitals, with `_` for `-` and between tables, as in
//! `LIVECHECK_COMMIT_INTERVAL`, `LIVECHECK_TOPICS_PARTITIONS` and `LIVECHECK_CASES_ORDER_FLOW_PROBABILITY`. In a librdkafka property `_` stands for `.`
//! and `__` for `_`, as in `LIVECHECK_KAFKA_SECURITY_PROTOCOL` (`security.protocol`). A variable that is empty
//! counts as unset.

mod alerts;
mod check;
mod error;
mod kafka;
mod layer;
mod load;
mod locate;
mod problem;
mod reader;
mod service;
mod store;
#[cfg(test)]
mod tests;
mod value;
mod variables;
mod web;

use std::path::PathBuf;
use std::time::Duration;

use livecheck_core::Topics;
use livecheck_core::control::Profile;

pub use self::alerts::AlertsConfig;
pub(crate) use self::alerts::silent_policy;
pub use self::check::CheckConfig;
pub use self::error::{ConfigError, InvalidFile};
pub use self::kafka::{KafkaAdvice, KafkaProperties, explain};
pub use self::problem::Problem;
pub use self::service::{Ready, ServiceCommand, ServiceConfig};
pub use self::store::{StoreConfig, StorePlace};
pub use self::variables::Variables;
pub use self::web::{PageUrl, PageUrlError, WebConfig};

/// What the runner goes by: the settings of one profile, with variables and flags applied.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The name of the profile.
    pub profile: String,
    /// The file that was read, if there is one.
    pub file: Option<PathBuf>,
    /// The folder that relative paths start from: the one that holds `.config`, or the working folder.
    pub root: PathBuf,
    /// The Kafka brokers to start from, as `host:port` with commas between. See [`Config::broker`].
    pub bootstrap_servers: Option<String>,
    /// The embedded broker.
    pub embedded: EmbeddedConfig,
    /// Properties for librdkafka, checked against the librdkafka that this program has.
    pub kafka: KafkaProperties,
    /// The topics.
    pub topics: TopicConfig,
    /// What is set of cases, over what their code says.
    pub cases: Profile,
    /// The consumer group that runners share.
    pub group: String,
    /// How often reports and offsets are committed.
    pub commit_interval: Duration,
    /// How long an execution is in flight before it is saved for whoever takes over its partition.
    pub save_after: Duration,
    /// How often counters are printed where there is no terminal.
    pub status_interval: Duration,
    /// The folder in which the tables of cases are; one of the runner's own choice if none is given.
    pub tables_dir: Option<PathBuf>,
    /// Whether uptests are reported as cases are.
    pub uptest_reports: bool,
    /// Only cases with one of these tags, where the command line names none; all if there are none.
    pub tags: Vec<String>,
    /// The page and the metrics.
    pub web: WebConfig,
    /// Where executions go as traces: an OpenTelemetry collector, by OTLP over HTTP.
    pub otlp_endpoint: Option<String>,
    /// Where results are kept, and for how long.
    pub store: StoreConfig,
    /// The commands to start before the cases, in order.
    pub services: Vec<ServiceConfig>,
    /// Who is told that a case fails; nobody without it.
    pub alerts: Option<AlertsConfig>,
    /// The commands that write JUnit's XML, and are run by the clock.
    pub checks: Vec<CheckConfig>,
    /// What is odd but no error, such as a variable that looks misspelt.
    pub warnings: Vec<String>,
}

/// The embedded broker's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmbeddedConfig {
    /// Whether it was asked for by a flag, whatever servers are configured.
    pub wanted: bool,
    /// The port that it listens on; a free one if none is given.
    pub port: Option<u16>,
    /// The folder in which it keeps what it holds; it holds it in memory alone if none is given.
    pub data_dir: Option<PathBuf>,
}

/// The topics, and how to create those that are not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicConfig {
    /// Their names.
    pub names: Topics,
    /// The partition count that all of them get.
    pub partitions: i32,
    /// The replication factor that they get; without one, the broker's default.
    pub replication_factor: Option<i32>,
}

impl Default for TopicConfig {
    fn default() -> Self {
        Self { names: Topics::default(), partitions: 8, replication_factor: None }
    }
}

/// Which broker to talk to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broker {
    /// Those, as `host:port` with commas between.
    Servers(String),
    /// One within this process.
    Embedded {
        /// The port; a free one if none is given.
        port: Option<u16>,
        /// The folder in which it keeps what it holds, if it does.
        data_dir: Option<PathBuf>,
    },
}

impl Config {
    /// Who is told of alerts, for a program that tells them.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] when a secret is not at hand: its variable is not set, or its file cannot be read.
    pub fn alerts_with_secrets(&self) -> Result<Option<&AlertsConfig>, ConfigError> {
        match &self.alerts {
            Some(alerts) if !alerts.unresolved.is_empty() => {
                let file = self.file.clone().unwrap_or_default();
                Err(InvalidFile { file, problems: alerts.unresolved.clone() }.into())
            }
            alerts => Ok(alerts.as_ref()),
        }
    }

    /// Which broker to talk to.
    ///
    /// The embedded one if it was asked for; else the configured servers; else, with `fallback_embedded`, the
    /// embedded one.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoBrokers`] when neither is the case: a runner that watches a broker of its own would be
    /// green for want of a setting.
    pub fn broker(&self, fallback_embedded: bool) -> Result<Broker, ConfigError> {
        let EmbeddedConfig { port, data_dir, .. } = self.embedded.clone();
        let embedded = Broker::Embedded { port, data_dir };
        match &self.bootstrap_servers {
            _ if self.embedded.wanted => Ok(embedded),
            Some(servers) => Ok(Broker::Servers(servers.clone())),
            None if fallback_embedded => Ok(embedded),
            None => Err(ConfigError::NoBrokers { profile: self.profile.clone(), file: self.file.clone() }),
        }
    }
}
