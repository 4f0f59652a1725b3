//! The bank, and customers who spend and pay back.

use std::time::Duration;

use account_debts::{Bank, Fault, charged};
use clap::Parser;

/// Charges accounts, and takes back what they pay.
#[derive(Debug, Parser)]
struct Args {
    /// A step that goes wrong
    #[arg(long = "break", value_enum, env = "ACCOUNT_DEBTS_BREAK")]
    fault: Option<Fault>,

    /// How many charges; without end where it is not given
    #[arg(long)]
    count: Option<usize>,

    /// The time from one charge to the next, in milliseconds
    #[arg(long, default_value_t = 200)]
    every_ms: u64,
}

const CUSTOMERS: [&str; 4] = ["ada", "grace", "edsger", "donald"];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    livecheck::Client::install_from_env()?;
    let mut bank = Bank::new(args.fault);
    // The bank forgets everything with its process, and the table does not: accounts of their own for each.
    let run = &uuid::Uuid::new_v4().simple().to_string()[..6];
    let mut ticks = tokio::time::interval(Duration::from_millis(args.every_ms.max(1)));
    for number in 0..args.count.unwrap_or(usize::MAX) {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = tokio::signal::ctrl_c() => break,
        }
        let account = format!("{}-{run}", CUSTOMERS[rand::random_range(0..CUSTOMERS.len())]);
        // Who can hardly spend any more pays it all back.
        let amount = if bank.debt(&account) > 170 { -bank.debt(&account) } else { rand::random_range(5..60) };
        let charge = async {
            let answer = bank.charge(&account, amount);
            charged::answered.send(&answer);
        };
        charged::maybe_trigger(&account, amount)
            .id(format!("{run}-{number}"))
            .partition_key(&account)
            .scope(charge)
            .await;
    }
    livecheck::flush(Duration::from_secs(5)).await;
    Ok(())
}
