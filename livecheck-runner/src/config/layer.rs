//! One layer of settings, which lies over another: a profile, the variables, the flags.

use std::collections::BTreeMap;
use std::path::PathBuf;

use livecheck_core::control::{CaseProfile, Profile as Cases};
use livecheck_core::variables::is_bootstrap_servers;
use livecheck_web::Token;
use toml::de::DeTable;

use super::alerts::AlertsConfig;
use super::check::CheckConfig;
use super::kafka::{self, KafkaAdvice, Refused};
use super::problem::Problem;
use super::reader::{At, Reader};
use super::service::ServiceConfig;
use super::store::{Size, StoreUrl};
use super::value::{Count, Interval, PropertyValue, Value, Words};
use super::web::PageUrl;
use crate::args::WebListen;

/// Settings, of which each may be there or not.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    pub(super) bootstrap_servers: Option<String>,
    pub(super) group: Option<String>,
    pub(super) commit_interval: Option<Interval>,
    pub(super) save_after: Option<Interval>,
    pub(super) status_interval: Option<Interval>,
    pub(super) tags: Option<Words>,
    pub(super) test_topic: Option<String>,
    pub(super) bus_topic: Option<String>,
    pub(super) report_topic: Option<String>,
    pub(super) monitor_topic: Option<String>,
    pub(super) control_topic: Option<String>,
    pub(super) partitions: Option<Count>,
    pub(super) replication_factor: Option<Count>,
    pub(super) embedded_port: Option<u16>,
    pub(super) embedded_data_dir: Option<PathBuf>,
    pub(super) tables_dir: Option<PathBuf>,
    pub(super) uptest_reports: Option<bool>,
    pub(super) store_url: Option<StoreUrl>,
    pub(super) store_retention: Option<Interval>,
    pub(super) store_max_size: Option<Size>,
    pub(super) web_listen: Option<WebListen>,
    pub(super) web_advertise: Option<PageUrl>,
    pub(super) web_hosts: Option<Words>,
    pub(super) web_token: Option<Token>,
    pub(super) web_redact: Option<Words>,
    pub(super) web_trace_url: Option<String>,
    pub(super) otlp_endpoint: Option<String>,
    pub(super) cases: Cases,
    pub(super) kafka: BTreeMap<String, String>,
    pub(super) services: Option<Vec<ServiceConfig>>,
    pub(super) alerts: Option<AlertsConfig>,
    pub(super) checks: Option<Vec<CheckConfig>>,
}

/// Where settings come from.
pub(super) trait Source {
    /// The setting at that path: a key, or a table and a key.
    fn get<T: Value>(&mut self, path: &'static [&'static str]) -> Option<T>;
}

impl Layer {
    /// Reads every setting but those of cases, the librdkafka properties, the services, the checks and the alerts.
    ///
    /// This is the only place that names the keys.
    pub(super) fn read(source: &mut impl Source) -> Self {
        Self {
            bootstrap_servers: source.get(&["bootstrap-servers"]),
            group: source.get(&["group"]),
            commit_interval: source.get(&["commit-interval"]),
            save_after: source.get(&["save-after"]),
            status_interval: source.get(&["status-interval"]),
            tags: source.get(&["tags"]),
            test_topic: source.get(&["topics", "test-topic"]),
            bus_topic: source.get(&["topics", "bus-topic"]),
            report_topic: source.get(&["topics", "report-topic"]),
            monitor_topic: source.get(&["topics", "monitor-topic"]),
            control_topic: source.get(&["topics", "control-topic"]),
            partitions: source.get(&["topics", "partitions"]),
            replication_factor: source.get(&["topics", "replication-factor"]),
            embedded_port: source.get(&["embedded", "port"]),
            embedded_data_dir: source.get(&["embedded", "data-dir"]),
            tables_dir: source.get(&["tables", "dir"]),
            uptest_reports: source.get(&["uptests", "reports"]),
            store_url: source.get(&["store", "url"]),
            store_retention: source.get(&["store", "retention"]),
            store_max_size: source.get(&["store", "max-size"]),
            web_listen: source.get(&["web", "listen"]),
            web_advertise: source.get(&["web", "advertise"]),
            web_hosts: source.get(&["web", "hosts"]),
            web_token: source.get(&["web", "token"]),
            web_redact: source.get(&["web", "redact"]),
            web_trace_url: source.get(&["web", "trace-url"]),
            otlp_endpoint: source.get(&["otlp", "endpoint"]),
            cases: Cases::default(),
            kafka: BTreeMap::new(),
            services: None,
            alerts: None,
            checks: None,
        }
    }

