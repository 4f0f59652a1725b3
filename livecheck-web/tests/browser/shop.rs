//! A shop to look at: cases that do well and ill, and one whose names are all markup.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, ready};
use livecheck_core::wire::{State, TestReport};
use livecheck_core::{CaseName, TestId, Timestamp};
use livecheck_web::control::{Change, ChangeError, Control};
use livecheck_web::view::{
    Bucket, CaseHistory, CaseSummary, Cause, Counts, Execution, ExecutionPage, ExecutionQuery, ExecutionRow,
    Failure, Latency, Overview, Range, Runner, Schedule, Slots, Source, SourceError, Span, Unfired,
};
use livecheck_web::{Bound, Guard, Redaction, Server, Site, Token};
use serde_json::json;
use tokio::sync::watch;

/// What would run as a script, load something, or break out of an attribute.
pub(crate) const MARKUP: &str =
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">\"'&{{7*7}}";
/// The group of the runners.
const GROUP: &str = "livecheck";
pub(crate) const TOKEN: &str = "open sesame";

/// What the tests change.
pub(crate) struct Shop {
    /// By case; the executions of all are of the same kind.
    pub(crate) cases: Mutex<Vec<CaseSummary>>,
    /// Why nothing can be shown, if that is so.
    pub(crate) is_away: Mutex<Option<String>>,
    changes: watch::Sender<u64>,
    changed: Mutex<Vec<String>>,
}

impl Shop {
    pub(crate) fn new() -> Arc<Self> {
        let mut stalled = case("payments::refund", State::Stall, 40, 0);
        stalled.tags = vec!["payments".to_owned()];
        let now = Timestamp::now();
        let hour = |hours: u64| now - Duration::from_secs(3_600 * hours);
        stalled.schedule = Some(Schedule {
            rule: "0 * * * * Europe/Berlin".to_owned(),
            next: Some(now + Duration::from_secs(600)),
            fired: Some(hour(6)),
            missed: Unfired { count: 7, latest: Some(Slots { count: 3, first: hour(3), last: hour(1) }) },
            left_out: Unfired { count: 1, latest: Some(Slots { count: 1, first: hour(6), last: hour(6) }) },
        });
        let cases = vec![
            case("stock_orders::cases::order_flow", State::Pass, 9_000, 3),
            case("stock_orders::cases::order_cancelled", State::Fail, 500, 200),
            stalled,
            case(MARKUP, State::Timeout, 5, 5),
        ];
        Arc::new(Self {
            cases: Mutex::new(cases),
            is_away: Mutex::new(None),
            changes: watch::channel(0).0,
            changed: Mutex::default(),
        })
    }

    /// Serves it, on a free port, to who has the token.
    pub(crate) async fn open(self: &Arc<Self>) -> (Server, String) {
        let guard = Guard { hosts: Vec::new(), token: Token::new(TOKEN) };
        self.open_with(guard, Redaction::default()).await
    }

    /// The same, by other rules.
    pub(crate) async fn open_with(self: &Arc<Self>, guard: Guard, redaction: Redaction) -> (Server, String) {
        let bound = Bound::to(([127, 0, 0, 1], 0).into()).await.expect("a port");
        let url = format!("http://{}", bound.address());
        let site = Site {
            source: Arc::clone(self) as Arc<dyn Source>,
            elsewhere: None,
            control: Some(Arc::clone(self) as Arc<dyn Control>),
            metrics: Arc::new(String::new),
            redaction,
            guard,
        };
        (bound.serve(|stopped| site.router(stopped)), url)
    }

    /// Changes something, and says so.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Vec<CaseSummary>)) {
        change(&mut self.cases.lock().expect("no test panics here"));
        self.changes.send_modify(|count| *count += 1);
    }

    /// What was changed from the page.
    pub(crate) fn changes(&self) -> Vec<String> {
        self.changed.lock().expect("no test panics here").clone()
    }

    fn answer<T>(&self, answer: impl FnOnce(&[CaseSummary]) -> T) -> Result<T, SourceError> {
        match &*self.is_away.lock().expect("no test panics here") {
            Some(reason) => Err(SourceError(reason.clone())),
            None => Ok(answer(&self.cases.lock().expect("no test panics here"))),
        }
    }
}

