//! `cargo livecheck broker`: the embedded broker alone.

use std::io::Write as _;

use livecheck_broker::Broker;
use tokio::{runtime::Runtime, signal};

use crate::{errors::Error, output::Output};

/// Serves until Ctrl-C or SIGTERM.
pub(crate) fn serve(port: u16, output: Output) -> Result<(), Error> {
    let runtime = Runtime::new().map_err(|source| Error::Broker { port, source: source.into() })?;
    runtime.block_on(async {
        let broker = Broker::builder()
            .port(port)
            .start()
            .await
            .map_err(|source| Error::Broker { port, source: source.into() })?;
        let address = broker.bootstrap_servers();
        announce(&address, output)?;
        let ended = asked_to_end().await.map_err(|source| Error::Signals { source });
        broker.shutdown().await;
        ended
    })
}

/// Prints the address alone on standard output, for a script to read, and the rest beside it.
fn announce(address: &str, output: Output) -> Result<(), Error> {
    output.status("Listening", &format!("on {address}, until Ctrl-C"));
    output.warning(
        "the embedded broker is for development: it is alone, and what it holds ends with it",
        &format!("to use it: LIVECHECK_BOOTSTRAP_SERVERS={address}"),
    );
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{address}").and_then(|()| stdout.flush()).map_err(|source| Error::Output { source })
}

#[cfg(unix)]
async fn asked_to_end() -> std::io::Result<()> {
    let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())?;
    tokio::select! {
        result = signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn asked_to_end() -> std::io::Result<()> {
    signal::ctrl_c().await
}
