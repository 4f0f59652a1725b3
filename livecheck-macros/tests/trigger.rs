use std::sync::Arc;

use livecheck::Signal;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Side {
    Buy,
    Sell,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub id: String,
    pub side: Side,
}

/// An order keeps its side all the way to execution.
#[livecheck::case(probability = 0.5, warn_stalled_after = "30m")]
pub async fn order_flow(
    side: Side,
    quantity: u64,
    buyer: String,
    tags: Vec<String>,
    #[signal(timeout = "30s")] sent_to_db: Signal<Order>,
    #[signal] cached: Signal,
    #[signal] executed: Signal<u64>,
) -> livecheck::Result {
    let order = sent_to_db.wait().await?;
    assert_eq!(order.side, side);
    cached.wait().await?;
    executed.wait().timeout("5s").await?;
    Ok(())
}

#[test]
fn inference() {
    let order = Order { id: "o-1".into(), side: Side::Sell };
    let _ = order_flow::trigger(order.side, 1, "me", []);
    let _ = order_flow::trigger(&order.side, &1, &order.id, vec![]);
    let _ = order_flow::trigger(&order.side, 1 + 1, "me".to_owned(), &["x".to_owned()]);
    let _ = order_flow::trigger(Arc::new(order.side), u64::from(3_u8), String::new(), &vec![]);
    order_flow::sent_to_db.send(&order);
    order_flow::cached.send();
    order_flow::executed.send(&3);
    panic!();
}
