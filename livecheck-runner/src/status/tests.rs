//! What the status looks like.

use std::time::Duration;

use livecheck_core::Settings;
use livecheck_core::case::{Case, Location};
use livecheck_core::control::{Controls, Profile};
use livecheck_core::wire::TestReport;
use livecheck_schedule::Schedule;

use super::*;
use crate::monitor::Serves;
use crate::monitor::case_state::Rules;

static ORDER_FLOW: Case = Case {
    settings: Settings::new().max_consecutive_failures(2),
    ..Case::new(
        "stock_orders::cases::order_flow",
        Location { package: "stock-orders", file: "examples/stock-orders/src/cases.rs", line: 31 },
        |_| Box::pin(async { Ok(()) }),
    )
};

fn in_code(case: &Case) -> Sampling {
    Sampling::of(case, &Profile::default(), &Controls::default(), now())
}

fn now() -> Timestamp {
    "2026-11-21T02:03:04Z".parse().expect("a time")
}

fn ago(seconds: u64) -> Timestamp {
    now() - Duration::from_secs(seconds)
}

fn report(state: State, number: u32) -> TestReport {
    let test = format!(
        r#"{{"id":"order-{number}","case_name":"{}","timestamp":"2026-11-21T02:00:00Z","expires":"2026-11-21T05:00:00Z"}}"#,
        ORDER_FLOW.name
    );
    TestReport {
        case_name: ORDER_FLOW.name.into(),
        state,
        test: Some(serde_json::from_str(&test).expect("a test")),
        runtime: Some(f64::from(number) / 100.0),
        signal_latency: [("sent_to_db", 0.012), ("cached", 0.034)]
            .map(|(name, s)| (name.to_owned(), s))
            .into(),
        error: state.is_failure().then(|| "the side changed\n left: Sell".to_owned()),
        traceback: None,
        explanation: None,
        attempts: Vec::new(),
    }
}

/// A case that has passed and then failed, one that has stalled, and one that was never seen.
fn kept() -> Kept {
    let rules = Rules::of(&ORDER_FLOW.settings);
    let mut kept = Kept::default();
    let mut failing = CaseState::new(ago(100_000));
    for number in 0..20 {
        let _ = failing.ended(&rules, &report(State::Pass, number), ago(1_000 - u64::from(number) * 10));
    }
    for (number, state) in [(20, State::Fail), (21, State::Timeout), (22, State::Fail)] {
        let _ = failing.ended(&rules, &report(state, number), ago(200 - u64::from(number)));
    }
    kept.cases.insert(ORDER_FLOW.name.into(), failing);
    let mut stalled = CaseState::new(ago(900_000));
    let _ = stalled.ended(&rules, &report(State::Pass, 1), ago(300_000));
    let _ = stalled.tick(&rules, now());
    kept.cases.insert("examples.livecheck.refund".into(), stalled);
    kept.cases.insert("new".into(), CaseState::new(ago(5)));
    kept.slots.insert(ORDER_FLOW.name.into(), slots());
    kept
}

/// Three slots were missed, and one later; one was left out.
fn slots() -> Slots {
    let rhythm = &rhythms()[ORDER_FLOW.name];
    let mut slots = Slots::begin(ago(40_000));
    let _ = slots.due(rhythm, ago(37_084));
    for seconds in [3_684, 2_784, 484] {
        let _ = slots.due(rhythm, ago(seconds));
    }
    slots
}

fn with_runners(mut kept: Kept) -> Kept {
    let tally = CaseTally { triggered: 9, pass: 5, in_flight: 4, ..CaseTally::default() };
    for (id, host) in [("r-1", "check-1"), ("r-2", "check-2")] {
        let cases = [(ORDER_FLOW.name.into(), tally)].into();
        let record =
            RunnerRecord { host: host.to_owned(), started: ago(60), cases, serves: Serves::default() };
        kept.roster.says(id.to_owned(), ago(2), record);
    }
    kept.position = Some(crate::monitor::Position { leader: "r-2".to_owned(), ..Default::default() });
    kept
}

fn cases() -> Cases {
    Cases::new([&ORDER_FLOW]).expect("one name")
}

fn rhythms() -> Rhythms {
    let schedule = Schedule::every(Duration::from_secs(900)).expect("a schedule");
    let rhythm = Rhythm::new(ORDER_FLOW.name.into(), schedule, Duration::from_secs(600));
    [(ORDER_FLOW.name.into(), rhythm)].into()
}

fn shown(kept: &Kept, is_wanted: impl Fn(&CaseName) -> bool) -> String {
    let status = Status::of("livecheck", kept, (&cases(), &rhythms()), is_wanted, in_code, now());
    anstream::adapter::strip_str(&render(&status, &cases(), now())).to_string()
}

/// How a group with two runners does, of which `r-2` leads.
pub(crate) fn status() -> Status {
    Status::of("livecheck", &with_runners(kept()), (&cases(), &rhythms()), |_| true, in_code, now())
}

#[test]
fn for_people() {
    insta::assert_snapshot!(shown(&with_runners(kept()), |_| true));
    insta::assert_snapshot!(shown(&kept(), |name| *name == "new"));
}

#[test]
fn for_programs() {
    let status = Status::of(
        "livecheck",
        &with_runners(kept()),
        (&cases(), &rhythms()),
        |name| *name == ORDER_FLOW.name,
        in_code,
        now(),
    );
    insta::assert_snapshot!(serde_json::to_string_pretty(&status).expect("it has JSON"));
    for case in &status.cases {
        assert!(case.counts.balances(), "every execution is accounted for");
    }
}
