//! The dashboard for Grafana: each of its queries is one that a real PostgreSQL answers.

use livecheck_core::Timestamp;
use livecheck_core::wire::TestReport;
use livecheck_store::{Location, Positions, Reported, Store};
use serde_json::{Value, json};

const POSTGRES: &str = "LIVECHECK_TEST_POSTGRES";

/// A report of a minute ago.
fn reported(number: usize, state: &str, error: Option<&str>) -> Reported {
    let at = Timestamp::now() - std::time::Duration::from_secs(60);
    let json = json!({
        "case_name": "orders::it's", "state": state, "runtime": 0.25, "error": error, "traceback": null,
        "signal_latency": { "sent": 0.125 },
        "test": {
            "id": format!("o-{number}"), "case_name": "orders::it's",
            "timestamp": at.to_string(), "expires": (at + std::time::Duration::from_secs(600)).to_string(),
        },
    });
    let report: TestReport = serde_json::from_str(&json.to_string()).expect("a report");
    Reported { at, report }
}

/// What Grafana makes of a query before it asks it.
fn expanded(query: &str) -> String {
    let hour_ago = "now() - interval '1 hour'";
    query
        .replace("$__unixEpochFrom()", "1700000000")
        .replace("$__unixEpochTo()", "1700003600")
        .replace("$__timeFilter(\"time\")", &format!("\"time\" BETWEEN {hour_ago} AND now()"))
        .replace("${case:sqlstring}", "'orders::it''s'")
}

#[test]
fn a_real_postgresql_answers_each_query_of_the_dashboard() {
    let Ok(url) = std::env::var(POSTGRES) else {
        eprintln!("skipped: {POSTGRES} names no server; `ci/postgres start` starts one");
        return;
    };
    let schema = format!("dashboard_{}", uuid::Uuid::new_v4().simple());
    let mut client = postgres::Client::connect(&url, postgres::NoTls).expect("the server is there");
    client.batch_execute(&format!("CREATE SCHEMA {schema}; SET search_path TO {schema}")).expect("a schema");
    let location: Location = format!("{url}?options=-csearch_path%3D{schema}").parse().expect("a URL");
    let store = Store::at(location);
    let reports = [
        reported(1, "PASS", None),
        reported(2, "FAIL", Some("order 2 changed its side")),
        reported(3, "TIMEOUT", Some("signal `executed` did not come within 5s")),
    ];
    let positions =
        Positions { cluster: "c".to_owned(), topic: "livecheck-report".to_owned(), next: [(0, 3)].into() };
    store.writer().expect("a writer").write(&reports, Some(&positions)).expect("it is written");

    let dashboard: Value = include_str!("../../grafana/livecheck-postgres.json").parse().expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels").iter();
    let of_panels = panels
        .flat_map(|panel| panel["targets"].as_array().expect("targets"))
        .map(|target| &target["rawSql"]);
    let of_lists = dashboard["templating"]["list"].as_array().expect("variables").iter();
    let of_lists = of_lists.filter(|variable| variable["type"] == "query").map(|variable| &variable["query"]);
    let mut asked = 0;
    for query in of_panels.chain(of_lists) {
        let query = expanded(query.as_str().expect("a query"));
        assert!(!query.contains('$'), "Grafana's own is left: {query}");
        let rows = client.query(&query, &[]).unwrap_or_else(|error| panic!("{query}: {error}"));
        assert!(!rows.is_empty(), "nothing is answered to {query}");
        asked += 1;
    }
    assert!(asked > 10, "{asked}");
    client.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).expect("it goes");
}
