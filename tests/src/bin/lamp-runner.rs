//! A runner of cases that are soon taken for failing, and for stalled.

use std::process::ExitCode;

/// A lamp shines.
#[livecheck::case(name = "lamp", max_consecutive_failures = 3, state_transition_delay = "1s")]
async fn lamp(shines: bool) {
    assert!(shines, "the lamp is dark");
}

/// A beacon flashes.
#[livecheck::case(name = "beacon", warn_stalled_after = "4s")]
async fn beacon() {}

fn main() -> ExitCode {
    livecheck::runner::main()
}
