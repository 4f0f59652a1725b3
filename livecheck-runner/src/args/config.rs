//! Which settings, and which broker.

use std::{path::PathBuf, str::FromStr};

use clap::Args;

/// Which settings, and which broker.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct ConfigOptions {
    /// Profile of the configuration file to use
    #[arg(long, short = 'P', value_name = "NAME", global = true, help_heading = "Configuration options")]
    pub profile: Option<String>,

    /// Configuration file [default: .config/livecheck.toml]
    #[arg(long, value_name = "PATH", global = true, help_heading = "Configuration options")]
    pub config_file: Option<PathBuf>,

    /// Kafka brokers to start from, as HOST:PORT with commas between
    #[arg(
        long,
        value_name = "LIST",
        global = true,
        env = "LIVECHECK_BOOTSTRAP_SERVERS",
        help_heading = "Kafka options"
    )]
    pub bootstrap_servers: Option<String>,

    /// Start an embedded broker and use that, whatever servers are configured; for development
    #[arg(long, global = true, help_heading = "Kafka options")]
    pub embedded: bool,

    /// Port on which the embedded broker listens
    #[arg(long, value_name = "PORT", global = true, help_heading = "Kafka options")]
    pub embedded_port: Option<u16>,

    /// Folder in which the embedded broker keeps what it holds, from run to run [default: none, in memory]
    #[arg(long, value_name = "DIR", global = true, help_heading = "Kafka options")]
    pub embedded_data_dir: Option<PathBuf>,

    /// Where results are kept: a SQLite file, a postgres:// URL, or none
    ///
    /// By default a file of LiveCheck's own choice. A run with a filter or a bound keeps none unless this says where.
    #[arg(long, value_name = "WHERE", global = true, help_heading = "Configuration options")]
    pub store: Option<String>,

    /// A librdkafka property, such as security.protocol=SSL; may be given again
    #[arg(
        long = "kafka-property",
        short = 'X',
        value_name = "KEY=VALUE",
        global = true,
        help_heading = "Kafka options"
    )]
    pub kafka_properties: Vec<KafkaProperty>,
}

/// What `cargo livecheck` knows and the runner does not. Nobody types these.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct FromCargo {
    /// Where no bootstrap servers are configured, use the embedded broker instead of refusing to start
    #[arg(long, hide = true, global = true)]
    pub fallback_embedded: bool,

    /// A package that was searched for cases; named where there are none
    #[arg(long = "searched-package", value_name = "NAME", hide = true, global = true)]
    pub searched_packages: Vec<String>,
}

/// A property to hand to librdkafka as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaProperty {
    /// Its name, as in librdkafka's CONFIGURATION.md.
    pub key: String,
    /// Its value.
    pub value: String,
}

impl FromStr for KafkaProperty {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                Ok(Self { key: key.trim().to_owned(), value: value.to_owned() })
            }
            _ => Err("expected KEY=VALUE, such as security.protocol=SSL".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_keeps_what_follows_the_first_equals_sign() {
        let property: KafkaProperty = "sasl.jaas.config=a=b c".parse().expect("parses");
        assert_eq!((property.key.as_str(), property.value.as_str()), ("sasl.jaas.config", "a=b c"));
    }

    #[test]
    fn a_property_needs_a_key_and_an_equals_sign() {
        assert!("security.protocol".parse::<KafkaProperty>().is_err());
        assert!("=SSL".parse::<KafkaProperty>().is_err());
    }
}
