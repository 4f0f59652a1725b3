//! `doctor`: asks what there is to ask, and prints what it finds as it finds it.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use livecheck_alerts::{Message, Status};
use livecheck_core::Timestamp;

use livecheck_store::{Queries, Store, Totals};

use super::broker::Running;
use super::keeping::configured;
use super::kept::kept_within;
use super::{OK, Program, RunnerError, working_folder};
use crate::args::{DoctorArgs, exit_code};
use crate::config::Config;
use crate::doctor::{self, Finding, Grade, Longest};
use crate::kafka::{FoundTopics, InternalTopic, diagnosis};
use crate::monitor::{Kept, machine};
use crate::reporter::Screen;
use crate::services;
use crate::tables::TableSet;

/// How long the brokers may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the broker of a run on this machine may take.
const PATIENCE_WITH_EMBEDDED: Duration = Duration::from_secs(2);
/// How long the coordinator of transactions may take, which may have to make its topic first.
const PATIENCE_WITH_TRANSACTIONS: Duration = Duration::from_secs(30);

pub(super) async fn doctor(program: &Program, args: &DoctorArgs) -> Result<u8, RunnerError> {
    let mut sheet = Sheet { screen: Screen::stdout(), findings: Vec::new() };
    let loaded = program.load_config(&working_folder()?);
    sheet.add(doctor::configuration(&loaded));
    sheet.add([doctor::cases(&program.cases, &program.command.from_cargo.searched_packages)]);
    if let Ok(config) = &loaded {
        let is_running = kafka(program, config, &mut sheet).await;
        for service in &config.services {
            // What the services of a run answer is what they are there for.
            let is_up = !is_running && services::is_up(&service.ready).await;
            let command = doctor::find_command(service, &search_path(), is_executable);
            sheet.add([doctor::service(service, &command, service.cwd.is_dir(), is_up)]);
        }
        sheet.add(store(config).await);
        sheet.add(doctor::alerts(config.alerts.as_ref()));
        if let Some(name) = &args.send_test_alert {
            send_test_alert(config, name, &mut sheet).await;
        }
    }
    sheet.finish()
}

/// The store, and the machines on which runners of the group are at work.
async fn store(config: &Config) -> Vec<Finding> {
    let store = configured(config);
    let answer = match &store {
        Some(store) => store.ask(Queries::totals).await,
        None => Ok(Totals::default()),
    };
    let location = store.as_ref().map(Store::location);
    // A server may be used from any machine.
    let is_file = location.is_some_and(|location| location.file().is_some());
    let kept = if is_file { kept_within(config, PATIENCE).await } else { None };
    let machines: BTreeSet<String> = kept.iter().flat_map(machines).collect();
    doctor::store(location, &answer, &machines, &machine())
}

/// Those on which runners are at work.
fn machines(kept: &Kept) -> impl Iterator<Item = String> {
    kept.roster.at_work(Timestamp::now()).map(|(_, runner)| runner.host.clone())
}

/// Sends a test alert, and its end, to the receiver of that name, or to all.
async fn send_test_alert(config: &Config, name: &str, sheet: &mut Sheet) {
    let receivers = config.alerts.iter().flat_map(|alerts| &alerts.receivers);
    let receivers: Vec<_> = receivers.filter(|(other, _)| name.is_empty() || *other == name).collect();
    if receivers.is_empty() {
        sheet.add([doctor::no_such_receiver(name, config.alerts.as_ref())]);
    }
    for (name, receiver) in receivers {
        let mut came_back = Vec::new();
        for status in [Status::Firing, Status::Resolved] {
            let began = Instant::now();
            let result = receiver.send(&Message::test(name, &config.group, status)).await;
            let has_failed = result.is_err();
            came_back.push((status, began.elapsed(), result));
            if has_failed {
                break;
            }
        }
        sheet.add([doctor::test_alert(name, receiver, &came_back)]);
    }
}

