//! The tutorial's system: three services and the runner, each a process.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use livecheck_terminal::cargo_environment;
use tempfile::TempDir;

use crate::kafka::Kafka;
use crate::own_topics::OwnTopics;
use crate::process::{Ended, Process};
use crate::runner::{Runner, RunnerCommand, clean_command, program};

/// The services have topics and groups of fixed names: there is one such system at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The services, and a runner of their case, on the shared broker.
#[derive(Debug)]
pub struct StockOrderSystem {
    topics: OwnTopics,
    url: String,
    data: TempDir,
    services: Vec<Process>,
    runner: Runner,
    _alone: MutexGuard<'static, ()>,
}

impl StockOrderSystem {
    /// Starts everything, and waits until the website listens and the runner has its partitions. No fake orders are
    /// posted: where the website listens is known only then.
    #[must_use]
    pub fn start(test: &str) -> Self {
        Self::start_with(test, "run", None)
    }

    /// The same, with a step that is broken, and a runner that ends after one execution.
    #[must_use]
    pub fn broken(test: &str, step: &str) -> Self {
        Self::start_with(test, "run --max-executions 1", Some(step))
    }

    fn start_with(test: &str, run: &str, broken: Option<&str>) -> Self {
        build_services();
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let topics = OwnTopics::named(test);
        let data = tempfile::tempdir().expect("a folder");
        // The runner creates LiveCheck's topics: a trigger sent before would have nowhere to go.
        let runner = RunnerCommand::on(&topics)
            .program("orders-runner")
            .arguments(run)
            .variable("STOCK_ORDERS_DATA_DIR", data.path().to_str().expect("a folder of a Unicode name"))
            .variable("STOCK_ORDERS_FAKE_ORDERS", "off")
            .start_ready();
        let service = |name: &str, arguments: &[&str]| {
            let mut command = command(name, &topics);
            command.args(arguments).arg("--data-dir").arg(data.path());
            command.args(broken.into_iter().flat_map(|step| ["--break", step]));
            Process::start(command)
        };
        let web = service("order-web", &["--port", "0"]);
        let url = web.wait_for("where it listens", |line| {
            line.split_once("listens on ").map(|(_, url)| url.to_owned())
        });
        let services = vec![web, service("order-creator", &[]), service("order-executor", &[])];
        Self { topics, url, data, services, runner, _alone: alone }
    }

    /// LiveCheck's topics.
    #[must_use]
    pub fn topics(&self) -> &OwnTopics {
        &self.topics
    }

    /// Asks for orders as users do; gives their ids. The website follows some of them, with the case's
    /// probability.
    #[must_use]
    pub fn post(&self, count: usize) -> BTreeSet<String> {
        self.ids("post-order", &["--count", &count.to_string(), "--url", &self.url])
    }

    /// Asks for orders, each of which is followed; gives their ids.
    #[must_use]
    pub fn post_followed(&self, count: usize) -> BTreeSet<String> {
        self.ids("follow-orders", &[&self.url, &count.to_string()])
    }

    fn ids(&self, program: &str, arguments: &[&str]) -> BTreeSet<String> {
        let mut command = command(program, &self.topics);
        command.args(arguments);
        let ended = Process::start(command).ended();
        assert_eq!(ended.code, Some(0), "{program}: {}", ended.stderr);
        let side_and_id = |line: &str| match line.split_once(' ') {
            Some(("buy" | "sell", id)) => Some(id.to_owned()),
            _ => None,
        };
        ended.stdout.lines().filter_map(side_and_id).collect()
    }

    /// Ends the services, then the runner.
    pub fn stop(self) {
        end(self.services);
        let ended = self.runner.interrupted();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        drop(self.data);
    }

    /// Waits until the runner ends by itself; then ends the services. Gives what the runner has said.
    #[must_use]
    pub fn runner_ended(self) -> Ended {
        let ended = self.runner.ended();
        end(self.services);
        drop(self.data);
        ended
    }
}

fn end(services: Vec<Process>) {
    for service in &services {
        service.terminate();
    }
    for service in services {
        let ended = service.ended();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    }
}

/// A website alone, about to be started: it takes orders, which nobody executes. Port 0 is any that is free.
#[must_use]
pub fn website(topics: &OwnTopics, data: &Path, port: u16) -> Command {
    build_services();
    let mut command = command("order-web", topics);
    command.args(["--port", &port.to_string(), "--data-dir"]).arg(data);
    command
}

fn command(program: &str, topics: &OwnTopics) -> Command {
    let mut command = clean_command(program);
    command
        .envs(topics.variables())
        .env("LIVECHECK_BOOTSTRAP_SERVERS", Kafka::shared().servers())
        .env("RUST_LOG", "warn");
    command
}

/// Has cargo build the services: it builds no other package's programs for a test.
fn build_services() {
    static BUILD: Once = Once::new();
    BUILD.call_once(|| {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let mut command = Command::new(cargo);
        // As `cargo test --workspace` builds it: of what it depends on, with the same features, all is built already.
        command.args(["build", "--quiet", "--locked", "--workspace", "--bins", "--tests"]);
        command.current_dir(env!("CARGO_MANIFEST_DIR"));
        // Else it would not be as that: other tests have their programs taken away while they are built again.
        for name in cargo_environment::of_a_package() {
            command.env_remove(name);
        }
        let target = program("test-runner");
        if target.parent().and_then(|profile| profile.file_name()).is_some_and(|profile| profile == "release")
        {
            command.arg("--release");
        }
        let status = command.status().expect("cargo runs");
        assert!(status.success(), "the services are not built");
    });
}
