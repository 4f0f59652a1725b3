//! `cargo livecheck broker`: the embedded broker alone.

use std::io::Write as _;

use livecheck_broker::Broker;
use tokio::runtime::Runtime;

use crate::{args::BrokerArgs, errors::Error, output::Output, stop::Stop};

/// Serves until Ctrl-C or SIGTERM.
pub(crate) fn serve(args: &BrokerArgs, output: Output) -> Result<(), Error> {
    let runtime = Runtime::new().map_err(|source| Error::Runtime { source })?;
    runtime.block_on(async {
        let mut builder = Broker::builder().port(args.port).chaos(args.chaos.clone());
        if let Some(folder) = &args.data_dir {
            builder = builder.data_dir(folder);
        }
        let broker = builder.start().await.map_err(|source| Error::Broker { source })?;
        // Who reads the address may ask for the end at once.
        let mut stop = Stop::listen().map_err(|source| Error::Signals { source })?;
        announce(&broker.bootstrap_servers(), args, output)?;
        stop.asked().await;
        broker.shutdown().await;
        Ok(())
    })
}

/// Prints the address alone on standard output, for a script to read, and the rest beside it.
fn announce(address: &str, args: &BrokerArgs, output: Output) -> Result<(), Error> {
    output.status("Listening", &format!("on {address}, until Ctrl-C"));
    let lasts = match &args.data_dir {
        Some(folder) => {
            output.status("Keeping", &format!("what it holds in {}", folder.display()));
            ""
        }
        None => ", and what it holds ends with it",
    };
    if let Some(chaos) = &args.chaos {
        output.status("Making", &format!("faults on purpose: {chaos}"));
    }
    output.warning(
        &format!("the embedded broker is for development: it is alone{lasts}"),
        &format!("to use it: LIVECHECK_BOOTSTRAP_SERVERS={address}"),
    );
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{address}").and_then(|()| stdout.flush()).map_err(|source| Error::Output { source })
}