/// Whatever needs a broker. Says whether a run of this workspace is going on.
async fn kafka(program: &Program, config: &Config, sheet: &mut Sheet) -> bool {
    let (connection, is_embedded) = match Running::find(config) {
        Some(Running::Configured(connection)) => (connection, false),
        Some(Running::Embedded(connection)) => (connection, true),
        None => {
            sheet.add([none_to_ask(program, config)]);
            return false;
        }
    };
    let servers = connection.servers.clone();
    let patience = if is_embedded { PATIENCE_WITH_EMBEDDED } else { PATIENCE };
    let cluster = match connection.ask(move |connection| diagnosis::reach(connection, patience)).await {
        Ok(cluster) => cluster,
        // Its run was killed, and could not take its address away.
        Err(_) if is_embedded => {
            sheet.add([none_to_ask(program, config)]);
            return false;
        }
        Err(unreached) => {
            sheet.add([
                doctor::unreached(&servers, &unreached),
                Finding::skip("topics, clocks, transactions, group", "there is no broker to ask"),
            ]);
            return false;
        }
    };

    let ids = cluster.brokers.iter().map(|(id, _)| *id);
    let answers = diagnosis::broker_settings(&connection, ids).await;
    sheet.add(doctor::brokers(&servers, is_embedded, &cluster, &answers));

    let found = FoundTopics::of(&connection.topics, &cluster.topics);
    sheet.add([doctor::co_partitioned(&found, config.topics.partitions)]);
    sheet.add(
        cluster.replicas.iter().filter_map(|replicas| doctor::replicas(replicas, cluster.brokers.len())),
    );
    let there: Vec<(String, usize)> =
        found.partitions.iter().filter_map(|(name, count)| Some((name.clone(), (*count)?))).collect();
    let longest = Longest::of(&program.cases);
    let tables = TableSet::new(&program.cases, &config.group).unwrap_or_else(|error| {
        sheet.add([doctor::unnamed(&error)]);
        TableSet::default()
    });
    let changelogs = tables.ids().map(|table| tables.topic(table).to_owned());
    let internal = InternalTopic::all(&connection.topics, &config.group, changelogs);
    let internal_there = internal.iter().filter(|topic| cluster.topics.partitions(&topic.name).is_some());
    let names = there.iter().map(|(name, _)| name).chain(internal_there.map(|topic| &topic.name));
    let names: Vec<String> = names.cloned().collect();
    let described = diagnosis::topic_settings(&connection, &names).await.unwrap_or_else(|error| {
        sheet.add([doctor::settings_unknown(&error)]);
        Vec::new()
    });
    let settings_of = |wanted: &str| Some(&described.iter().find(|(name, _)| name == wanted)?.1);
    for (topic, _) in &there {
        let Some(settings) = settings_of(topic) else { continue };
        sheet.add(doctor::settings(topic, &connection.topics, settings, longest, is_embedded));
    }
    let count = found.co_partitioned().ok().flatten();
    for topic in internal {
        let partitions = cluster.topics.partitions(&topic.name);
        let expected = if topic.is_of_one_partition() { 1 } else { count.or(partitions).unwrap_or(1) };
        sheet.add([doctor::internal(&topic, partitions, expected, settings_of(&topic.name), longest)]);
    }

    let topics = there.clone();
    let records = connection.ask(move |connection| diagnosis::latest_records(connection, &topics)).await;
    sheet.add([doctor::clocks(Timestamp::now(), &records)]);

    let group = config.group.clone();
    let begun = connection
        .ask(move |connection| diagnosis::transactions(connection, &group, PATIENCE_WITH_TRANSACTIONS));
    sheet.add([doctor::transactions(&config.group, &begun.await)]);

    let test_topic = there.iter().find(|(name, _)| *name == connection.topics.test_topic);
    if let Some((_, partitions)) = test_topic {
        let (group, partitions) = (config.group.clone(), *partitions);
        let found = connection.ask(move |connection| diagnosis::group(connection, &group, partitions)).await;
        sheet.add(doctor::group(&config.group, &found));
    } else {
        let found = "there is no test topic that it could read";
        sheet.add([Finding::skip(format!("group {}", config.group), found)]);
    }
    is_embedded
}

/// What a run would do where no broker can be asked now.
fn none_to_ask(program: &Program, config: &Config) -> Finding {
    let fallback = program.command.from_cargo.fallback_embedded;
    doctor::no_brokers(config, fallback, cfg!(feature = "embedded"))
}

/// What was found, printed as it is found.
struct Sheet {
    screen: Screen,
    findings: Vec<Finding>,
}

impl Sheet {
    fn add(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            self.screen.print(&finding.render(self.screen.width()));
            self.findings.push(finding);
        }
    }

    fn finish(self) -> Result<u8, RunnerError> {
        self.screen.print(&doctor::summary(&self.findings));
        self.screen.take_error().map_or(Ok(()), Err).map_err(RunnerError::Output)?;
        let has_failed = self.findings.iter().any(|finding| finding.grade == Grade::Fail);
        Ok(if has_failed { exit_code::TEST_FAILED } else { OK })
    }
}

fn search_path() -> Vec<PathBuf> {
    env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default()
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}
