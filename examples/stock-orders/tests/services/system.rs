//! The three services, each a process, on a broker of their own.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use livecheck_broker::Broker;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rustix::process::{Pid, Signal, kill_process};
use stock_orders::database::OrderDatabase;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{sleep, timeout};

const TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) struct System {
    /// Serves as long as the system lives.
    _broker: Broker,
    servers: String,
    data: TempDir,
    url: String,
    services: Vec<Child>,
}

impl System {
    pub(crate) async fn start(env: &[(&str, &str)]) -> Self {
        let broker = Broker::builder().port(0).start().await.unwrap();
        let servers = broker.bootstrap_servers();
        create_livecheck_topics(&servers).await;
        let data = tempfile::tempdir().unwrap();
        let service = |program: &str, arguments: &[&str]| {
            let mut command = Command::new(program);
            command
                .args(arguments)
                .arg("--data-dir")
                .arg(data.path())
                .env("LIVECHECK_BOOTSTRAP_SERVERS", &servers)
                .env("KAFKA_BOOTSTRAP_SERVERS", &servers)
                .env("RUST_LOG", "warn")
                .env_remove("STOCK_ORDERS_BREAK")
                .envs(env.iter().copied())
                .stdout(Stdio::piped())
                .kill_on_drop(true);
            command.spawn().unwrap()
        };
        let mut web = service(env!("CARGO_BIN_EXE_order-web"), &["--port", "0"]);
        let url = url_of(&mut web).await;
        let creator = service(env!("CARGO_BIN_EXE_order-creator"), &[]);
        let executor = service(env!("CARGO_BIN_EXE_order-executor"), &[]);
        let services = vec![web, creator, executor];
        Self { _broker: broker, servers, data, url, services }
    }

    pub(crate) fn servers(&self) -> &str {
        &self.servers
    }

    pub(crate) fn data_dir(&self) -> &Path {
        self.data.path()
    }

    /// Posts orders, and gives their ids.
    pub(crate) async fn post(&self, arguments: &[&str]) -> BTreeSet<String> {
        let post = Command::new(env!("CARGO_BIN_EXE_post-order"))
            .args(arguments)
            .args(["--url", &self.url])
            .kill_on_drop(true)
            .output();
        let output = timeout(TIMEOUT, post).await.unwrap().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
        stdout
            .lines()
            .filter_map(|line| line.strip_prefix("buy ").or_else(|| line.strip_prefix("sell ")))
            .map(str::to_owned)
            .collect()
    }

    pub(crate) async fn until_executed(&self, count: u32) {
        let database = OrderDatabase::create(self.data_dir()).await.unwrap();
        self.until("every order is executed", async || database.executed().await.unwrap() == count).await;
    }

    pub(crate) async fn until(&self, what: &str, condition: impl AsyncFn() -> bool) {
        let started = Instant::now();
        while !condition().await {
            assert!(started.elapsed() < TIMEOUT, "not within {TIMEOUT:?}: {what}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Asks the services to end, so that their last signals are sent. The broker stays.
    pub(crate) async fn stop(mut self) -> Self {
        for mut service in self.services.drain(..) {
            let pid = Pid::from_raw(i32::try_from(service.id().unwrap()).unwrap()).unwrap();
            kill_process(pid, Signal::TERM).unwrap();
            let ended = timeout(TIMEOUT, service.wait()).await.expect("the service ends").unwrap();
            assert!(ended.success(), "{ended}");
        }
        self
    }
}

/// As the runner creates them.
async fn create_livecheck_topics(servers: &str) {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", servers).create().unwrap();
    let topics = ["livecheck", "livecheck-bus", "livecheck-report"];
    let topics = topics.map(|topic| NewTopic::new(topic, 8, TopicReplication::Fixed(1)));
    for created in admin.create_topics(&topics, &AdminOptions::new()).await.unwrap() {
        created.unwrap();
    }
}

/// The website says where it listens.
async fn url_of(web: &mut Child) -> String {
    let mut lines: Lines<BufReader<ChildStdout>> = BufReader::new(web.stdout.take().unwrap()).lines();
    let line = timeout(TIMEOUT, lines.next_line()).await.unwrap().unwrap().expect("order-web says a line");
    line.strip_prefix("order-web listens on ").unwrap_or_else(|| panic!("{line}")).to_owned()
}
