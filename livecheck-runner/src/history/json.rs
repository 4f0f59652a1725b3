//! A list of reports as JSON.

use livecheck_store::{Counts, Page, ReportRow};
use serde::Serialize;

/// What `history --message-format json` prints. Members are only ever added; what reads this must ignore those that it
/// does not know. Durations are in seconds; `next` is where a page would go on, and null if this is all.
///
/// ```json
/// {
///   "reports": [
///     { "at": "2026-11-21T02:03:04.567890Z", "case": "stock_orders::cases::order_flow", "state": "FAIL",
///       "flaky": false, "id": "order-18", "triggered": "2026-11-21T02:03:04.317890Z", "runtime": 0.25,
///       "signals": { "order_sent_to_db": 0.012 }, "error": "…", "cause": "…" }
///   ],
///   "next": null,
///   "counts": { "pass": 117, "fail": 1, "error": 0, "timeout": 0, "skip": 0 }
/// }
/// ```
#[derive(Serialize)]
pub(crate) struct Listed<'l> {
    reports: &'l [ReportRow],
    next: Option<String>,
    counts: Counts,
}

/// A page, and how all the executions of its time have ended.
pub(crate) fn of_page(page: &Page, counts: Counts) -> Listed<'_> {
    Listed { reports: &page.reports, next: page.next.map(|next| next.to_string()), counts }
}
