//! Consumes the orders to execute, and executes them.

use std::time::Duration;

use clap::Parser;
use stock_orders::database::OrderDatabase;
use stock_orders::fault::Fault;
use stock_orders::service::{ServiceArgs, flush_signals, log_to_terminal};
use stock_orders::{ExecutionId, kafka, order_flow};

/// Longer than the case waits for.
const SLOW: Duration = Duration::from_secs(6);

/// Executes orders.
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
    let database = OrderDatabase::create(&data_dir).await?;

    tracing::info!("order-executor waits for orders");
    kafka::consume(&bootstrap_servers, "order-executor", kafka::ORDER_EXECUTION, async |order| {
        match fault {
            Some(Fault::DropExecution) => return Ok(()),
            Some(Fault::SlowExecution) => tokio::time::sleep(SLOW).await,
            _ => {}
        }
        let mut execution = ExecutionId::new();
        if !order.fake {
            // Here a real executor would go to the exchange.
            match database.execute(&order.id, &execution).await? {
                Some(counts) => execution = counts,
                None => {
                    tracing::warn!("order {} is not in the database", order.id);
                    return Ok(());
                }
            }
        }
        order_flow::order_executed.send(&execution);
        Ok(())
    })
    .await?;
    flush_signals().await;
    Ok(())
}
