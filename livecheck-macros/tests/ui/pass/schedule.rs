//! When a case is due, and how it is found.

use std::time::Duration;

use livecheck::Signal;
use livecheck::schedule::Schedule;

/// The token works.
#[livecheck::case(schedule = "0 9 * * MON-FRI Europe/Berlin", jitter = "30s", tags("smoke", "payments"), confirm = 2)]
async fn token() {}

#[livecheck::case(schedule = "@daily", timezone = "America/New_York", max_consecutive_failures = 3)]
async fn report() -> livecheck::Result {
    Ok(())
}

#[livecheck::case(every = "15m")]
async fn setting(#[signal(timeout = "30s")] changed: Signal) -> livecheck::Result {
    changed.wait().await?;
    Ok(())
}

fn main() {
    let token = &token::CASE.settings;
    let weekdays = Schedule::cron("0 9 * * MON-FRI Europe/Berlin", None).jitter(Duration::from_secs(30));
    assert_eq!((token.schedule, token.confirm, token.tags), (Some(weekdays), 2, &["smoke", "payments"][..]));
    assert_eq!(token.max_consecutive_failures, 1);
    // A weekend, the hour that it has more in autumn, the jitter, and half an hour.
    assert_eq!(token.warn_stalled_after, Duration::from_secs(73 * 3_600 + 30 + 1_800));
    assert_eq!(report::CASE.settings.max_consecutive_failures, 3);
    assert_eq!(setting::CASE.settings.schedule, Some(Schedule::every(Duration::from_secs(900))));
    let _ = setting::trigger();
}
