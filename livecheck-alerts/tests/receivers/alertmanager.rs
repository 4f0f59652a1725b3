//! Alertmanager: what it is sent, and a real one where the variable `LIVECHECK_TEST_ALERTMANAGER` names its address
//! (`ci/alertmanager start` prints it).

use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use livecheck_alerts::receiver::Alertmanager;
use livecheck_alerts::{Credentials, Endpoint, Message, Receiver, Status, Way};
use livecheck_core::Timestamp;
use serde_json::Value;

use crate::server::{Answer, Server};
use crate::{message, receiver, secret};

const MINUTE: Duration = Duration::from_secs(60);

fn alertmanager(url: &str) -> Receiver {
    let endpoint = Endpoint::new(secret(url), Credentials::default()).unwrap();
    receiver(Way::Alertmanager(Alertmanager::new(endpoint, MINUTE).unwrap()))
}

#[tokio::test]
async fn alerts_that_go_on_end_in_four_resends_and_those_that_are_over_have_ended() {
    let server = Server::start(Answer(200, "", None)).await;
    let now = Timestamp::now();
    alertmanager(&server.url("/am/")).send(&message(Status::Firing)).await.unwrap();
    assert_eq!(server.last().path, "/am/api/v2/alerts");
    let alerts = server.last().json();
    let end = |index: usize| alerts[index]["endsAt"].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert!(end(0) >= now + 4 * MINUTE && end(0) < now + 5 * MINUTE);
    assert_eq!(end(1).to_string(), "2026-11-21T02:08:09.000000Z");
    assert_eq!(alerts[0]["labels"]["tags"], "smoke");
    assert_eq!(alerts[0]["annotations"]["summary"], "3 executions in a row did not pass");
    assert_eq!(alerts[0]["generatorURL"], "https://livecheck.example.com/");
}

/// The states of the alerts of a case, as a real Alertmanager has them.
async fn states(address: &str, case: &str) -> Vec<String> {
    let url = format!("http://{address}/api/v2/alerts?filter=case%3D%22{case}%22").parse().unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<bytes::Bytes>>();
    let body = client.get(url).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    let alerts: Value = serde_json::from_slice(&body).unwrap();
    let alerts = alerts.as_array().unwrap().iter();
    alerts.map(|alert| alert["status"]["state"].as_str().unwrap().to_owned()).collect()
}

async fn until(address: &str, case: &str, wanted: &[&str]) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while states(address, case).await != wanted {
        assert!(Instant::now() < deadline, "{:?}", states(address, case).await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_real_alertmanager_takes_an_alert_and_its_end() {
    let Ok(address) = std::env::var("LIVECHECK_TEST_ALERTMANAGER") else {
        println!("LIVECHECK_TEST_ALERTMANAGER is not set: skipped");
        return;
    };
    let receiver = alertmanager(&format!("http://{address}"));
    let case = format!("test_{}", Timestamp::now().as_micros());
    let of = |status| {
        let Message { alerts, .. } = Message::test("am", "shop", status);
        let mut told = alerts[0].clone();
        told.labels.insert("case".to_owned(), case.clone());
        Message { alerts: vec![told], ..message(status) }
    };
    let firing = of(Status::Firing);
    // As often as it is told, it is one alert.
    for _ in 0..3 {
        receiver.send(&firing).await.unwrap();
    }
    until(&address, &case, &["active"]).await;
    let mut resolved = of(Status::Resolved);
    resolved.alerts[0].starts_at = firing.alerts[0].starts_at;
    receiver.send(&resolved).await.unwrap();
    until(&address, &case, &[]).await;
    // What it cannot take it refuses.
    let mut odd = of(Status::Firing);
    odd.alerts[0].labels.clear();
    let error = receiver.send(&odd).await.unwrap_err();
    assert!(error.refused && error.reason.starts_with("400"), "{error}");
}
