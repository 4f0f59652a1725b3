//! Posts stock orders, each of which is followed: what `post-order` does, at probability 1.0.
//!
//! `follow-orders URL COUNT` asks for an order as the website itself does, and prints the id of each.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use livecheck::context::InTestRequest as _;
use stock_orders::{Order, Side, order_flow};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use uuid::Uuid;

/// How many orders are under way at most.
const CONCURRENT: usize = 32;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().context("the website's address")?;
    let count: usize = arguments.next().context("how many orders")?.parse()?;
    livecheck::Client::install_from_env()?;

    let http = reqwest::Client::new();
    let free = Arc::new(Semaphore::new(CONCURRENT));
    let mut posting = JoinSet::new();
    for number in 0..count {
        let permit = Arc::clone(&free).acquire_owned().await?;
        let side = if number % 2 == 0 { Side::Buy } else { Side::Sell };
        let order = order(side);
        println!("{side} {}", order.id);
        let request = post(http.clone(), format!("{url}/order/create/"), order.clone());
        let followed = order_flow::trigger(side).id(&order.id).scope(request);
        posting.spawn(async move {
            let posted = followed.await;
            drop(permit);
            posted
        });
    }
    while let Some(posted) = posting.join_next().await {
        posted??;
    }
    livecheck::flush(Duration::from_secs(30)).await;
    let statistics = livecheck::client::installed().context("LIVECHECK_BOOTSTRAP_SERVERS")?.statistics();
    anyhow::ensure!(statistics.delivered == count as u64, "triggers were lost: {statistics:?}");
    Ok(())
}

fn order(side: Side) -> Order {
    Order {
        id: Uuid::new_v4().to_string(),
        user_id: Uuid::new_v4().to_string(),
        side,
        quantity: 1.0,
        price: 3.33,
        fake: false,
    }
}

async fn post(http: reqwest::Client, url: String, order: Order) -> anyhow::Result<()> {
    http.post(url).json(&order).in_current_test().send().await?.error_for_status()?;
    Ok(())
}
