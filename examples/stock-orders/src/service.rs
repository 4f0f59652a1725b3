//! What the services have in common as programs: their arguments, their log, their end.

use std::env;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use crate::fault::Fault;

/// The variable that says where the data are: the services write there, and the case looks there.
const DATA_DIR: &str = "STOCK_ORDERS_DATA_DIR";

/// What every service takes.
#[derive(Clone, Debug, clap::Args)]
pub struct ServiceArgs {
    /// Kafka brokers to start from, as HOST:PORT with commas between
    #[arg(long, value_name = "LIST", env = "KAFKA_BOOTSTRAP_SERVERS", default_value_t = default_servers())]
    pub bootstrap_servers: String,

    /// Folder of the database and the cache
    #[arg(long, value_name = "PATH", env = DATA_DIR, default_value_os_t = default_data_dir())]
    pub data_dir: PathBuf,

    /// Break a step, to see what LiveCheck says
    #[arg(long = "break", value_name = "STEP", env = "STOCK_ORDERS_BREAK")]
    pub fault: Option<Fault>,
}

/// The brokers of LiveCheck serve the orders too, where nothing else is said.
fn default_servers() -> String {
    env::var("LIVECHECK_BOOTSTRAP_SERVERS").unwrap_or_else(|_| "localhost:9092".to_owned())
}

/// Where the data are in this process, which need not be a service.
#[must_use]
pub fn data_dir() -> PathBuf {
    env::var_os(DATA_DIR).map_or_else(default_data_dir, PathBuf::from)
}

fn default_data_dir() -> PathBuf {
    // The unit tests keep away from the data of a system that may be running.
    let folder = if cfg!(test) { "stock-orders-unit-tests" } else { "stock-orders" };
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target").join(folder)
}

/// Logs to the terminal: `RUST_LOG` says what, `info` where it does not.
pub fn log_to_terminal() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
}

/// Resolves when the process is asked to end.
pub async fn shutdown() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}

/// Gives the last signals the time to leave.
pub async fn flush_signals() {
    livecheck::flush(Duration::from_secs(5)).await;
}
