//! What LiveCheck costs, and how fast it is; results stand in BENCHMARKS.md.
//!
//! ```text
//! cargo run --release -p livecheck-bench -- throughput --executions 20000
//! ```
//!
//! The brokers are those that `LIVECHECK_TEST_BOOTSTRAP` names, or else the embedded one. The runner, and the programs
//! that it is compared with, are this program too.

#![expect(clippy::cast_precision_loss, reason = "figures are rounded to be read")]

mod cases;
mod faust;
mod floor;
mod latency;
mod load;
mod memory;
mod recovery;
mod store;
mod tables;
mod throughput;
mod usage;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use livecheck::Topics;
use livecheck_tests::kafka::Kafka;

/// Measures LiveCheck.
#[derive(Debug, Parser)]
enum Arguments {
    /// Executions a second with three signals each, beside a program that matches nothing
    Throughput {
        /// How many
        #[arg(long, default_value_t = 20_000)]
        executions: usize,
        /// Partitions of the topics
        #[arg(long, default_value_t = 8)]
        partitions: i32,
        /// How often both are measured, in turns
        #[arg(long, default_value_t = 3)]
        times: usize,
        /// Measures Faust's LiveCheck, too, with that Python: ci/faust-venv prints one
        #[arg(long, value_name = "PYTHON")]
        faust: Option<PathBuf>,
        /// How many executions a second Faust is given, one rate after the other
        #[arg(long, value_delimiter = ',', default_value = "100,200,300,400", requires = "faust")]
        rates: Vec<usize>,
    },
    /// From the sending of a signal until the wait for it returns, beside bare produce and consume
    Latency {
        /// Signals a second
        #[arg(long, default_value_t = 100)]
        rate: usize,
        /// For how long
        #[arg(long, default_value_t = 20)]
        seconds: usize,
        /// Partitions of the topics
        #[arg(long, default_value_t = 8)]
        partitions: i32,
    },
    /// What executions take while they wait
    Memory {
        /// How many at once
        #[arg(long, default_value_t = 1_000_000)]
        executions: usize,
        /// Partitions of the topics
        #[arg(long, default_value_t = 8)]
        partitions: i32,
    },
    /// What the runner takes at a steady rate
    Soak {
        /// Executions a second
        #[arg(long, default_value_t = 1_000)]
        rate: usize,
        /// For how long
        #[arg(long, default_value_t = 30.0)]
        minutes: f64,
        /// Partitions of the topics
        #[arg(long, default_value_t = 8)]
        partitions: i32,
    },
    /// From the death of a runner until the next one has all that was in flight going again
    Recovery {
        /// How many at once
        #[arg(long, default_value_t = 1_000_000)]
        executions: usize,
        /// Partitions of the topics
        #[arg(long, default_value_t = 8)]
        partitions: i32,
    },
    /// Executions that change tables, and how long a table takes to be restored
    Tables {
        /// How many executions
        #[arg(long, default_value_t = 50_000)]
        executions: usize,
        /// How many keys they change
        #[arg(long, default_value_t = 10_000)]
        keys: usize,
        /// How many keys are restored
        #[arg(long, default_value_t = 1_000_000)]
        restored: usize,
        /// Partitions of the topics
        #[arg(long, default_value_t = 8)]
        partitions: i32,
    },
    /// How fast the store takes reports, and how long it takes to answer when it has them
    Store {
        /// Where: a postgres:// URL, or a file for SQLite, which should not be there yet
        #[arg(long, default_value = "target/bench-history.db")]
        store: livecheck_store::Location,
        /// How many reports
        #[arg(long, default_value_t = 10_000_000)]
        reports: u64,
        /// Over how much time they are spread, in seconds: 30 days
        #[arg(long, default_value_t = 2_592_000)]
        seconds: u64,
    },
    /// Several runners of one group: the work for each execution, and who does how much
    Scale {
        /// How many executions
        #[arg(long, default_value_t = 200_000)]
        executions: usize,
        /// How many runners
        #[arg(long, value_delimiter = ',', default_value = "1,2,4")]
        runners: Vec<usize>,
        /// Partitions of the topics
        #[arg(long, default_value_t = 16)]
        partitions: i32,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    match given.first().map(String::as_str) {
        Some("run") => return Ok(livecheck::runner::main()),
        Some(part @ ("floor" | "pings")) => {
            return beside(part, &given[1..]).map(|()| ExitCode::SUCCESS);
        }
        _ => {}
    }
    let arguments = Arguments::parse();
    if let Arguments::Store { store, reports, seconds } = arguments {
        return store::measure(store, reports, Duration::from_secs(seconds)).map(|()| ExitCode::SUCCESS);
    }
    println!("on {}", if Kafka::shared().is_real() { "Apache Kafka" } else { "the embedded broker" });
    match arguments {
        Arguments::Throughput { executions, partitions, times, faust, rates } => {
            throughput::beside_the_floor(executions, partitions, times);
            if let Some(python) = faust {
                faust::beside(&python, &rates, partitions);
            }
        }
        Arguments::Latency { rate, seconds, partitions } => latency::measure(rate, seconds, partitions),
        Arguments::Memory { executions, partitions } => memory::in_flight(executions, partitions),
        Arguments::Recovery { executions, partitions } => recovery::take_over(executions, partitions),
        Arguments::Tables { executions, keys, restored, partitions } => {
            tables::throughput(executions, keys, partitions);
            tables::restore(restored, partitions);
        }
        Arguments::Soak { rate, minutes, partitions } => memory::soak(rate, minutes, partitions),
        // It needs no brokers: see above.
        Arguments::Store { .. } => {}
        Arguments::Scale { executions, runners, partitions } => {
            throughput::scale_out(executions, partitions, &runners);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The programs that the runner is compared with.
fn beside(part: &str, given: &[String]) -> anyhow::Result<()> {
    let [servers, tests, bus, reports, partitions, count] = given else {
        anyhow::bail!("usage: {part} SERVERS TEST-TOPIC BUS-TOPIC REPORT-TOPIC PARTITIONS COUNT");
    };
    Kafka::share(servers);
    let (partitions, count) = (partitions.parse().context("partitions")?, count.parse().context("how many")?);
    let topics = Topics {
        test_topic: tests.clone(),
        bus_topic: bus.clone(),
        report_topic: reports.clone(),
        ..Topics::default()
    };
    match part {
        "floor" => floor::run(&topics, partitions, count),
        _ => floor::pings(&topics, partitions, count),
    }
    Ok(())
}
