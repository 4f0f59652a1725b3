//! What a list looks like.

use std::time::Duration;

use livecheck_core::case::{Argument, Case, Location, SignalDefinition};
use livecheck_core::control::{CaseProfile, Control, Controls, Plan, Profile};
use livecheck_core::schedule::Schedule;
use livecheck_core::table::{TableDefinition, Window};
use livecheck_core::{Cases, Settings, Timestamp};

use super::*;
use crate::config::ServiceCommand;

static ORDER_FLOW: Case = Case {
    docs: " An order keeps its side all the way to execution.\n\n Asks the cache, too.",
    settings: Settings::new().probability(0.001).frequency(Duration::from_secs(90)),
    arguments: &[Argument { name: "side", type_name: "Side" }],
    signals: &[
        SignalDefinition {
            timeout: Some(Duration::from_secs(30)),
            ..SignalDefinition::new("sent_to_db", "Signal<Order>")
        },
        SignalDefinition::new("cached", "Signal"),
    ],
    tables: &[
        TableDefinition { name: "debts", type_name: "Table<AccountId, Money>", window: None },
        TableDefinition {
            name: "orders",
            type_name: "WindowedTable<AccountId, u32>",
            window: Some(
                Window::hopping(Duration::from_secs(3600), Duration::from_secs(600))
                    .expiring(Duration::from_secs(86_400)),
            ),
        },
    ],
    ..Case::new(
        "stock_orders::cases::order_flow",
        Location {
            package: "stock-orders",
            file: "/home/me/work/examples/stock-orders/src/cases.rs",
            line: 31,
        },
        |_| Box::pin(async { Ok(()) }),
    )
};

static REFUND: Case = Case {
    settings: Settings::new().active(false),
    ..Case::new(
        "examples.livecheck.refund",
        Location { package: "payments", file: "payments/src/lib.rs", line: 7 },
        |_| Box::pin(async { Ok(()) }),
    )
};

static TOKEN: Case = Case {
    docs: " The token of the payment provider works.",
    settings: Settings::new()
        .schedule(Schedule::cron("0 9 * * MON-FRI", Some("Europe/Berlin")).jitter(Duration::from_secs(30)))
        .confirm(2)
        .tags(&["smoke", "payments"]),
    ..Case::new(
        "payments::token_works",
        Location { package: "payments", file: "payments/src/lib.rs", line: 19 },
        |_| Box::pin(async { Ok(()) }),
    )
};

static TAKES_ORDERS: Uptest = Uptest {
    name: "stock_orders::uptests::takes_orders",
    proc: "order-web",
    docs: " The website takes an order, and keeps its side.",
    location: Location {
        package: "stock-orders",
        file: "/home/me/work/examples/stock-orders/src/uptests.rs",
        line: 10,
    },
    timeout: Some(Duration::from_secs(10)),
    run: |_| Box::pin(async { Ok(()) }),
};

fn now() -> Timestamp {
    "2026-11-21T02:03:04Z".parse().expect("a time")
}

fn in_code(case: &Case) -> Sampling {
    Sampling::of(case, &Profile::default(), &Controls::default(), now())
}

