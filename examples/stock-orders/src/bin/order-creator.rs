//! Consumes the orders that were stored: caches each, and hands it on to be executed.

use clap::Parser;
use stock_orders::cache::OrderCache;
use stock_orders::fault::Fault;
use stock_orders::service::{ServiceArgs, flush_signals, log_to_terminal};
use stock_orders::{kafka, order_flow};

/// Caches orders, and hands them on to be executed.
#[derive(Debug, Parser)]
struct Args {
    #[command(flatten)]
    service: ServiceArgs,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let ServiceArgs { bootstrap_servers, data_dir, fault } = Args::parse().service;
    log_to_terminal();
    livecheck::Client::install_from_env()?;

    kafka::create_topics(&bootstrap_servers).await?;
    let cache = OrderCache::create(&data_dir).await?;
    if fault == Some(Fault::CacheDown) {
        cache.take_down().await?;
    }
    let producer = kafka::producer(&bootstrap_servers)?;

    tracing::info!("order-creator waits for orders");
    kafka::consume(&bootstrap_servers, "order-creator", kafka::ORDERS, async |order| {
        if !matches!(fault, Some(Fault::SkipCache | Fault::CacheDown)) {
            cache.add(order).await?;
        }
        order_flow::order_cached.send();
        kafka::produce(&producer, kafka::ORDER_EXECUTION, order).await
    })
    .await?;
    flush_signals().await;
    Ok(())
}