fn case(name: &str, state: State, pass: u64, fail: u64) -> CaseSummary {
    let recent = buckets(Range::Day, pass, fail);
    CaseSummary {
        name: name.into(),
        package: name.split_once("::").map(|(package, _)| package.to_owned()),
        summary: Some(format!("What {name} checks.")),
        tags: Vec::new(),
        state,
        since: Timestamp::now() - Duration::from_secs(4_000),
        trouble: None,
        counts: Counts { triggered: pass + fail + 2, pass, fail, in_flight: 2, ..Counts::default() },
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        success_rate: Some(pass as f64 / (pass + fail) as f64),
        consecutive_failures: fail.min(7),
        p50: Some(0.248),
        p99: Some(4.96),
        last_failure: (fail > 0).then(|| Failure {
            at: Timestamp::now() - Duration::from_secs(70),
            state: State::Fail,
            id: Some(id(1)),
            error: Some(MARKUP.to_owned()),
        }),
        last_seen: Some(Timestamp::now() - Duration::from_secs(2)),
        schedule: None,
        probability: Some(0.5),
        recent,
    }
}

fn buckets(range: Range, pass: u64, fail: u64) -> Vec<Bucket> {
    let (until, count) = (Timestamp::now(), 48);
    let step = range.duration() / 48;
    (0..count)
        .map(|place| Bucket {
            start: until - step * (count - place),
            pass: pass * u64::from(10 + (place * 7) % 13) / 800,
            fail: if place % 11 == 3 { fail / 4 } else { 0 },
            error: 0,
            timeout: u64::from(place == 40) * fail / 5,
            skip: 0,
            p50: Some(0.2 + f64::from(place % 5) * 0.02),
            p99: Some(1.0 + f64::from(place % 9) * 0.3),
        })
        .collect()
}

fn id(number: usize) -> TestId {
    // As ids come: of orders, and of people who try things.
    if number == 0 { MARKUP.into() } else { format!("b8844dfb-ee88-42db-a003-{number:012}").as_str().into() }
}

/// An execution that has timed out, as its report tells it.
pub(crate) fn report(case: &CaseName, id: &TestId) -> TestReport {
    let json = json!({
        "case_name": case.as_str(), "state": "TIMEOUT", "runtime": 5.4, "traceback": null,
        "test": {
            "id": id.as_str(), "case_name": case.as_str(),
            "timestamp": "2026-11-21T02:03:04Z", "expires": "2026-11-21T05:03:04Z",
            "test_kwargs": { "side": MARKUP, "quantity": 12, "payment": { "card": "4111 1111" } },
        },
        "signal_latency": { "order_sent_to_db": 0.004, "order_sent_to_kafka": 0.31 },
        "error": format!("signal `order_executed` did not come within 5s\n{MARKUP}"),
        "explanation": {
            "timeline": [
                { "step": "trigger", "time": "2026-11-21T02:03:04.1Z", "origin": { "service": "order-web", "host": "web-1" },
                  "at": { "topic": "livecheck", "partition": 3, "offset": 17 } },
                { "step": "signal", "name": "order_sent_to_db", "time": "2026-11-21T02:03:04.104Z", "latency": 0.004,
                  "at": { "topic": "livecheck-bus", "partition": 3, "offset": 40 }, "value": MARKUP,
                  "wait": { "began": "2026-11-21T02:03:04.1Z", "deadline": "2026-11-21T02:03:34.1Z" } },
                { "step": "signal", "name": "order_sent_to_kafka", "time": "2026-11-21T02:03:04.41Z", "latency": 0.31,
                  "at": { "topic": "livecheck-bus", "partition": 3, "offset": 41 },
                  "wait": { "began": "2026-11-21T02:03:04.104Z", "deadline": "2026-11-21T02:03:34.104Z" } },
                { "step": "wait", "name": "order_executed", "began": "2026-11-21T02:03:04.41Z",
                  "deadline": "2026-11-21T02:03:09.41Z", "end": "timed-out" },
            ],
            "last_step": "order_sent_to_kafka",
            "waiting_for": { "name": "order_executed", "deadline": "2026-11-21T02:03:09.41Z",
                "origin": { "service": "order-executor" },
                "consumer": { "group": "order-executor", "lag": 1204, "members": 0 } },
            "difference": { "left": "Buy", "right": MARKUP },
            "logs": [{ "time": "2026-11-21T02:03:04.2Z", "level": "INFO", "target": "stock_orders::cases", "message": MARKUP }],
        },
    });
    serde_json::from_str(&json.to_string()).expect("a report")
}

impl Source for Shop {
    fn group(&self) -> Option<&str> {
        Some(GROUP)
    }

