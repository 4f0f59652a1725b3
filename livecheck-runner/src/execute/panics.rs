//! What a case that panics said, and where: kept for its report, and not printed.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::future::Future;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::FutureExt;

use crate::backtrace::of_the_case;
use crate::engine::PanicReport;

/// How many backtraces are taken in a second: each takes milliseconds, and when a system is down every case
/// fails. The message and the place are always kept.
const BACKTRACES_PER_SECOND: u64 = 10;

tokio::task_local! {
    static PANIC: RefCell<Option<PanicReport>>;
}

/// Keeps the panics of cases from the terminal; all others go where they went before. Call it once, or more.
pub(crate) fn capture_panics() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let recorded = PANIC.try_with(|panic| {
                if let Ok(mut panic) = panic.try_borrow_mut() {
                    *panic = Some(report(info));
                }
            });
            if recorded.is_err() {
                others(info);
            }
        }));
    });
}

/// Runs a future, and gives its result, or what it panicked with.
pub(crate) async fn caught<F: Future>(future: F) -> Result<F::Output, PanicReport> {
    let (outcome, panic) = recording(AssertUnwindSafe(future).catch_unwind()).await;
    outcome.map_err(|payload| panic.unwrap_or_else(|| from_payload(&*payload)))
}

/// Does something at once, and gives its result, or what it panicked with.
pub(crate) fn caught_in_place<T>(act: impl FnOnce() -> T) -> Result<T, PanicReport> {
    PANIC.sync_scope(RefCell::new(None), || {
        let outcome = panic::catch_unwind(AssertUnwindSafe(act));
        outcome.map_err(|payload| PANIC.with(RefCell::take).unwrap_or_else(|| from_payload(&*payload)))
    })
}

/// Runs a future, and gives what it panicked with beside its result.
async fn recording<F: Future>(future: F) -> (F::Output, Option<PanicReport>) {
    PANIC
        .scope(RefCell::new(None), async {
            let output = future.await;
            (output, PANIC.with(RefCell::take))
        })
        .await
}

/// What can be told of a panic of which only the payload is left.
fn from_payload(payload: &(dyn Any + Send)) -> PanicReport {
    PanicReport { message: message(payload), location: None, backtrace: None }
}

fn report(info: &PanicHookInfo<'_>) -> PanicReport {
    let backtrace = may_take_backtrace().then(|| of_the_case(&Backtrace::force_capture().to_string()));
    PanicReport {
        message: message(info.payload()),
        location: info.location().map(ToString::to_string),
        backtrace: backtrace.filter(|backtrace| !backtrace.is_empty()),
    }
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "the case panicked with a value that is not text".to_owned())
}

fn may_take_backtrace() -> bool {
    /// The second, and how many were taken in it.
    static TAKEN: AtomicU64 = AtomicU64::new(0);
    let second = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let taken = TAKEN.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
        let (of, count) = (taken >> 16, taken & 0xffff);
        match of == second {
            true if count >= BACKTRACES_PER_SECOND => None,
            true => Some(taken + 1),
            false => Some((second << 16) | 1),
        }
    });
    taken.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_kept_with_its_place_and_the_next_case_is_unharmed() {
        capture_panics();
        let broken = async { assert_eq!("buy", "sell", "the side") };
        let panic = caught(broken).await.expect_err("it panics");
        assert!(panic.message.contains("the side\n  left: \"buy\"\n right: \"sell\""), "{}", panic.message);
        assert!(panic.location.is_some_and(|place| place.contains("panics.rs:")));

        assert_eq!(caught(async { 7 }).await, Ok(7));
    }
}
