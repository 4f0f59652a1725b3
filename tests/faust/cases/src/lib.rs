//! The case that the Faust service beside this folder triggers and signals: `Test_order` of Faust's
//! `examples/livecheck.py`, in Rust.

use livecheck::Signal;
use serde::Deserialize;

/// An order, as the service writes it; members that the case does not look at are left out.
#[derive(Debug, Deserialize)]
pub struct Order {
    /// The order's id, which is the test's too.
    pub id: String,
    /// Who placed it.
    pub user_id: String,
    /// `buy` or `sell`.
    pub side: String,
    /// The price of one.
    pub price: f64,
}

/// An order keeps its side all the way to its execution.
#[livecheck::case(name = "examples.livecheck.test_order", probability = 1.0)]
pub async fn test_order(
    side: String,
    #[signal(timeout = "30s")] order_sent_to_db: Signal<Order>,
    #[signal(timeout = "30s")] order_sent_to_kafka: Signal,
    #[signal(timeout = "30s")] order_cache_in_redis: Signal,
    #[signal(timeout = "5s")] order_executed: Signal<String>,
) -> livecheck::Result {
    let order = order_sent_to_db.wait().await?;
    assert_eq!(order.side, side, "order {} changed its side", order.id);
    assert!((order.price - 3.33).abs() < f64::EPSILON, "order {} changed its price", order.id);

    order_sent_to_kafka.wait().await?;

    order_cache_in_redis.wait().await?;
    let port = std::env::var("STOCK_ORDERS_PORT").unwrap_or_else(|_| "6066".to_owned());
    let url = format!("http://127.0.0.1:{port}/order/cached/{}/{}/", order.user_id, order.id);
    let answer: serde_json::Value = reqwest::get(url).await?.error_for_status()?.json().await?;
    assert_eq!(answer["cached"], true, "order {} is not in the cache", order.id);

    let execution_id = order_executed.wait().await?;
    assert_eq!(execution_id.len(), 36, "{execution_id} is not a UUID");
    Ok(())
}
