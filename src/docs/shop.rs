// The shop of the tutorial, as it is once it has a case. The later examples there include this file.

use livecheck::{InTest, Signal};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Buy,
    Sell,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    pub id: String,
    pub side: Side,
    pub quantity: u32,
}

/// An order keeps its side, and is executed within five seconds.
#[livecheck::case(probability = 0.5)]
pub async fn order_flow(
    side: Side,
    #[signal(timeout = "30s")] stored: Signal<Order>,
    #[signal] executed: Signal,
) -> livecheck::Result {
    let order = stored.wait().await?;
    assert_eq!(order.side, side, "order {} changed its side", order.id);
    executed.wait().timeout("5s").await?;
    Ok(())
}

pub async fn take(order: Order) -> anyhow::Result<()> {
    order_flow::maybe_trigger(order.side)
        .id(&order.id)
        .scope(async {
            let stored = store(order).await?;
            order_flow::stored.send(&stored);
            tokio::spawn(execute(stored).in_current_test());
            Ok(())
        })
        .await
}

pub async fn execute(order: Order) {
    exchange(&order).await;
    order_flow::executed.send();
}

pub async fn store(order: Order) -> anyhow::Result<Order> {
    Ok(order)
}

pub async fn exchange(_order: &Order) {}
