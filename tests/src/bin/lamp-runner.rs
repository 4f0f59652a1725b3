//! A runner of cases that are soon taken for failing, and for stalled.

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

/// A buoy rings, every second.
#[livecheck::case(name = "buoy", frequency = "1s")]
async fn buoy(rung: u32) {
    assert!(rung > 0, "the buoy is silent");
}

#[livecheck::fake_request(buoy)]
async fn a_wave() -> livecheck::Result {
    if std::env::var_os("TESTS_CALM").is_some() {
        anyhow::bail!("service down: the sea is calm");
    }
    buoy::trigger(1_u32).send();
    Ok(())
}

livecheck::main!();
