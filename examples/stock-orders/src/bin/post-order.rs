//! Posts orders to the website, as users do.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Parser;
use stock_orders::service::{log_to_terminal, shutdown};
use stock_orders::{Order, Side};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

/// How many orders are under way at most.
const CONCURRENT: usize = 32;

/// Posts orders to the website.
#[derive(Debug, Parser)]
struct Args {
    /// Buy or sell [default: by chance, for each order]
    #[arg(long)]
    side: Option<Side>,

    /// How many orders [default: 1, or without end where --every is given]
    #[arg(long, value_name = "N")]
    count: Option<usize>,

    /// The time from one order to the next, such as 500ms [default: none]
    #[arg(long, value_name = "DURATION")]
    every: Option<humantime::Duration>,

    /// Where order-web listens
    #[arg(long, env = "STOCK_ORDERS_URL", default_value = "http://127.0.0.1:6066")]
    url: String,

    /// Post orders that are not executed in the end
    #[arg(long)]
    fake: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    log_to_terminal();
    let count = args.count.or(args.every.is_none().then_some(1));
    let mut ticks = args.every.map(|every| {
        let mut ticks = tokio::time::interval(Duration::from(every).max(Duration::from_millis(1)));
        // A website that was away for a while is not to be flooded when it comes back.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    });

    let http = reqwest::Client::new();
    let free = Arc::new(Semaphore::new(CONCURRENT));
    let started = Instant::now();
    let mut posting = JoinSet::new();
    let mut tally = Tally::default();
    let mut shutdown = pin!(shutdown());
    for _ in 0..count.unwrap_or(usize::MAX) {
        let turn = async {
            if let Some(ticks) = &mut ticks {
                ticks.tick().await;
            }
            Arc::clone(&free).acquire_owned().await
        };
        let permit = tokio::select! {
            permit = turn => permit?,
            () = &mut shutdown => break,
        };
        while let Some(posted) = posting.try_join_next() {
            tally.add(posted?);
        }
        let side = args.side.unwrap_or_else(|| if rand::random() { Side::Buy } else { Side::Sell });
        let order =
            post(http.clone(), format!("{}/order/init/{side}/?fake={}", args.url, u8::from(args.fake)));
        posting.spawn(async move {
            let posted = order.await;
            drop(permit);
            posted
        });
    }
    while let Some(posted) = posting.join_next().await {
        tally.add(posted?);
    }

    let Tally { posted, failed } = tally;
    println!("{posted} posted, {failed} failed in {:.1?}", started.elapsed());
    if failed > 0 {
        bail!("{failed} of {} orders were not taken", posted + failed);
    }
    Ok(())
}

async fn post(http: reqwest::Client, url: String) -> anyhow::Result<Order> {
    let response = http.get(&url).send().await?.error_for_status()?;
    response.json().await.with_context(|| format!("the answer of {url}"))
}

#[derive(Default)]
struct Tally {
    posted: u64,
    failed: u64,
}

impl Tally {
    fn add(&mut self, posted: anyhow::Result<Order>) {
        match posted {
            Ok(Order { id, side, .. }) => {
                self.posted += 1;
                println!("{side} {id}");
            }
            Err(error) => {
                self.failed += 1;
                tracing::warn!("an order was not taken: {error:#}");
            }
        }
    }
}
