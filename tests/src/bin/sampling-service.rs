//! A service that draws which of its requests are followed, and says so whenever that changes.
//!
//! It prints the share that holds, by what, and how many of a hundred requests it has followed with it:
//! `10% by control: 9 of 100`.

use std::convert::Infallible;
use std::time::Duration;

use livecheck::control::{Sampling, sampling};
use livecheck_tests::cases::gift;

/// How many requests are drawn with each share.
const REQUESTS: usize = 100;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    livecheck::Client::install_from_env()?;
    let mut before = None;
    let ended: Result<Infallible, _> = loop {
        let now = sampling(gift::CASE);
        if before != Some(now) {
            before = Some(now);
            // What holds is told a moment after it can be asked for: a request waits for no lock.
            tokio::time::sleep(Duration::from_millis(50)).await;
            say(now);
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(10)) => {}
            interrupted = tokio::signal::ctrl_c() => break interrupted.map(|()| std::process::exit(0)),
        }
    };
    ended.map(|never| match never {}).map_err(Into::into)
}

fn say(Sampling { active, probability }: Sampling) {
    let followed = (0..REQUESTS).filter(|_| gift::maybe_trigger(Some(true)).send().is_some()).count();
    let from = active.from.max(probability.from);
    let inactive = if active.value { "" } else { ", inactive" };
    println!("{}{inactive} by {from:?}: {followed} of {REQUESTS}", probability.value);
}
