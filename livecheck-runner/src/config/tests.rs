//! The configuration as a whole: a folder, variables and flags in, settings or a message out.

use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::args::{ConfigOptions, KafkaProperty};

/// A folder with that configuration file, or with none.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(text: &str) -> Self {
        let folder = Self::empty();
        std::fs::create_dir(folder.path().join(".config")).expect("a folder");
        std::fs::write(folder.path().join(".config/livecheck.toml"), text).expect("a file");
        folder
    }

    fn empty() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    fn load(&self, options: &ConfigOptions, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let variables = variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        Config::load(options, &variables, &self.path())
    }

    fn loaded(&self) -> Config {
        self.load(&ConfigOptions::default(), &[]).expect("a good configuration")
    }

    fn refused(&self) -> String {
        self.load(&ConfigOptions::default(), &[]).expect_err("a bad configuration").to_string()
    }
}

fn profile(name: &str) -> ConfigOptions {
    ConfigOptions { profile: Some(name.to_owned()), ..ConfigOptions::default() }
}

#[test]
fn without_a_file_there_are_defaults() {
    let config = Folder::empty().loaded();
    assert_eq!(config.profile, "default");
    assert_eq!(config.group, "livecheck");
    assert_eq!(config.commit_interval, Duration::from_millis(50));
    assert_eq!(config.topics, TopicConfig::default());
    assert_eq!(config.file, None);
    assert!(config.services.is_empty());
}

const FULL: &str = r#"
[profile.default]
bootstrap-servers = "kafka:9092"
commit-interval = "20ms"

[profile.default.topics]
test-topic = "checks"
partitions = 4

[profile.default.kafka]
"socket.timeout.ms" = 2000
sasl.username = "me"
socket.keepalive.enable = true

[[profile.default.services]]
name = "web"
command = "cargo run -p web"
cwd = "services"
env = { PORT = 6066 }
ready = { url = "http://127.0.0.1:6066/" }
ready-timeout = "5m"
reuse = true

[[profile.default.services]]
name = "worker"
command = ["worker", "--quiet"]

[profile.ci]
group = "ci"
services = []

[profile.ci.topics]
replication-factor = 3

[profile.ci.kafka]
sasl.username = "ci"

[profile.ci.embedded]
port = 19092
"#;

#[test]
fn a_file_says_what_there_is_to_say() {
    let folder = Folder::with(FULL);
    let config = folder.loaded();
    assert_eq!(config.bootstrap_servers.as_deref(), Some("kafka:9092"));
    assert_eq!(config.topics.names.test_topic, "checks");
    assert_eq!(config.topics.names.bus_topic, "livecheck-bus");
    assert_eq!(config.file, Some(PathBuf::from(".config/livecheck.toml")));
    let properties: Vec<_> = config.kafka.iter().collect();
    let expected =
        [("sasl.username", "me"), ("socket.keepalive.enable", "true"), ("socket.timeout.ms", "2000")];
    assert_eq!(properties, expected);
    let [web, worker] = config.services.as_slice() else { panic!("two services") };
    assert_eq!(web.command, ServiceCommand::Shell("cargo run -p web".to_owned()));
    assert_eq!(web.cwd, folder.path().join("services"));
    assert_eq!(web.env.get("PORT").map(String::as_str), Some("6066"));
    assert_eq!(web.ready, Ready::Url("http://127.0.0.1:6066/".to_owned()));
    assert_eq!((web.ready_timeout, web.reuse), (Duration::from_secs(300), true));
    assert_eq!(worker.command.to_string(), "worker --quiet");
    assert_eq!((&worker.ready, worker.reuse), (&Ready::Started, false));
}

#[test]
fn a_profile_inherits_key_by_key() {
    let config = Folder::with(FULL).load(&profile("ci"), &[]).expect("a good configuration");
    assert_eq!(config.group, "ci");
    assert_eq!(config.bootstrap_servers.as_deref(), Some("kafka:9092"));
    assert_eq!((config.topics.partitions, config.topics.replication_factor), (4, Some(3)));
    assert_eq!(config.kafka.get("sasl.username"), Some("ci"));
    assert_eq!(config.kafka.get("socket.timeout.ms"), Some("2000"));
    assert_eq!(config.embedded.port, Some(19092));
    assert!(config.services.is_empty());
}

#[test]
fn variables_lie_over_the_file_and_flags_over_variables() {
    let variables = [
        ("LIVECHECK_PROFILE", "ci"),
        ("LIVECHECK_BOOTSTRAP_SERVERS", "variable:9092"),
        ("LIVECHECK_GROUP", "variable"),
        ("LIVECHECK_COMMIT_INTERVAL", "1s"),
        ("LIVECHECK_TOPICS_PARTITIONS", "2"),
        ("LIVECHECK_KAFKA_SASL_USERNAME", "variable"),
        ("LIVECHECK_KAFKA_LOG__LEVEL", "3"),
        ("LIVECHECK_EMBEDDED_PORT", ""),
    ];
    let options = ConfigOptions {
        bootstrap_servers: Some("flag:9092".to_owned()),
        kafka_properties: vec![KafkaProperty { key: "sasl.username".into(), value: "flag".into() }],
        ..ConfigOptions::default()
    };
    let config = Folder::with(FULL).load(&options, &variables).expect("a good configuration");
    assert_eq!(config.profile, "ci");
    assert_eq!(config.group, "variable");
    assert_eq!(config.commit_interval, Duration::from_secs(1));
    assert_eq!(config.topics.partitions, 2);
    assert_eq!(config.kafka.get("log_level"), Some("3"));
    assert_eq!(config.kafka.get("sasl.username"), Some("flag"));
    assert_eq!(config.bootstrap_servers.as_deref(), Some("flag:9092"));
    assert_eq!(config.embedded.port, Some(19092));
    let config =
        Folder::with(FULL).load(&ConfigOptions::default(), &variables).expect("a good configuration");
    assert_eq!(config.bootstrap_servers.as_deref(), Some("variable:9092"));
}

