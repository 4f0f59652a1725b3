//! The events of a run as JSON, one object a line, for programs.
//!
//! Each object has a member `type`. Members are only ever added; what reads this must ignore those that it
//! does not know. Durations are in seconds.
//!
//! | `type` | members |
//! |---|---|
//! | `service-starting` | `name`, `command`, `log` |
//! | `service-ready` | `name`, `after`, `reused` |
//! | `service-died` | `name`, `status`, `log`, `last_lines` |
//! | `started` | `cases` (names), `brokers`, `embedded`, `embedded_data_dir` (null if it keeps nothing), `test_topic`, `group` (null in a run of one's own), `profile` |
//! | `serving` | `url` of the page |
//! | `report` | `case`, `package`, `file`, `line`, `state`, `id`, `triggered`, `runtime`, `signals` (name → seconds after the trigger), `attempts` (each `state`, `runtime`, `error`, `traceback`, where a scheduled case was tried again), `waiting_for` (the name of the missing signal), `explanation`, `error`, `traceback` |
//! | `log` | `case`, `id`, `time`, `level`, `target`, `message`: a line that an execution logs, where its case has `realtime_logs` |
//! | `alert` | `receiver`, `title`, `took`, `sent`, `failures` (in a row, before it was sent or by now), `error`, `retry_in` |
//! | `status` | `cases` (name → `triggered`, `pass`, `fail`, `error`, `timeout`, `skip`, `in_flight`) |
//! | `bad-records` | `kind`, `topic`, `partition`, `offset`, `reason`, `count` |
//! | `warning` | `message` |
//! | `stopping` | `reason`: `interrupted`, `time-is-up`, `enough-executions`, `all-run`, `first-failure`, `service-died` |
//! | `finished` | `elapsed`, `left_in_flight` (executions for another runner), `bad_records` (how many could not be read), `cases` as in `status` |
//!
//! An `explanation` is what the report on the topic has, too: [`livecheck_core::wire::Explanation`]; null where all is
//! well. In a `report`, `state` is `PASS`, `FAIL`, `ERROR`, `TIMEOUT`, `SKIP` or `STALL`; `id`, `triggered` and
//! `runtime` are null where it is about the case as a whole, which fails (`FAIL`), is stalled (`STALL`) or has
//! recovered (`PASS`). `package`, `file` and `line` are null where this program does not have the case. Source files in the working folder are named from there.

use std::collections::BTreeMap;
use std::path::Path;

use livecheck_core::wire::{Attempt, Explanation, LogLine, State, TestReport};
use livecheck_core::{CaseName, Cases, TestId, Timestamp};
use serde::Serialize;

use super::event::{Finished, RunEvent, Snapshot, StopReason};
use crate::engine::CaseTally;
use crate::monitor::{AlertEvent, AlertResult};
use crate::paths::{shown, shown_in};
use crate::services::{ServiceDied, ServiceEvent};

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Line<'e> {
    ServiceStarting {
        name: &'e str,
        command: &'e str,
        log: &'e Path,
    },
    ServiceReady {
        name: &'e str,
        after: f64,
        reused: bool,
    },
    ServiceDied {
        name: &'e str,
        status: String,
        log: &'e Path,
        last_lines: &'e [String],
    },
    Started {
        cases: Vec<&'static str>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        checks: &'e [String],
        brokers: &'e str,
        embedded: bool,
        embedded_data_dir: Option<&'e Path>,
        test_topic: &'e str,
        group: Option<&'e str>,
        profile: &'e str,
    },
    Serving {
        url: String,
    },
    Report(Box<Report<'e>>),
    Log {
        case: &'e CaseName,
        id: &'e TestId,
        #[serde(flatten)]
        line: &'e LogLine,
    },
    Alert {
        receiver: &'e str,
        title: &'e str,
        took: f64,
        sent: bool,
        failures: u32,
        error: Option<&'e str>,
        retry_in: Option<f64>,
    },
    Status {
        cases: BTreeMap<&'e str, CountsOf>,
    },
    BadRecords {
        kind: &'e str,
        topic: &'e str,
        partition: i32,
        offset: i64,
        reason: &'e str,
        count: u64,
    },
    Warning {
        message: &'e str,
    },
    Stopping {
        reason: &'static str,
    },
    Finished {
        elapsed: f64,
        left_in_flight: u64,
        bad_records: u64,
        cases: BTreeMap<&'e str, CountsOf>,
    },
}

#[derive(Serialize)]
struct Report<'e> {
    case: &'e str,
    package: Option<&'static str>,
    file: Option<&'static str>,
    line: Option<u32>,
    state: State,
    id: Option<&'e TestId>,
    triggered: Option<Timestamp>,
    runtime: Option<f64>,
    signals: &'e BTreeMap<String, f64>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    attempts: &'e [Attempt],
    waiting_for: Option<&'e str>,
    explanation: Option<&'e Explanation>,
    error: Option<&'e str>,
    traceback: Option<String>,
}

