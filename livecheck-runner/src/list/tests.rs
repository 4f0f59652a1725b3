//! What a list looks like.

use std::time::Duration;

use livecheck_core::case::{Argument, Case, Location, SignalDefinition};
use livecheck_core::schedule::Schedule;
use livecheck_core::{Cases, Settings};

use super::*;

static ORDER_FLOW: Case = Case {
    name: "stock_orders::cases::order_flow",
    docs: " An order keeps its side all the way to execution.\n\n Asks the cache, too.",
    location: Location {
        package: "stock-orders",
        file: "/home/me/work/examples/stock-orders/src/cases.rs",
        line: 31,
    },
    settings: Settings::new().probability(0.001).frequency(Duration::from_secs(90)),
    arguments: &[Argument { name: "side", type_name: "Side" }],
    signals: &[
        SignalDefinition {
            name: "sent_to_db",
            type_name: "Signal<Order>",
            timeout: Some(Duration::from_secs(30)),
        },
        SignalDefinition { name: "cached", type_name: "Signal", timeout: None },
    ],
    tables: &[],
    run: |_| Box::pin(async { Ok(()) }),
};

static REFUND: Case = Case {
    name: "examples.livecheck.refund",
    docs: "",
    location: Location { package: "payments", file: "payments/src/lib.rs", line: 7 },
    settings: Settings::new().active(false),
    arguments: &[],
    signals: &[],
    tables: &[],
    run: |_| Box::pin(async { Ok(()) }),
};

static TOKEN: Case = Case {
    name: "payments::token_works",
    docs: " The token of the payment provider works.",
    location: Location { package: "payments", file: "payments/src/lib.rs", line: 19 },
    settings: Settings::new()
        .schedule(Schedule::cron("0 9 * * MON-FRI", Some("Europe/Berlin")).jitter(Duration::from_secs(30)))
        .confirm(2)
        .tags(&["smoke", "payments"]),
    arguments: &[],
    signals: &[],
    tables: &[],
    run: |_| Box::pin(async { Ok(()) }),
};

fn list(cases: &[&'static Case], format: ListFormat, verbose: bool) -> String {
    let cases = Cases::new(cases.iter().copied()).expect("different names");
    let now = "2026-11-21T02:03:04Z".parse().expect("a time");
    anstream::adapter::strip_str(&render(&cases, format, verbose, Path::new("/home/me/work"), now))
        .to_string()
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
