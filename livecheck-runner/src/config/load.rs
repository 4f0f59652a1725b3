//! From the file, the variables and the flags to the configuration.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use livecheck_core::Topics;

use super::error::{ConfigError, InvalidFile};
use super::kafka::{self, KafkaProperties};
use super::layer::Layer;
use super::locate;
use super::problem::nearest;
use super::reader::Reader;
use super::store::StoreConfig;
use super::value::{Count, Interval, Words};
use super::variables::{self, Variables};
use super::{Config, EmbeddedConfig, TopicConfig, WebConfig};
use crate::args::ConfigOptions;

const DEFAULT: &str = "default";

impl Config {
    /// Reads the configuration: the file above `cwd` or the one named, the variables, the flags.
    ///
    /// # Errors
    ///
    /// The file named is not there, anything in the file is wrong, the profile does not exist, or librdkafka
    /// refuses a property.
    pub fn load(options: &ConfigOptions, variables: &Variables, cwd: &Path) -> Result<Self, ConfigError> {
        let (overrides, warnings) = variables.layer()?;
        let overrides = flags(options)?.over(overrides);

        let named =
            options.config_file.as_deref().or_else(|| variables.get(variables::CONFIG_FILE).map(Path::new));
        let file = named.map(|file| cwd.join(file)).or_else(|| locate::find(cwd));
        let shown = file.as_deref().map(|file| file.strip_prefix(cwd).unwrap_or(file).to_owned());
        let profiles = match (&file, &shown) {
            (Some(file), Some(shown)) => {
                let text = fs::read_to_string(file)
                    .map_err(|source| ConfigError::Unreadable { file: shown.clone(), source })?;
                let root = locate::root_of(file);
                parse(&text, &root, variables)
                    .map_err(|problems| InvalidFile { file: shown.clone(), problems })?
            }
            _ => BTreeMap::new(),
        };
        let profile =
            options.profile.as_deref().or_else(|| variables.get(variables::PROFILE)).unwrap_or(DEFAULT);
        let mut layer = overrides.over(choose(profiles, profile, shown.as_ref())?);
        let root = file.as_deref().map_or_else(|| cwd.to_owned(), locate::root_of);
        let store = StoreConfig::of(&mut layer, options.store.as_deref(), (cwd, &root))
            .map_err(ConfigError::Store)?;
        Ok(Self { store, ..Self::new(profile, shown, root, layer, options, warnings) })
    }

    fn new(
        profile: &str,
        file: Option<PathBuf>,
        root: PathBuf,
        mut layer: Layer,
        options: &ConfigOptions,
        warnings: Vec<String>,
    ) -> Self {
        let default = Topics::default();
        let default_topics = TopicConfig::default();
        let web = WebConfig::of(&mut layer);
        let otlp_endpoint = layer.otlp_endpoint.take().filter(|endpoint| !endpoint.trim().is_empty());
        let mut checks = layer.checks.unwrap_or_default();
        for check in &mut checks {
            check.cwd = root.join(&check.cwd);
        }
        let mut services = layer.services.unwrap_or_default();
        for service in &mut services {
            service.cwd = root.join(&service.cwd);
        }
        // What is typed starts from the working folder, as paths do that are typed.
        let embedded_data_dir = options.embedded_data_dir.clone();
        let embedded_data_dir =
            embedded_data_dir.or_else(|| layer.embedded_data_dir.map(|folder| root.join(folder)));
        Self {
            store: StoreConfig::default(),
            web,
            otlp_endpoint,
            profile: profile.to_owned(),
            file,
            bootstrap_servers: layer.bootstrap_servers.filter(|servers| !servers.trim().is_empty()),
            embedded: EmbeddedConfig {
                wanted: options.embedded,
                port: layer.embedded_port,
                data_dir: embedded_data_dir,
            },
            kafka: KafkaProperties(layer.kafka),
            topics: TopicConfig {
                names: Topics {
                    test_topic: layer.test_topic.unwrap_or(default.test_topic),
                    bus_topic: layer.bus_topic.unwrap_or(default.bus_topic),
                    report_topic: layer.report_topic.unwrap_or(default.report_topic),
                    monitor_topic: layer.monitor_topic.unwrap_or(default.monitor_topic),
                    control_topic: layer.control_topic.unwrap_or(default.control_topic),
                },
                partitions: layer.partitions.map_or(default_topics.partitions, |Count(count)| count),
                replication_factor: layer.replication_factor.map(|Count(count)| count),
            },
            cases: layer.cases,
            group: layer.group.unwrap_or_else(|| "livecheck".to_owned()),
            commit_interval: layer
                .commit_interval
                .map_or(Duration::from_millis(50), |Interval(interval)| interval),
            save_after: layer.save_after.map_or(Duration::from_secs(10), |Interval(interval)| interval),
            status_interval: layer
                .status_interval
                .map_or(Duration::from_secs(30), |Interval(interval)| interval),
            tags: layer.tags.map(|Words(tags)| tags).unwrap_or_default(),
            tables_dir: layer.tables_dir.map(|folder| root.join(folder)),
            uptest_reports: layer.uptest_reports.unwrap_or(false),
            services,
            alerts: layer.alerts,
            checks,
            warnings,
            root,
        }
    }
}

/// The profiles in a file, or all that is wrong with it.
fn parse(
    text: &str,
    root: &Path,
    variables: &Variables,
) -> Result<BTreeMap<String, Layer>, Vec<super::Problem>> {
    let mut reader = Reader::new(text, root, variables);
    let mut profiles = BTreeMap::new();
    let document = reader.document();
    reader.only(&document, "the configuration", &["profile"]);
    if let Some(value) = document.get("profile") {
        for (name, value) in reader.table("profile", value).into_iter().flatten() {
            let layer = Layer::profile(&mut reader, name.get_ref(), value);
            profiles.insert(name.get_ref().to_string(), layer);
        }
    }
    let problems = reader.into_problems();
    if problems.is_empty() { Ok(profiles) } else { Err(problems) }
}

/// The profile of that name, over the default one.
fn choose(
    mut profiles: BTreeMap<String, Layer>,
    name: &str,
    file: Option<&PathBuf>,
) -> Result<Layer, ConfigError> {
    let default = profiles.remove(DEFAULT).unwrap_or_default();
    if name == DEFAULT {
        return Ok(default);
    }
    match profiles.remove(name) {
        Some(profile) => Ok(profile.over(default)),
        None => {
            let known: Vec<_> = [DEFAULT.to_owned()].into_iter().chain(profiles.into_keys()).collect();
            let nearest = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
            Err(ConfigError::UnknownProfile { name: name.to_owned(), known, nearest, file: file.cloned() })
        }
    }
}

fn flags(options: &ConfigOptions) -> Result<Layer, ConfigError> {
    let mut layer = Layer { embedded_port: options.embedded_port, ..Layer::default() };
    for property in &options.kafka_properties {
        kafka::check(&property.key, &property.value).map_err(|refused| ConfigError::KafkaProperty {
            source_name: format!("-X {}", property.key),
            advice: refused.advice(),
        })?;
        layer.set_property(property.key.clone(), property.value.clone());
    }
    // An empty variable reaches us as an empty flag, and means nothing.
    if let Some(servers) = options.bootstrap_servers.as_ref().filter(|servers| !servers.trim().is_empty()) {
        layer.bootstrap_servers = Some(servers.clone());
    }
    Ok(layer)
}
