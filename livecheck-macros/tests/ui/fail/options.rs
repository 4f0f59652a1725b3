// Every wrong option is said at once, at its place; the case goes on to exist beside the errors.
#[livecheck::case(
    probabilty = 0.5,
    active = "yes",
    test_expires = "3h",
    test_expires = "4h",
    warn_stalled_after = "soon",
    frequency = 0,
    max_history = -1,
    max_consecutive_failures = 5_000_000_000,
    state_transition_delay = 30s,
    realtime_logs,
    url_timeout_total = Duration::from_secs(300),
    url_error_delay_min = "5s",
    url_error_delay_max = "1s",
    url_error_delay_backoff = 0.5,
    name = "",
    retries = 3,
    "30m",
    crate = "livecheck",
)]
async fn order_flow(side: u8, #[signal(timeot = "30s")] cached: livecheck::Signal) -> livecheck::Result {
    assert_eq!(side, 1);
    cached.wait().await?;
    Ok(())
}

fn main() {
    let _ = order_flow::trigger(1);
    order_flow::cached.send();
}
