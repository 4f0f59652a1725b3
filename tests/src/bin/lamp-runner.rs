//! A runner of cases that are soon taken for failing, and for stalled.

use std::process::ExitCode;

use livecheck::Signal;

/// A lamp shines.
#[livecheck::case(name = "lamp", max_consecutive_failures = 3, state_transition_delay = "1s")]
async fn lamp(shines: bool) {
    assert!(shines, "the lamp is dark");
}

/// A beacon flashes.
#[livecheck::case(name = "beacon", warn_stalled_after = "4s")]
async fn beacon() {}

/// A tide turns.
#[livecheck::case(name = "tide")]
async fn tide(#[signal] turned: Signal) -> livecheck::Result {
    turned.wait().await?;
    Ok(())
}

fn main() -> ExitCode {
    livecheck::runner::main()
}
