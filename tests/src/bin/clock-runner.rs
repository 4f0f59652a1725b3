//! A runner of cases that nobody triggers.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A clock ticks.
#[livecheck::case(name = "clock", every = "1s", tags("time"))]
async fn clock() {}

/// A mill turns for longer than it has time to.
#[livecheck::case(name = "mill", every = "1s", tags("slow"))]
async fn mill() {
    tokio::time::sleep(Duration::from_millis(2_500)).await;
}

/// A calendar is looked at once a year.
#[livecheck::case(name = "calendar", schedule = "0 0 1 1 * Europe/Berlin", tags("time"))]
async fn calendar() {
    assert!(std::env::var_os("TESTS_NO_CALENDAR").is_none(), "there is no calendar");
}

/// A bell rings at the second stroke.
#[livecheck::case(name = "bell", schedule = "0 0 1 1 *", confirm = 2, tags("flaky"))]
async fn bell() -> livecheck::Result {
    static STROKES: AtomicU32 = AtomicU32::new(0);
    anyhow::ensure!(STROKES.fetch_add(1, Ordering::Relaxed) > 0, "the bell is silent");
    Ok(())
}

/// A gong is silent, however often it is struck.
#[livecheck::case(name = "gong", schedule = "0 0 1 1 *", confirm = 2, tags("broken"))]
async fn gong() {
    panic!("the gong is silent");
}

/// A ship is waited for, and not by the clock.
#[livecheck::case(name = "ship")]
async fn ship(name: String) {
    assert!(!name.is_empty());
}

/// A ferry goes once an hour.
#[livecheck::case(name = "ferry", frequency = "1h", tags("water"))]
async fn ferry(passengers: u32) {
    assert!(passengers > 0, "nobody is on board");
}

#[livecheck::fake_request(ferry)]
async fn a_passenger() -> livecheck::Result {
    if std::env::var_os("TESTS_STORM").is_some() {
        anyhow::bail!("service down: there is a storm");
    }
    ferry::trigger(1_u32).send();
    Ok(())
}

livecheck::main!();
