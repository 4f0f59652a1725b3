//! The uptests in Rust: is a new instance of the website ready for orders? Those in other languages stand in
//! `uptests/order-web/`.

use anyhow::Context as _;
use livecheck::Target;

use crate::order::{Order, Side};

/// The website takes an order, and keeps its side.
#[livecheck::uptest(proc = "order-web", timeout = "10s")]
async fn takes_orders(target: Target) -> livecheck::Result {
    let url = target.url("/order/init/sell/?fake=1");
    let answer = reqwest::get(url).await.context("the website does not answer")?;
    let order: Order = answer.error_for_status()?.json().await.context("this is no order")?;
    assert_eq!(order.side, Side::Sell, "order {} changed its side", order.id);
    Ok(())
}
