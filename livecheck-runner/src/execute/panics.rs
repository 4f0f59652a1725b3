//! What a case that panics said, and where: kept for its report, and not printed.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::pin::{Pin, pin};
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::backtrace::of_the_case;
use crate::engine::PanicReport;

/// How many backtraces are taken in a second: each takes milliseconds, and when a system is down every case
/// fails. The message and the place are always kept.
const BACKTRACES_PER_SECOND: u64 = 10;

thread_local! {
    /// Whether this thread is in a case, and what that has panicked with.
    static IN_CASE: RefCell<Option<Panicked>> = const { RefCell::new(None) };
}

/// What the case has panicked with, as far as it has.
type Panicked = Option<PanicReport>;

/// Keeps the panics of cases from the terminal; all others go where they went before. Call it once, or more.
pub(crate) fn capture_panics() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let is_of_case = IN_CASE.try_with(|in_case| match in_case.try_borrow_mut().as_deref_mut() {
                Ok(Some(panicked)) => {
                    *panicked = Some(report(info));
                    true
                }
                _ => false,
            });
            if !is_of_case.unwrap_or(false) {
                others(info);
            }
        }));
    });
}

/// Runs a future, and gives its result, or what it panicked with.
pub(crate) async fn caught<F: Future>(future: F) -> Result<F::Output, PanicReport> {
    let mut future = pin!(future);
    poll_fn(|cx| poll_caught(future.as_mut(), cx)).await
}

/// Polls a future, which says what it panicked with if it does.
pub(super) fn poll_caught<F: Future + ?Sized>(
    future: Pin<&mut F>,
    cx: &mut Context<'_>,
) -> Poll<Result<F::Output, PanicReport>> {
    match caught_in_place(|| future.poll(cx)) {
        Ok(polled) => polled.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    }
}

/// Does something at once, and gives its result, or what it panicked with.
pub(crate) fn caught_in_place<T>(act: impl FnOnce() -> T) -> Result<T, PanicReport> {
    let outer = IN_CASE.replace(Some(None));
    let outcome = panic::catch_unwind(AssertUnwindSafe(act));
    let panicked = IN_CASE.replace(outer).flatten();
    outcome.map_err(|payload| panicked.unwrap_or_else(|| from_payload(&*payload)))
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