#[test]
fn the_brokers_are_the_same_setting_however_they_are_written() {
    let folder = Folder::with("[profile.default.kafka]\nbootstrap.servers = \"kafka:9092\"\n");
    let config = folder.loaded();
    assert_eq!(config.bootstrap_servers.as_deref(), Some("kafka:9092"));
    assert_eq!(config.kafka.iter().len(), 0);
}

#[test]
fn the_embedded_broker_is_used_where_it_is_asked_for() {
    let folder = Folder::with("[profile.kafka]\nbootstrap-servers = \"kafka:9092\"\n");
    let config = folder.loaded();
    assert_eq!(config.broker(true).expect("a fallback"), Broker::Embedded { port: None, data_dir: None });
    insta::assert_snapshot!(config.broker(false).expect_err("none is configured"));
    let config = folder.load(&profile("kafka"), &[]).expect("a good configuration");
    assert_eq!(config.broker(true).expect("one is set"), Broker::Servers("kafka:9092".to_owned()));
    let options = ConfigOptions { embedded: true, embedded_port: Some(1), ..profile("kafka") };
    let config = folder.load(&options, &[]).expect("a good configuration");
    assert_eq!(config.broker(false).expect("asked for"), Broker::Embedded { port: Some(1), data_dir: None });
    insta::assert_snapshot!(Folder::empty().loaded().broker(false).expect_err("none is configured"));
}

#[test]
fn what_the_embedded_broker_holds_is_kept_where_somebody_says() {
    let folder = Folder::with("[profile.default.embedded]\ndata-dir = \"kept\"\n");
    let kept_in = |options: &ConfigOptions, variables: &[(&str, &str)]| {
        folder.load(options, variables).expect("a good configuration").embedded.data_dir
    };
    let variables = [("LIVECHECK_EMBEDDED_DATA_DIR", "/elsewhere")];
    let options = ConfigOptions { embedded_data_dir: Some("typed".into()), ..ConfigOptions::default() };
    assert_eq!(kept_in(&ConfigOptions::default(), &[]), Some(folder.path().join("kept")));
    assert_eq!(kept_in(&ConfigOptions::default(), &variables), Some(PathBuf::from("/elsewhere")));
    assert_eq!(kept_in(&options, &variables), Some(PathBuf::from("typed")));
}

#[test]
fn every_mistake_is_shown_at_its_place() {
    let folder = Folder::with(
        r#"[profile.default]
bootstrap-server = "kafka:9092"
commit-interval = 'often'
[profile.default.topics]
partitions = 0
partition-count = 8
[profile.default.kafka]
securty.protocol = "SASL_PLAINTEXT"
"socket.timeout.ms" = "soon"
sasl.pasword = "hunter2"
group.id = "mine"
[[profile.default.services]]
name = "../web"
command = []
ready = { port = 99999 }
[[profile.default.services]]
name = "worker"
ready = { url = "https://localhost", port = 1 }
[profile.ci]
embedded = true
services = "all"
[profiles.nightly]
"#,
    );
    insta::assert_snapshot!(folder.refused());
}

#[test]
fn what_is_not_toml_is_shown_at_its_place() {
    insta::assert_snapshot!(Folder::with("[profile.default]\ngroup = livecheck\n").refused());
}

#[test]
fn an_unknown_profile_names_those_there_are() {
    let refused = |folder: &Folder, name| folder.load(&profile(name), &[]).expect_err("unknown").to_string();
    let folder = Folder::with("[profile.production]\n[profile.staging]\n");
    insta::assert_snapshot!(refused(&folder, "produciton"));
    insta::assert_snapshot!(refused(&Folder::empty(), "ci"));
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let options = ConfigOptions { config_file: Some("other.toml".into()), ..ConfigOptions::default() };
    insta::assert_snapshot!(Folder::empty().load(&options, &[]).expect_err("it is not there"));
}

#[test]
fn a_bad_variable_or_flag_is_named() {
    let refused = |variables| Folder::empty().load(&ConfigOptions::default(), variables).expect_err("bad");
    insta::assert_snapshot!(refused(&[("LIVECHECK_TOPICS_PARTITIONS", "many")]));
    insta::assert_snapshot!(refused(&[("LIVECHECK_KAFKA_SECURITY_PROTOCOLL", "SSL")]));
    let options = ConfigOptions {
        kafka_properties: vec![KafkaProperty { key: "partitioner".into(), value: "random".into() }],
        ..ConfigOptions::default()
    };
    insta::assert_snapshot!(Folder::empty().load(&options, &[]).expect_err("bad"));
}

#[test]
fn a_variable_that_looks_misspelt_is_worth_a_warning() {
    let variables = [("LIVECHECK_GRUOP", "x"), ("LIVECHECK_SOMETHING_ELSE", "x")];
    let config = Folder::empty().load(&ConfigOptions::default(), &variables).expect("no error");
    assert_eq!(
        config.warnings,
        ["the variable LIVECHECK_GRUOP is no setting; did you mean LIVECHECK_GROUP?"]
    );
}
