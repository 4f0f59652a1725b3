//! The case: what must be true of every order.

use anyhow::Context as _;
use livecheck::Signal;

use crate::cache::OrderCache;
use crate::order::{ExecutionId, Order, Side};
use crate::service::data_dir;

/// An order goes all the way from the website to its execution, and keeps its side.
#[livecheck::case(probability = 0.5, frequency = "30s", warn_stalled_after = "5s")]
pub async fn order_flow(
    side: Side,
    #[signal(timeout = "30s")] order_sent_to_db: Signal<Order>,
    #[signal(timeout = "30s")] order_sent_to_kafka: Signal,
    #[signal(timeout = "30s", consumer_group = "order-creator")] order_cached: Signal,
    #[signal(consumer_group = "order-executor")] order_executed: Signal<ExecutionId>,
) -> livecheck::Result {
    // 1. The order is stored, and it is the order that the user gave.
    let order = order_sent_to_db.wait().await?;
    assert_eq!(order.id, livecheck::test_id()?, "the test follows another order");
    assert_eq!(order.side, side, "order {} changed its side", order.id);

    // 2. The brokers have acknowledged it.
    order_sent_to_kafka.wait().await?;

    // 3. It is cached: not only does the service say so, it really is there.
    order_cached.wait().await?;
    tracing::info!(user = %order.user_id, "looking into the cache");
    let cache = OrderCache::open(&data_dir()).await?;
    let cached = cache.contains(&order).await.context("looking into the cache")?;
    assert!(cached, "order {} is not in the cache", order.id);

    // 4. It is executed, within the five seconds that users are promised.
    order_executed.wait().timeout("5s").await?;
    Ok(())
}

/// A sale that goes all the way and is not executed in the end: at night, when there are no users, it shows every half a
/// minute that the system is well.
#[livecheck::fake_request(order_flow)]
async fn fake_order() -> livecheck::Result {
    let Some(website) = website_for_fakes() else { return Ok(()) };
    let post = async {
        let order = Order {
            id: livecheck::test_id()?.to_string(),
            user_id: "nobody".to_owned(),
            side: Side::Sell,
            quantity: 1.0,
            price: 3.33,
            fake: true,
        };
        let url = format!("{website}/order/create/");
        livecheck::url_request(|http| http.post(&url).json(&order)).await?;
        Ok(())
    };
    order_flow::trigger(Side::Sell).scope(post).await
}

/// Where fake orders are posted to, if they are wanted.
fn website_for_fakes() -> Option<String> {
    let is_off = std::env::var("STOCK_ORDERS_FAKE_ORDERS").is_ok_and(|wanted| wanted == "off");
    (!is_off)
        .then(|| std::env::var("STOCK_ORDERS_URL").unwrap_or_else(|_| "http://127.0.0.1:6066".to_owned()))
}

#[cfg(test)]
mod tests {
    use livecheck::{Context, WaitError};

    use super::*;

    fn order(side: Side) -> Order {
        Order {
            id: uuid::Uuid::new_v4().to_string(),
            user_id: "u-1".to_owned(),
            side,
            quantity: 1.0,
            price: 3.33,
            fake: false,
        }
    }

    async fn cache(order: &Order) {
        OrderCache::create(&data_dir()).await.unwrap().add(order).await.unwrap();
    }

    fn executed() -> Signal<ExecutionId> {
        Signal::ready(ExecutionId::new())
    }

    #[tokio::test]
    async fn an_order_that_keeps_its_promises_passes() {
        let order = order(Side::Sell);
        cache(&order).await;
        let case = order_flow(
            Side::Sell,
            Signal::ready(order.clone()),
            Signal::arrived(),
            Signal::arrived(),
            executed(),
        );
        Context::for_test(&order.id).scope(case).await.unwrap();
    }

    #[tokio::test]
    #[should_panic(expected = "changed its side")]
    async fn an_order_that_was_turned_round_fails() {
        let order = order(Side::Sell);
        let case = order_flow(
            Side::Buy,
            Signal::ready(order.clone()),
            Signal::arrived(),
            Signal::arrived(),
            executed(),
        );
        let _ = Context::for_test(&order.id).scope(case).await;
    }

    #[tokio::test]
    #[should_panic(expected = "the test follows another order")]
    async fn another_order_than_the_one_followed_fails() {
        let followed = order(Side::Sell);
        let stored = order(Side::Sell);
        let case =
            order_flow(Side::Sell, Signal::ready(stored), Signal::arrived(), Signal::arrived(), executed());
        let _ = Context::for_test(&followed.id).scope(case).await;
    }

    #[tokio::test]
    #[should_panic(expected = "is not in the cache")]
    async fn an_order_that_is_said_to_be_cached_and_is_not_fails() {
        OrderCache::create(&data_dir()).await.unwrap();
        let order = order(Side::Sell);
        let case = order_flow(
            Side::Sell,
            Signal::ready(order.clone()),
            Signal::arrived(),
            Signal::arrived(),
            executed(),
        );
        let _ = Context::for_test(&order.id).scope(case).await;
    }

    #[tokio::test]
    async fn an_order_that_is_never_executed_times_out() {
        let order = order(Side::Sell);
        cache(&order).await;
        let case = order_flow(
            Side::Sell,
            Signal::ready(order.clone()),
            Signal::arrived(),
            Signal::arrived(),
            Signal::never(),
        );
        let error = Context::for_test(&order.id).scope(case).await.unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(WaitError::Timeout(_))), "{error:#}");
    }
}
