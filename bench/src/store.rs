//! How fast the store takes reports, and how long it takes to answer when it has them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use livecheck_core::wire::{Arguments, State, TestExecution, TestReport};
use livecheck_core::{CaseName, TestId, Timestamp};
use livecheck_store::{Filter, Location, Positions, Queries, Reported, Store, StoreError, Window};

use crate::usage;

const CASES: u64 = 20;
const SIGNALS: [&str; 3] = ["stored", "sent", "executed"];
const BATCH: u64 = 20_000;
const DAY: Duration = Duration::from_secs(86_400);
/// How often each question is asked.
const TIMES: usize = 15;

/// Writes so many reports, of a time so long, and asks what pages ask.
pub(crate) fn measure(location: Location, reports: u64, span: Duration) -> anyhow::Result<()> {
    println!("{reports} reports of {CASES} cases, of {span:?}, into {location}");
    let store = Store::at(location);
    let until = Timestamp::now();
    let mut writer = store.writer()?;
    let mut positions = Positions { cluster: "bench".into(), topic: "reports".into(), next: BTreeMap::new() };
    let (began, work) = (Instant::now(), usage::processor(std::process::id()));
    let mut writing = Duration::ZERO;
    for first in (0..reports).step_by(usize::try_from(BATCH)?) {
        let batch: Vec<_> = (first..reports.min(first + BATCH))
            .map(|n| report(n, until - span + span.mul_f64(n as f64 / reports as f64)))
            .collect();
        positions.next.insert(0, i64::try_from(first)?);
        let wrote = Instant::now();
        writer.write(&batch, Some(&positions))?;
        writing += wrote.elapsed();
        if (first / BATCH) % 50 == 49 {
            println!("  {} after {:.0} s", first + BATCH, began.elapsed().as_secs_f64());
        }
    }
    let each = (usage::processor(std::process::id()) - work).as_secs_f64() / reports as f64 * 1e6;
    println!(
        "written: {:.0} a second, {each:.1} µs of this program's processor time each",
        reports as f64 / writing.as_secs_f64()
    );
    if let Some(file) = store.location().file() {
        let bytes = std::fs::metadata(file).context("the size of the file")?.len();
        println!("{:.2} GB, {} bytes each", bytes as f64 / 1e9, bytes / reports);
    }
    ask_all(&store, until, span, reports)
}

fn ask_all(store: &Store, until: Timestamp, span: Duration, reports: u64) -> anyhow::Result<()> {
    let case: CaseName = name(7).into();
    let last = |length: Duration| Window { from: until - length.min(span), until };
    let failures = Filter { states: vec![State::Fail, State::Timeout], ..Filter::default() };
    let of_case = Filter { case: Some(case.clone()), ..Filter::default() };
    let middle = Window { from: until - span / 2, until: until - span / 2 + Duration::from_secs(3_600) };
    let old = Filter { window: Some(middle), ..of_case.clone() };
    let text = Filter { text: Some("did not come".to_owned()), ..Filter::default() };
    let id = id(reports / 3);
    ask(store, "all cases, a day, sparklines", |q| q.cases(last(DAY), 24).map(drop))?;
    ask(store, "all cases, all time", |q| q.cases(last(span), 30).map(drop))?;
    ask(store, "one case, an hour", |q| q.case(&case, last(DAY / 24), 60).map(drop))?;
    ask(store, "chart of a case, an hour", |q| q.series(&case, last(DAY / 24), 60).map(drop))?;
    ask(store, "chart of a case, a day", |q| q.series(&case, last(DAY), 300).map(drop))?;
    ask(store, "chart of a case, all time", |q| q.series(&case, last(span), 300).map(drop))?;
    ask(store, "causes of failures, all time", |q| q.causes(None, last(span), 20).map(drop))?;
    ask(store, "the latest 50 reports", |q| q.page(&Filter::default(), None, 50).map(drop))?;
    ask(store, "the latest 50 failures", |q| q.page(&failures, None, 50).map(drop))?;
    ask(store, "50 of a case, in an hour long ago", |q| q.page(&old, None, 50).map(drop))?;
    ask(store, "50 by a text in their error", |q| q.page(&text, None, 50).map(drop))?;
    ask(store, "one execution by its id", |q| q.reports(&id, None).map(drop))?;
    ask(store, "page 100 of a case", {
        let mut next = None;
        for _ in 0..99 {
            next = store.read(|q| q.page(&of_case, next, 50))?.next;
        }
        move |q| q.page(&of_case, next, 50).map(drop)
    })
}

/// Asks often, and says how long that took.
fn ask(
    store: &Store,
    what: &str,
    question: impl Fn(&mut Queries) -> Result<(), StoreError>,
) -> anyhow::Result<()> {
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let began = Instant::now();
        store.read(&question)?;
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    let first = times[0];
    times.sort_by(f64::total_cmp);
    println!(
        "  {what:<36} first {first:>7.2} ms, median {:>7.2} ms, longest {:>7.2} ms",
        times[TIMES / 2],
        times[TIMES - 1]
    );
    Ok(())
}

fn name(n: u64) -> String {
    format!("orders::cases::flow_{}", n % CASES)
}

/// Ids in no order, as UUIDs are.
fn id(n: u64) -> TestId {
    let mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{mixed:016x}-{n:x}").into()
}

/// Of each hundred one fails and one times out.
fn report(n: u64, at: Timestamp) -> Reported {
    let case_name: CaseName = name(n).into();
    // Cases follow one another: the state goes by the rounds.
    let (state, error) = match (n / CASES) % 100 {
        17 => (State::Fail, Some(format!("assertion failed: order {} changed its side", id(n)))),
        71 => (State::Timeout, Some("signal `executed` did not come within 5s".to_owned())),
        _ => (State::Pass, None),
    };
    let runtime = 0.05 + (n % 997) as f64 / 2_000.0;
    let latency = |part: usize| runtime * (part + 1) as f64 / 4.0;
    let test = TestExecution {
        id: id(n),
        case_name: case_name.clone(),
        timestamp: at - Duration::from_millis(500),
        expires: at + DAY,
        arguments: Arguments::new(),
    };
    let report = TestReport {
        case_name,
        state,
        test: Some(test),
        runtime: Some(runtime),
        signal_latency: (0..).zip(SIGNALS).map(|(part, signal)| (signal.to_owned(), latency(part))).collect(),
        traceback: error.is_some().then(|| "src/cases.rs:22:5\n".repeat(10)),
        error,
        explanation: None,
        attempts: Vec::new(),
    };
    Reported { at, report }
}
