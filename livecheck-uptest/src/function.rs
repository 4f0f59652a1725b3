//! Runs one uptest that is a Rust function.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Instant;

use futures_util::FutureExt;
use livecheck_core::outcome::Skip;
use livecheck_core::{Result, Target, Uptest};

use crate::captured::Captured;
use crate::limits::Limits;
use crate::outcome::{End, Ending, Outcome, Panicked};

/// What an uptest did: what it returned, or what it panicked with.
pub type Caught = Result<Result, Panicked>;

/// Runs an uptest and catches its panics, which the program knows how to keep from the terminal.
pub type Catch =
    fn(Pin<Box<dyn Future<Output = Result> + Send>>) -> Pin<Box<dyn Future<Output = Caught> + Send>>;

/// Catches panics, of which the message alone is known.
#[must_use]
pub fn catch(
    uptest: Pin<Box<dyn Future<Output = Result> + Send>>,
) -> Pin<Box<dyn Future<Output = Caught> + Send>> {
    Box::pin(AssertUnwindSafe(uptest).catch_unwind().map(|caught| {
        caught.map_err(|payload| {
            let text = payload
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| payload.downcast_ref::<String>().cloned());
            let message = text.unwrap_or_else(|| "it panicked with a value that is not text".to_owned());
            Panicked { message, location: None }
        })
    }))
}

/// Runs an uptest to its end.
pub(crate) async fn run(uptest: &Uptest, target: Target, limits: &Limits, catch: Catch) -> Outcome {
    let began = Instant::now();
    let limits = Limits { each: uptest.timeout.unwrap_or(limits.each), ..limits.clone() };
    let run = uptest.run;
    // Within the async block: it may panic before its first await.
    let mut task = tokio::spawn(catch(Box::pin(async move { run(target).await })));
    let ending = tokio::select! {
        done = &mut task => match done {
            Ok(Ok(Ok(()))) => Ending::Passed,
            Ok(Ok(Err(error))) => match error.downcast_ref::<Skip>() {
                Some(skip) => Ending::Skipped(skip.reason().to_owned()),
                None => Ending::Returned(with_causes(&error)),
            },
            Ok(Err(panicked)) => Ending::Panicked(panicked),
            Err(error) => Ending::Returned(error.to_string()),
        },
        limit = limits.reached() => {
            task.abort();
            Limits::ending(limit, began.elapsed(), End::Dropped)
        }
    };
    Outcome { ending, output: Captured::default(), elapsed: began.elapsed(), left_behind: None }
}

fn with_causes(error: &livecheck_core::Error) -> String {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    causes.join("\n  caused by: ")
}
