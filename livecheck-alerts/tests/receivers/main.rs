//! The receivers, as they are: servers that speak what they are spoken to in, and processes.

#![expect(clippy::unwrap_used, reason = "a test that panics fails, and says where")]

mod alertmanager;
mod command;
mod email;
mod http;
mod server;

use std::collections::BTreeSet;
use std::time::Duration;

use livecheck_alerts::{Alert, AlertKey, Facts, Kind, Labels, Message, Receiver, Secret, Status, Told, Way};
use livecheck_core::Timestamp;

/// A message on a case that fails, and on one that does not any more.
fn message(status: Status) -> Message {
    let since: Timestamp = "2026-11-21T02:03:04Z".parse().unwrap();
    let alert = |case: &str, over: Option<Timestamp>| {
        let named = [
            ("alertname", "LiveCheckFailing"),
            ("case", case),
            ("group", "shop"),
            ("kind", "failing"),
            ("package", "orders"),
        ];
        let labels = Labels {
            named: named.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            tags: BTreeSet::from(["smoke".to_owned()]),
        };
        let facts = Facts {
            summary: "3 executions in a row did not pass".to_owned(),
            error: Some("assertion `left == right` failed <script>&\n  left: 1".to_owned()),
            execution: Some("o-17".to_owned()),
        };
        Told::of(
            &Alert { key: AlertKey { kind: Kind::Failing, case: case.into() }, labels, since, facts },
            over,
        )
    };
    let end = since + Duration::from_secs(305);
    let alerts = match status {
        Status::Firing => vec![alert("orders::order_flow", None), alert("orders::parcel", Some(end))],
        Status::Resolved => vec![alert("orders::order_flow", Some(end))],
    };
    Message {
        id: "0123456789abcdef".to_owned(),
        receiver: "team".to_owned(),
        origin: "shop".to_owned(),
        status,
        reminder: false,
        group_key: "fedcba9876543210".to_owned(),
        group: [("package".to_owned(), "orders".to_owned())].into(),
        alerts,
        link: Some("https://livecheck.example.com/".to_owned()),
        test: false,
    }
}

fn receiver(way: Way) -> Receiver {
    Receiver { way, timeout: Duration::from_secs(20) }
}

fn secret(text: impl Into<String>) -> Secret {
    Secret::new(text)
}
