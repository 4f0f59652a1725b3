//! The cases that are measured.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use livecheck::{Signal, Table};

/// Where `ping` writes what it measures.
pub(crate) const LATENCIES: &str = "BENCH_LATENCIES";

/// An order of three steps.
#[livecheck::case]
pub(crate) async fn order(
    #[signal] stored: Signal,
    #[signal] cached: Signal,
    #[signal] executed: Signal,
) -> livecheck::Result {
    stored.wait().await?;
    cached.wait().await?;
    executed.wait().await?;
    Ok(())
}

/// A signal that says when it was sent.
#[livecheck::case]
pub(crate) async fn ping(#[signal] sent: Signal<u64>) -> livecheck::Result {
    let sent = sent.wait().await?;
    note(sent)?;
    Ok(())
}

/// An account that is counted.
#[livecheck::case]
pub(crate) async fn account(account: u64, #[table] sums: Table<u64, u64>) -> livecheck::Result {
    sums.add(&account, 1).await?;
    Ok(())
}

/// The same without a table.
#[livecheck::case]
pub(crate) async fn plain(account: u64) {
    std::hint::black_box(account);
}

/// How many bytes the future of an order takes.
pub(crate) fn order_bytes() -> usize {
    size_of_val(&order(Signal::never(), Signal::never(), Signal::never()))
}

/// Microseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// Writes down how long ago that was, in microseconds.
pub(crate) fn note(sent: u64) -> std::io::Result<()> {
    static FILE: OnceLock<Option<File>> = OnceLock::new();
    let taken = now().saturating_sub(sent);
    let file = FILE.get_or_init(|| {
        let path = std::env::var_os(LATENCIES)?;
        OpenOptions::new().create(true).append(true).open(path).ok()
    });
    match file.as_ref() {
        // One write for each, so that those of many threads do not mix.
        Some(mut file) => file.write_all(format!("{sent} {taken}\n").as_bytes()),
        None => Ok(()),
    }
}