    /// This layer over another one.
    pub(super) fn over(self, under: Self) -> Self {
        let mut kafka = under.kafka;
        kafka.extend(self.kafka);
        Self {
            bootstrap_servers: self.bootstrap_servers.or(under.bootstrap_servers),
            group: self.group.or(under.group),
            commit_interval: self.commit_interval.or(under.commit_interval),
            save_after: self.save_after.or(under.save_after),
            status_interval: self.status_interval.or(under.status_interval),
            tags: self.tags.or(under.tags),
            test_topic: self.test_topic.or(under.test_topic),
            bus_topic: self.bus_topic.or(under.bus_topic),
            report_topic: self.report_topic.or(under.report_topic),
            monitor_topic: self.monitor_topic.or(under.monitor_topic),
            control_topic: self.control_topic.or(under.control_topic),
            partitions: self.partitions.or(under.partitions),
            replication_factor: self.replication_factor.or(under.replication_factor),
            embedded_port: self.embedded_port.or(under.embedded_port),
            embedded_data_dir: self.embedded_data_dir.or(under.embedded_data_dir),
            tables_dir: self.tables_dir.or(under.tables_dir),
            uptest_reports: self.uptest_reports.or(under.uptest_reports),
            store_url: self.store_url.or(under.store_url),
            store_retention: self.store_retention.or(under.store_retention),
            store_max_size: self.store_max_size.or(under.store_max_size),
            web_listen: self.web_listen.or(under.web_listen),
            web_advertise: self.web_advertise.or(under.web_advertise),
            web_hosts: self.web_hosts.or(under.web_hosts),
            web_token: self.web_token.or(under.web_token),
            web_redact: self.web_redact.or(under.web_redact),
            web_trace_url: self.web_trace_url.or(under.web_trace_url),
            otlp_endpoint: self.otlp_endpoint.or(under.otlp_endpoint),
            cases: self.cases.over(under.cases),
            kafka,
            services: self.services.or(under.services),
            alerts: self.alerts.or(under.alerts),
            checks: self.checks.or(under.checks),
        }
    }

    /// Sets a librdkafka property; the brokers are a setting of their own, however they are written.
    pub(super) fn set_property(&mut self, name: String, value: String) {
        if is_bootstrap_servers(&name) {
            self.bootstrap_servers = Some(value);
        } else {
            self.kafka.insert(name, value);
        }
    }

    /// Reads a profile.
    pub(super) fn profile(reader: &mut Reader<'_>, name: &str, value: &At<'_>) -> Self {
        let Some(table) = reader.table(name, value) else { return Self::default() };
        let mut source = Profile { reader, table, paths: Vec::new() };
        let mut layer = Self::read(&mut source);
        source.note_unknown();
        if let Some(cases) = table.get("cases") {
            layer.read_cases(reader, cases);
        }
        if let Some(properties) = table.get("kafka") {
            layer.read_properties(reader, properties, "");
        }
        if let Some(services) = table.get("services") {
            layer.services = ServiceConfig::list(reader, services);
        }
        if let Some(alerts) = table.get("alerts") {
            layer.alerts = AlertsConfig::read(reader, alerts);
        }
        if let Some(checks) = table.get("checks") {
            layer.checks = CheckConfig::list(reader, checks);
        }
        layer
    }

    /// Reads what is set of cases: a table for each.
    fn read_cases(&mut self, reader: &mut Reader<'_>, value: &At<'_>) {
        for (name, value) in reader.table("cases", value).into_iter().flatten() {
            let Some(table) = reader.table(name.get_ref(), value) else { continue };
            reader.only(table, "a case", &["active", "probability"]);
            let (active, probability) = (reader.get(table, "active"), reader.get(table, "probability"));
            self.cases.set(name.get_ref(), CaseProfile { active, probability });
        }
    }

    /// Reads librdkafka's properties. Written without quotes, their dots make tables within tables.
    fn read_properties(&mut self, reader: &mut Reader<'_>, value: &At<'_>, prefix: &str) {
        let Some(table) = reader.table("kafka", value) else { return };
        for (key, value) in table {
            let name = format!("{prefix}{}", key.get_ref());
            if value.get_ref().is_table() {
                self.read_properties(reader, value, &format!("{name}."));
                continue;
            }
            let Some(PropertyValue(text)) = PropertyValue::from_toml(value.get_ref()) else {
                reader.unexpected(&name, value, PropertyValue::EXPECTED);
                continue;
            };
            match kafka::check(&name, &text) {
                Ok(()) => self.set_property(name, text),
                Err(Refused::Value(advice)) if !kafka::is_secret(&name) => {
                    let problem = reader.problem(value.span(), advice.message);
                    reader.note(Problem { help: advice.help, ..problem });
                }
                Err(refused) => {
                    let KafkaAdvice { message, help } = refused.advice();
                    // Without the value: what stands beside a misspelt `sasl.password` is nobody's business.
                    let problem = reader.problem(key.span(), message).without_what_follows();
                    reader.note(Problem { help, ..problem });
                }
            }
        }
    }
}

/// A profile as a source.
struct Profile<'r, 'f, 't> {
    reader: &'r mut Reader<'f>,
    table: &'r DeTable<'t>,
    paths: Vec<&'static [&'static str]>,
}

impl Source for Profile<'_, '_, '_> {
    fn get<T: Value>(&mut self, path: &'static [&'static str]) -> Option<T> {
        self.paths.push(path);
        match path {
            [key] => self.reader.get(self.table, key),
            // A value that is no table is noted below, once.
            [table, key] => self.reader.get(self.table.get(*table)?.get_ref().as_table()?, key),
            _ => None,
        }
    }
}

impl Profile<'_, '_, '_> {
    fn note_unknown(&mut self) {
        let mut tables: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut keys = vec!["alerts", "cases", "checks", "kafka", "services"];
        for path in &self.paths {
            if !keys.contains(&path[0]) {
                keys.push(path[0]);
            }
            if let [table, key] = path {
                tables.entry(table).or_default().push(key);
            }
        }
        self.reader.only(self.table, "a profile", &keys);
        for (name, keys) in tables {
            let Some(value) = self.table.get(name) else { continue };
            if let Some(table) = self.reader.table(name, value) {
                self.reader.only(table, &format!("`{name}`"), &keys);
            }
        }
    }
}
