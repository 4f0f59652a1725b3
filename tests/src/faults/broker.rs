//! The broker that is killed, and started again with what it has kept.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use tempfile::TempDir;

use super::schedule::Step;
use crate::process::Process;
use crate::proxy::free_port;

/// Which broker the faults happen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrokerKind {
    /// The embedded broker, as a process with a data folder.
    Embedded,
    /// An Apache Kafka of its own, started by `ci/kafka`.
    Kafka,
    /// Somebody's, at that address: it is not killed.
    Given(String),
}

impl FromStr for BrokerKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "embedded" => Ok(Self::Embedded),
            "kafka" => Ok(Self::Kafka),
            address if address.contains(':') => Ok(Self::Given(address.to_owned())),
            _ => Err("expected `embedded`, `kafka`, or the address of a broker, as HOST:PORT".to_owned()),
        }
    }
}

/// A broker under test.
#[derive(Debug)]
pub struct TestBroker {
    servers: String,
    it: It,
}

#[derive(Debug)]
enum It {
    Embedded { process: Option<Process>, port: u16, folder: TempDir, program: PathBuf },
    Kafka { folder: TempDir },
    Given,
}

impl TestBroker {
    /// Starts it. `program` is this program, which is a broker too, by `PROGRAM broker PORT FOLDER`.
    ///
    /// # Panics
    ///
    /// When it does not start.
    #[must_use]
    pub fn start(kind: &BrokerKind, program: &Path) -> Self {
        match kind {
            BrokerKind::Given(servers) => Self { servers: servers.clone(), it: It::Given },
            BrokerKind::Embedded => {
                let (listener, port) = free_port();
                drop(listener);
                let (folder, program) = (tempfile::tempdir().expect("a folder"), program.to_path_buf());
                let it = It::Embedded { process: None, port, folder, program };
                let mut broker = Self { servers: format!("127.0.0.1:{port}"), it };
                broker.start_again();
                broker
            }
            BrokerKind::Kafka => {
                let folder = tempfile::tempdir().expect("a folder");
                let servers = ci_kafka(folder.path(), "start", &[("CI_KAFKA_PORT", "0")]);
                Self { servers, it: It::Kafka { folder } }
            }
        }
    }

    /// The address, as `bootstrap.servers`.
    #[must_use]
    pub fn servers(&self) -> &str {
        &self.servers
    }

    /// Whether it may be killed.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        !matches!(self.it, It::Given)
    }

    /// Does what a schedule has for the broker; nothing, where the step is a runner's.
    pub fn apply(&mut self, step: Step) {
        match step {
            Step::KillBroker => self.kill(),
            Step::StopBroker => self.stop(),
            Step::StartBroker => self.start_again(),
            _ => {}
        }
    }

    fn kill(&mut self) {
        match &mut self.it {
            It::Embedded { process, .. } => drop(process.take()),
            It::Kafka { folder } => drop(ci_kafka(folder.path(), "kill", &[])),
            It::Given => {}
        }
    }

    fn stop(&mut self) {
        match &mut self.it {
            It::Embedded { process, .. } => {
                if let Some(process) = process.take() {
                    process.terminate();
                    let ended = process.ended();
                    assert_eq!(ended.code, Some(0), "the broker ends in order: {}", ended.stderr);
                }
            }
            It::Kafka { folder } => drop(ci_kafka(folder.path(), "stop", &[])),
            It::Given => {}
        }
    }

    fn start_again(&mut self) {
        match &mut self.it {
            It::Embedded { process, port, folder, program } => {
                let mut command = Command::new(program);
                command.arg("broker").arg(port.to_string()).arg(folder.path());
                let started = Process::start(command);
                started.wait_for_text("serving");
                *process = Some(started);
            }
            It::Kafka { folder } => drop(ci_kafka(folder.path(), "start", &[])),
            It::Given => {}
        }
    }
}

impl Drop for TestBroker {
    fn drop(&mut self) {
        if let It::Kafka { folder } = &self.it {
            // It is in a session of its own, and would outlive this program.
            let _ = ci_kafka(folder.path(), "kill", &[]);
        }
    }
}

/// Runs `ci/kafka`; gives what it printed.
fn ci_kafka(folder: &Path, what: &str, variables: &[(&str, &str)]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ci/kafka");
    let mut command = Command::new(script);
    // A machine with much to do starts it slowly.
    let patience = ("CI_KAFKA_TIMEOUT", "240");
    command.arg(what).env("CI_KAFKA_DIR", folder).envs([patience]).envs(variables.iter().copied());
    if variables.is_empty() {
        // A restart keeps its port.
        command.env_remove("CI_KAFKA_PORT");
    }
    let output = command.output().expect("ci/kafka can be run");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ci/kafka {what}: {errors}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
