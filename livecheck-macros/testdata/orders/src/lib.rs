//! A library with cases, as a team's would be, with every lint that it may have.

#![forbid(unsafe_code)]
#![deny(
    warnings,
    missing_copy_implementations,
    missing_debug_implementations,
    missing_docs,
    rust_2018_idioms,
    unreachable_pub,
    unused_qualifications
)]

use livecheck::Signal;
use serde::{Deserialize, Serialize};

/// What is done with the stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    /// It is bought.
    Buy,
    /// It is sold.
    Sell,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its id.
    pub id: String,
    /// What is done.
    pub side: Side,
}

/// An order keeps its side all the way to execution.
///
/// It is sampled.
#[livecheck_macros::case(
    active = true,
    probability = "50%",
    warn_stalled_after = "30m",
    test_expires = "1h 30s",
    frequency = 60,
    max_history = 10,
    max_consecutive_failures = 3,
    state_transition_delay = 0.5,
    realtime_logs = true,
    url_timeout_total = "1m",
    url_timeout_connect = "5s",
    url_error_retries = 0,
    url_error_delay_min = "100ms",
    url_error_delay_backoff = 2,
    url_error_delay_max = "1s"
)]
pub async fn order_flow(
    /// What the customer asked for.
    side: Side,
    customer: String,
    tags: Vec<String>,
    quantity: u64,
    /// The order, as it stands in the database.
    #[signal(timeout = "30s")]
    sent_to_db: Signal<Order>,
    #[signal] cached: Signal,
    #[signal(timeout = 0.25)] executed: Signal<u64>,
    #[signal] confirmed: Signal<Option<Order>>,
) -> livecheck::Result {
    let order = sent_to_db.wait().await?;
    assert_eq!(order.side, side, "for {customer}, {tags:?}");
    cached.wait().await?;
    assert_eq!(executed.wait().await?, quantity);
    confirmed.wait().timeout("5s").await?;
    Ok(())
}

mod internal {
    #[livecheck_macros::case(name = "orders.internal")]
    pub(crate) async fn internal() {}
}

/// A service that triggers a case of its own crate.
pub fn trigger_internal() {
    internal::internal::maybe_trigger().send();
}
