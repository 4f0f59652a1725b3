//! About the store of results, of the runner that writes: the others know nothing of it.

use crate::serving::exposition::Exposition;
use crate::store::StoreProgress;

pub(super) fn describe(to: &mut Exposition, store: &StoreProgress) {
    to.gauge("livecheck_store_writes", "1 if this runner brings the results into the store.")
        .with(&[], store.writes);
    to.counter("livecheck_store_reports_total", "Reports that this runner has brought into the store.")
        .with(&[], store.written);
    to.counter("livecheck_store_failures_total", "Attempts to write to the store that have failed.")
        .with(&[], store.failures);
    if store.writes {
        to.gauge("livecheck_store_up", "1 unless the last attempt to write to the store has failed.")
            .with(&[], store.is_up);
        to.gauge(
            "livecheck_store_lag_seconds",
            "How old the latest report is that is in the store, where the topic has more; 0 if it has none.",
        )
        .with(&[], store.lag);
    }
}