fn list(cases: &[&'static Case], format: ListFormat, verbose: bool) -> String {
    list_with(cases, &in_code, format, verbose)
}

fn list_with(
    cases: &[&'static Case],
    sampling: &dyn Fn(&Case) -> Sampling,
    format: ListFormat,
    verbose: bool,
) -> String {
    shown(
        cases,
        View { root: Path::new("/home/me/work"), now: now(), sampling, checks: &[], uptests: &[] },
        format,
        verbose,
    )
}

fn shown(cases: &[&'static Case], view: View<'_>, format: ListFormat, verbose: bool) -> String {
    let cases = Cases::new(cases.iter().copied()).expect("different names");
    anstream::adapter::strip_str(&render(&cases, format, verbose, view)).to_string()
}

#[test]
fn for_people() {
    insta::assert_snapshot!(list(&[&ORDER_FLOW, &REFUND], ListFormat::Human, false));
    insta::assert_snapshot!(list(&[&ORDER_FLOW, &REFUND], ListFormat::Human, true));
    insta::assert_snapshot!(list(&[&REFUND], ListFormat::Human, false));
    insta::assert_snapshot!(list(&[&REFUND, &TOKEN], ListFormat::Human, false));
    insta::assert_snapshot!(list(&[&TOKEN], ListFormat::Human, true));
}

#[test]
fn what_holds_is_shown_and_by_what() {
    let mut profile = Profile::default();
    profile.set("refund", CaseProfile { active: Some(true), probability: "20%".parse().ok() });
    let mut controls = Controls::default();
    let tenth = Plan::constant("10%".parse().expect("a share"), now(), "anna@laptop".to_owned());
    let off = Plan::constant(false, now(), "anna@laptop".to_owned());
    for control in [Control::Probability(tenth), Control::Active(off)] {
        let (key, value) = control.record(&ORDER_FLOW.name.into()).expect("it has JSON");
        controls.take(Some(key.as_bytes()), Some(&value)).expect("it is our own");
    }
    let sampling = |case: &Case| Sampling::of(case, &profile, &controls, now());
    let cases = [&ORDER_FLOW, &REFUND, &TOKEN];
    insta::assert_snapshot!(list_with(&cases, &sampling, ListFormat::Human, false));
    let json = list_with(&cases, &sampling, ListFormat::Json, false);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let order_flow =
        json["cases"].as_array().expect("a list").iter().find(|case| case["package"] == "stock-orders");
    insta::assert_snapshot!(order_flow.expect("it is listed")["sampling"]);
}

#[test]
fn checks_and_uptests_stand_behind_the_cases() {
    let check = CheckConfig {
        name: "api".to_owned(),
        command: ServiceCommand::Shell("pytest --junit-xml=results.xml".to_owned()),
        schedule: livecheck_schedule::Schedule::every(Duration::from_secs(900)).expect("a schedule"),
        junit: "results.xml".to_owned(),
        timeout: Duration::from_secs(600),
        cwd: "tests".into(),
        env: [("API_TOKEN".to_owned(), "secret".to_owned())].into(),
        tags: vec!["smoke".to_owned()],
        confirm: 0,
        max_consecutive_failures: 1,
    };
    let checks = [Arc::new(check)];
    let view = View {
        root: Path::new("/home/me/work"),
        now: now(),
        sampling: &in_code,
        checks: &checks,
        uptests: &[&TAKES_ORDERS],
    };
    insta::assert_snapshot!(shown(&[&REFUND], view, ListFormat::Human, false));
    let json = shown(&[&REFUND], view, ListFormat::JsonPretty, false);
    insta::assert_snapshot!(&json[json.find("\"checks\"").expect("it has checks")..]);
}

#[test]
fn for_programs() {
    insta::assert_snapshot!(list(&[&ORDER_FLOW, &REFUND], ListFormat::JsonPretty, false));
    let line = list(&[&ORDER_FLOW], ListFormat::Json, false);
    assert_eq!(line.matches('\n').count(), 1);
    assert!(line.starts_with(r#"{"cases":[{"name":"stock_orders::cases::order_flow","package":"#), "{line}");
}

#[test]
fn no_cases_say_where_they_were_looked_for() {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    insta::assert_snapshot!(NoCases::Found { searched: names(&["orders", "payments"]) });
    insta::assert_snapshot!(NoCases::Found { searched: Vec::new() });
    let wanted =
        Wanted { filters: names(&["ordr", "cach"]), packages: names(&["orders"]), ..Wanted::default() };
    let searched = names(&["orders"]);
    insta::assert_snapshot!(NoCases::Selected { searched, there_are: 12, wanted: Box::new(wanted) });
    let wanted =
        Wanted { tags: names(&["smok"]), known_tags: names(&["payments", "smoke"]), ..Wanted::default() };
    insta::assert_snapshot!(NoCases::Selected {
        searched: Vec::new(),
        there_are: 12,
        wanted: Box::new(wanted)
    });
}
