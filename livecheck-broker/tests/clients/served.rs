//! An embedded broker in a process of its own, for tests that kill it or look at its memory.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;

use livecheck_broker::Broker;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::rig::{PATIENCE, Rig};

const SERVE: &str = "LIVECHECK_BROKER_TEST_SERVE";
const FOLDER: &str = "LIVECHECK_BROKER_TEST_FOLDER";
const PORT: &str = "LIVECHECK_BROKER_TEST_PORT";
const TRAFFIC: &str = "LIVECHECK_BROKER_TEST_TRAFFIC";

/// Not a test: this program, started once more by a test that needs it, is the broker.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by other tests"]
async fn serves_until_it_is_killed() {
    if std::env::var(SERVE).is_err() {
        return;
    }
    let mut broker = Broker::builder();
    if let Ok(port) = std::env::var(PORT) {
        broker = broker.port(port.parse().expect("a number"));
    }
    if let Ok(folder) = std::env::var(FOLDER) {
        broker = broker.data_dir(folder);
    }
    if let Ok(bytes) = std::env::var(TRAFFIC) {
        broker = broker.max_traffic_bytes(bytes.parse().expect("a number"));
    }
    let broker = broker.start().await.expect("an embedded broker");
    println!("\nserving on port {}", broker.port());
    std::future::pending::<()>().await;
}

/// The process; it ends when this is dropped.
pub(crate) struct Served {
    pub(crate) port: u16,
    child: Child,
}

impl Served {
    /// Starts one that holds everything in memory.
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts one that keeps what it holds in a folder. Port 0 chooses a free one.
    pub(crate) async fn kept(folder: &Path, port: u16) -> Self {
        Self::start_with(&[(FOLDER, folder.as_os_str()), (PORT, port.to_string().as_ref())]).await
    }

    /// Starts one with so much room for requests and answers.
    pub(crate) async fn with_traffic(bytes: usize) -> Self {
        Self::start_with(&[(TRAFFIC, bytes.to_string().as_ref())]).await
    }

    async fn start_with(variables: &[(&str, &OsStr)]) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command
            .args(["--exact", "served::serves_until_it_is_killed", "--ignored", "--nocapture"])
            .env(SERVE, "1")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().expect("started");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let serving = async {
            loop {
                let line = lines.next_line().await.expect("readable").expect("it serves before it ends");
                if let Some(port) = line.strip_prefix("serving on port ") {
                    return port.parse().expect("a number");
                }
            }
        };
        let port = tokio::time::timeout(PATIENCE, serving).await.expect("it serves within patience");
        Self { port, child }
    }

    /// Clients for it.
    pub(crate) fn rig(&self) -> Rig {
        Rig::at(format!("127.0.0.1:{}", self.port))
    }

    /// Kills it, as `kill -9` does.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("killed");
    }

    /// What it has resident, in bytes, where the system tells.
    pub(crate) fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kibibytes << 10)
    }
}