    fn overview(&self) -> BoxFuture<'_, Result<Overview, SourceError>> {
        let answer = self.answer(|cases| Overview {
            group: GROUP.to_owned(),
            leader: Some("r-1".to_owned()),
            runners: vec![Runner {
                id: "r-1".to_owned(),
                host: "check-1".to_owned(),
                started: Timestamp::now() - Duration::from_secs(90_000),
            }],
            cases: cases.to_vec(),
            at: Timestamp::now(),
            history_is_missing: None,
        });
        ready(answer).boxed()
    }

    fn case(&self, name: CaseName, span: Span) -> BoxFuture<'_, Result<Option<CaseHistory>, SourceError>> {
        let answer = self.answer(|cases| {
            let case = cases.iter().find(|case| case.name == name)?.clone();
            let range = span.range;
            let (from, until) = span.bounds(Timestamp::now());
            let mut buckets = buckets(range, case.counts.pass, case.counts.fail);
            buckets.retain(|bucket| bucket.start >= from);
            // A case of which nothing was seen for long.
            if case.state == State::Stall {
                buckets.drain(20..34);
            }
            // A case that has just begun to fail: little is known, and nothing of passes.
            if case.counts.pass < 10 {
                buckets = buckets.split_off(46);
                buckets.iter_mut().for_each(|bucket| (bucket.p50, bucket.p99) = (None, None));
            }
            let latencies = |by: f64| {
                let of = |bucket: &Bucket| Latency {
                    start: bucket.start,
                    p50: bucket.p50.map(|p50| p50 * by),
                    p99: bucket.p99.map(|p99| p99 * by),
                };
                buckets.iter().map(of).collect::<Vec<_>>()
            };
            let signals = BTreeMap::from([
                ("order_sent_to_db".to_owned(), latencies(0.1)),
                ("order_cached".to_owned(), latencies(0.6)),
                (MARKUP.to_owned(), latencies(0.8)),
            ]);
            let causes = vec![
                Cause {
                    cause: "signal `order_executed` did not come within #s".to_owned(),
                    state: State::Timeout,
                    count: 12,
                    last: Timestamp::now(),
                },
                Cause { cause: MARKUP.to_owned(), state: State::Fail, count: 3, last: Timestamp::now() },
            ];
            let step = range.duration().as_secs() / 48;
            Some(CaseHistory {
                case,
                range,
                from,
                until,
                step,
                buckets,
                signals,
                causes,
                history_is_missing: None,
            })
        });
        ready(answer).boxed()
    }

    fn executions(&self, query: ExecutionQuery) -> BoxFuture<'_, Result<ExecutionPage, SourceError>> {
        let answer = self.answer(|_| {
            let first: usize = query.cursor.as_deref().and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
            let row = |number: usize| ExecutionRow {
                case: query.case.clone().unwrap_or_else(|| MARKUP.into()),
                id: Some(id(number)),
                state: if number % 4 == 0 { State::Timeout } else { State::Pass },
                flaky: number % 10 == 1,
                triggered: Timestamp::now(),
                at: Timestamp::now() - Duration::from_secs(number as u64 * 3),
                runtime: Some(0.248),
                error: (number % 4 == 0).then(|| MARKUP.to_owned()),
            };
            let is_wanted = |row: &ExecutionRow| {
                let has_text = query
                    .text
                    .as_ref()
                    .is_none_or(|text| row.id.as_ref().is_some_and(|id| id.as_str().contains(text)));
                let is_then = query.within.is_none_or(|(from, until)| from <= row.at && row.at < until);
                has_text && is_then && (query.states.is_empty() || query.states.contains(&row.state))
            };
            let executions = (first..first + query.limit).map(row).filter(is_wanted).collect();
            ExecutionPage { executions, next: (first < 100).then(|| (first + query.limit).to_string()) }
        });
        ready(answer).boxed()
    }

    fn execution(&self, name: CaseName, id: TestId) -> BoxFuture<'_, Result<Vec<Execution>, SourceError>> {
        let trace = Some("https://traces.example/4bf92f3577b34da6a3ce929d0e0e4736".to_owned());
        let answer = self.answer(|_| {
            vec![Execution { at: Timestamp::now(), report: report(&name, &id), is_whole: true, trace }]
        });
        ready(answer).boxed()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

impl Control for Shop {
    fn change(&self, case: CaseName, change: Change) -> BoxFuture<'_, Result<String, ChangeError>> {
        let change = format!("{change:?}");
        self.changed.lock().expect("no test panics here").push(format!("{case}: {change}"));
        ready(Ok(format!("done: {change}"))).boxed()
    }
}