#[derive(Serialize)]
struct CountsOf {
    triggered: u64,
    pass: u64,
    fail: u64,
    error: u64,
    timeout: u64,
    skip: u64,
    in_flight: u64,
}

/// An event as a line, with its end.
pub(crate) fn line(event: &RunEvent, cases: &Cases, root: &Path) -> String {
    let of_case;
    let line = match event {
        RunEvent::Service(ServiceEvent::Starting { name, command, log }) => {
            Line::ServiceStarting { name, command, log }
        }
        RunEvent::Service(ServiceEvent::Ready { name, after, reused }) => {
            Line::ServiceReady { name, after: after.as_secs_f64(), reused: *reused }
        }
        RunEvent::Service(ServiceEvent::Died(ServiceDied { name, status, log, last_lines })) => {
            Line::ServiceDied { name, status: status.to_string(), log, last_lines }
        }
        RunEvent::Started(started) => Line::Started {
            cases: started.cases.iter().map(|case| case.name).collect(),
            checks: &started.checks,
            brokers: &started.brokers,
            embedded: started.embedded,
            embedded_data_dir: started.embedded_data_dir.as_deref(),
            test_topic: &started.test_topic,
            group: started.group.as_deref(),
            profile: &started.profile,
        },
        RunEvent::Serving(address) => Line::Serving { url: format!("http://{address}") },
        RunEvent::Log { execution, line } => Line::Log { case: &execution.case, id: &execution.id, line },
        RunEvent::Report(report) => Line::Report(Box::new(Report::of(report, cases, root))),
        RunEvent::Case(change) => {
            of_case = change.report();
            Line::Report(Box::new(Report::of(&of_case, cases, root)))
        }
        RunEvent::Alert(AlertEvent { receiver, title, took, failures, result }) => {
            let (error, retry_in) = match result {
                AlertResult::Sent => (None, None),
                AlertResult::Failed { reason, retry_in } => {
                    (Some(reason.as_str()), Some(retry_in.as_secs_f64()))
                }
            };
            let (took, sent) = (took.as_secs_f64(), error.is_none());
            Line::Alert { receiver, title, took, sent, failures: *failures, error, retry_in }
        }
        RunEvent::Status(snapshot) => Line::Status { cases: counts_of(snapshot) },
        RunEvent::BadRecords(bad) => Line::BadRecords {
            kind: &bad.kind,
            topic: &bad.topic,
            partition: bad.partition,
            offset: bad.offset,
            reason: &bad.reason,
            count: bad.count,
        },
        RunEvent::Warning(message) => Line::Warning { message },
        RunEvent::Stopping(reason) => Line::Stopping {
            reason: match reason {
                StopReason::Interrupted => "interrupted",
                StopReason::TimeIsUp => "time-is-up",
                StopReason::EnoughExecutions => "enough-executions",
                StopReason::AllRun => "all-run",
                StopReason::FirstFailure => "first-failure",
                StopReason::ServiceDied => "service-died",
            },
        },
        RunEvent::Finished(finished) => {
            let Finished { elapsed, snapshot, left_in_flight, bad_records } = finished;
            Line::Finished {
                elapsed: elapsed.as_secs_f64(),
                left_in_flight: *left_in_flight,
                bad_records: *bad_records,
                cases: counts_of(snapshot),
            }
        }
    };
    // Only a path that is not Unicode has no JSON; its line is left out.
    serde_json::to_string(&line).map(|line| line + "\n").unwrap_or_default()
}

impl<'e> Report<'e> {
    fn of(report: &'e TestReport, cases: &Cases, root: &Path) -> Self {
        let waiting_for =
            report.explanation.as_ref().and_then(|explanation| explanation.waiting_for.as_ref());
        let location = cases.get(report.case_name.as_str()).map(|case| case.location);
        Self {
            case: report.case_name.as_str(),
            package: location.map(|location| location.package),
            file: location.map(|location| shown(location.file, root)),
            line: location.map(|location| location.line),
            state: report.state,
            id: report.test.as_ref().map(|test| &test.id),
            triggered: report.test.as_ref().map(|test| test.timestamp),
            runtime: report.runtime,
            signals: &report.signal_latency,
            attempts: &report.attempts,
            waiting_for: waiting_for.map(|missing| missing.name.as_str()),
            explanation: report.explanation.as_deref(),
            error: report.error.as_deref(),
            traceback: report.traceback.as_deref().map(|traceback| shown_in(traceback, root)),
        }
    }
}

fn counts_of(snapshot: &Snapshot) -> BTreeMap<&str, CountsOf> {
    let cases = snapshot.cases.iter();
    cases
        .map(|(name, &CaseTally { triggered, pass, fail, error, timeout, skip, in_flight })| {
            (name.as_str(), CountsOf { triggered, pass, fail, error, timeout, skip, in_flight })
        })
        .collect()
}
