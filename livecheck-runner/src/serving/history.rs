//! What the store answers, in the form in which the page shows it.

use livecheck_core::Timestamp;
use livecheck_store::{CaseSummary as Stored, CauseSummary, Counts, Page, ReportRow, Series, Window};
use livecheck_web::view::{
    Bucket, CaseHistory, CaseSummary, Cause, ExecutionPage, ExecutionRow, Failure, Latency, Range,
};

use super::source::DAY;

/// Adds what the store has of the last day to what the monitor knows.
pub(super) fn complete(case: &mut CaseSummary, stored: &Stored, now: Timestamp) {
    // What the monitor has are the latest executions, however old; where there were some today, these are told.
    if stored.counts.executed() > 0 {
        case.success_rate = stored.counts.success_rate();
    }
    if let Some(runtime) = stored.runtime {
        case.p50 = Some(runtime.p50);
        case.p99 = Some(runtime.p99);
    }
    if case.last_failure.is_none() {
        case.last_failure = stored.last_failure.as_ref().map(|last| Failure {
            at: last.at,
            state: last.state,
            id: last.id.clone(),
            error: last.error.clone(),
        });
    }
    let parts = u32::try_from(stored.sparkline.len().max(1)).unwrap_or(u32::MAX);
    let step = DAY / parts;
    let begin = now - DAY;
    let buckets = stored.sparkline.iter().zip(0_u32..);
    case.recent = buckets.map(|(counts, place)| bucket(begin + step * place, counts, None)).collect();
}

/// A case over some time: what the store has found, or why there is nothing of it.
pub(super) fn of(
    case: CaseSummary,
    range: Range,
    window: Window,
    found: Result<(Series, Vec<CauseSummary>), String>,
) -> CaseHistory {
    let mut history = CaseHistory {
        case,
        range,
        from: window.from,
        until: window.until,
        step: 0,
        buckets: Vec::new(),
        signals: std::collections::BTreeMap::new(),
        causes: Vec::new(),
        history_is_missing: None,
    };
    let (series, causes) = match found {
        Ok(found) => found,
        Err(reason) => return CaseHistory { history_is_missing: Some(reason), ..history },
    };
    history.step = series.step;
    let points = series.points.iter();
    history.buckets = points.map(|point| bucket(point.start, &point.counts, point.runtime)).collect();
    history.signals = series
        .signals
        .into_iter()
        .map(|(name, points)| {
            let latencies = points.into_iter().map(|point| Latency {
                start: point.start,
                p50: point.latency.map(|latency| latency.p50),
                p99: point.latency.map(|latency| latency.p99),
            });
            (name, latencies.collect())
        })
        .collect();
    history.causes = causes
        .into_iter()
        .map(|CauseSummary { state, cause, failures, latest, .. }| Cause {
            cause,
            state,
            count: failures,
            last: latest,
        })
        .collect();
    history
}

/// A page of executions.
pub(super) fn page(Page { reports, next }: Page) -> ExecutionPage {
    let row =
        |ReportRow { case, id, state, flaky, triggered, at, runtime, error, .. }: ReportRow| ExecutionRow {
            case,
            id,
            state,
            flaky,
            triggered,
            at,
            runtime,
            error: error.and_then(|error| error.lines().next().map(str::to_owned)),
        };
    ExecutionPage {
        executions: reports.into_iter().map(row).collect(),
        next: next.map(|cursor| cursor.to_string()),
    }
}

fn bucket(start: Timestamp, counts: &Counts, runtime: Option<livecheck_store::Latency>) -> Bucket {
    Bucket {
        start,
        pass: counts.pass,
        fail: counts.fail,
        error: counts.error,
        timeout: counts.timeout,
        skip: counts.skip,
        p50: runtime.map(|runtime| runtime.p50),
        p99: runtime.map(|runtime| runtime.p99),
    }
}
