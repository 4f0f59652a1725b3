//! What may be asked for, and what it looks like.

use std::time::Duration;

use clap::Parser;
use livecheck_core::control::{Control, Controls, Plan, Probability};
use livecheck_core::{CaseName, Cases, Timestamp};

use super::request::{Change, RequestError};
use super::{InForce, Request, render};
use crate::args::{Action, RunnerCommand, SetArgs};

const CASE: &str = "shop::order_flow";

fn now() -> Timestamp {
    "2026-11-21T02:03:04Z".parse().expect("a time")
}

fn args(line: &str) -> SetArgs {
    let words = ["livecheck-runner", "set"].into_iter().chain(line.split_whitespace());
    match RunnerCommand::try_parse_from(words).expect("it parses").action {
        Action::Set(args) => args,
        other => panic!("{other:?}"),
    }
}

fn request(line: &str) -> Result<Request, RequestError> {
    Request::of(&args(line), now(), "anna@laptop")
}

fn share(text: &str) -> Probability {
    text.parse().expect("a share")
}

#[test]
fn what_is_asked_for_is_set() {
    let set = |line| match request(line).expect("it can be done") {
        Request::Change(case, Change::Set(control)) if case == "order_flow" => control,
        other => panic!("{other:?}"),
    };
    let by = || "anna@laptop".to_owned();
    let tenth = Plan::constant(share("10%"), now(), by());
    assert_eq!(set("order_flow probability 10%"), Control::Probability(tenth.clone()));
    let hour = now() + Duration::from_secs(3_600);
    assert_eq!(set("order_flow probability 0.1 --for 1h"), Control::Probability(tenth.until(hour)));
    assert_eq!(set("order_flow active false"), Control::Active(Plan::constant(false, now(), by())));
    let steps = ["1%", "10%", "100%"].map(share);
    assert_eq!(
        set("order_flow probability --steps 1%,10%,100% --every 10m"),
        Control::Probability(Plan::stepwise(steps, Duration::from_secs(600), now(), by()))
    );
}

#[test]
fn who_sets_nothing_is_shown_what_is_set() {
    assert_eq!(request(""), Ok(Request::Show(None)));
    assert_eq!(request("order_flow"), Ok(Request::Show(Some("order_flow".to_owned()))));
}

#[test]
fn what_cannot_be_meant_is_refused_with_what_to_do() {
    let lines = [
        "order_flow probability",
        "order_flow --for 1h",
        "--reset",
        "order_flow probability 110%",
        "order_flow probability -1",
        "order_flow active perhaps",
        "order_flow probability 10% --every 10m",
        "order_flow probability 10% --steps 1%,10% --every 10m",
        "order_flow probability --steps 1%,10%",
        "order_flow probability --steps 1%,10% --every 0s",
        "order_flow probability 10% --for 0s",
        "order_flow probability 10% --reset",
        "order_flow --reset --for 1h",
    ];
    let refused = lines.map(|line| {
        let error = request(line).expect_err(line);
        format!("set {line}\n  {error}\n  = help: {}\n", error.help())
    });
    insta::assert_snapshot!(refused.concat());
}

/// What is set after those command lines, each so many seconds ago.
fn after(lines: &[(&str, u64)]) -> Controls {
    let mut controls = Controls::default();
    for (line, ago) in lines {
        let then = now() - Duration::from_secs(*ago);
        match Request::of(&args(line), then, "anna@laptop") {
            Ok(Request::Change(case, change)) => {
                for (key, value) in change.records(&CaseName::from(case)).expect("it has JSON") {
                    controls.take(Some(key.as_bytes()), value.as_deref()).expect("it is our own");
                }
            }
            other => panic!("{other:?}"),
        }
    }
    controls
}

fn shown(lines: &[(&str, u64)]) -> String {
    let in_force = InForce::of(&after(lines), |_| true, now());
    anstream::adapter::strip_str(&render(&in_force, &Cases::default(), now())).to_string()
}

#[test]
fn what_is_set_is_shown_with_who_set_it_and_since_when() {
    let lines = [
        ("shop::order_flow probability --steps 1%,10%,100% --every 10m", 120),
        ("shop::order_flow active true --for 1h", 600),
        ("shop::refund probability 10% --for 5m", 400),
        ("shop::lamp active false", 3 * 86_400),
    ];
    insta::assert_snapshot!(shown(&lines));
    insta::assert_snapshot!(shown(&[]));
    let json = serde_json::to_string_pretty(&InForce::of(&after(&lines), |case| *case == CASE, now()));
    insta::assert_snapshot!(json.expect("it has JSON"));
}

#[test]
fn what_is_reset_is_no_longer_set() {
    let set = ("shop::order_flow probability 10%", 20);
    let active = ("shop::order_flow active false", 20);
    assert_eq!(after(&[set, ("shop::order_flow --reset", 10)]), Controls::default());
    assert_eq!(after(&[set, active, ("shop::order_flow active --reset", 10)]), after(&[set]));
}
