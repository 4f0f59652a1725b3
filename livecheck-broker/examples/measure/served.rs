//! An embedded broker in a process of its own, as real Kafka is.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use livecheck_broker::Broker;

use crate::Failure;

/// Is that process.
pub(crate) fn serve(folder: Option<&str>) -> Result<(), Failure> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let mut builder = Broker::builder();
        if let Some(folder) = folder {
            builder = builder.data_dir(folder);
        }
        let broker = builder.start().await?;
        println!("{}", broker.bootstrap_servers());
        std::future::pending().await
    })
}

/// Has that process, and ends it.
pub(crate) struct Served {
    pub(crate) bootstrap: String,
    process: Child,
}

impl Served {
    pub(crate) fn start(folder: Option<&Path>) -> Result<Self, Failure> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("serve")
            .args(folder)
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().ok_or("no output")?;
        let mut bootstrap = String::new();
        BufReader::new(output).read_line(&mut bootstrap)?;
        Ok(Self { bootstrap: bootstrap.trim().to_owned(), process })
    }

    pub(crate) fn memory(&self) -> Option<u64> {
        memory_of(self.process.id())
    }

    /// The processor time it has taken, in seconds, where the system tells.
    pub(crate) fn processor(&self) -> Option<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).ok()?;
        let fields = stat.rsplit_once(')')?.1.split_whitespace().collect::<Vec<_>>();
        let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        // A hundred ticks a second, on every Linux there is.
        Some(ticks as f64 / 100.0)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// What a process has resident, in bytes, where the system tells.
pub(crate) fn memory_of(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes << 10)
}
