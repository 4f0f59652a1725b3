//! Those who are told over HTTP.

use std::time::Duration;

use livecheck_alerts::receiver::pagerduty::Severity;
use livecheck_alerts::receiver::{PagerDuty, Slack, Webhook};
use livecheck_alerts::{Credentials, Endpoint, Receipt, SendError, Status, Template, Way};
use serde_json::{Value, json};

use crate::server::{Answer, Server};
use crate::{message, receiver, secret};

const OK: Answer = Answer(200, "ok", None);

fn endpoint(server: &Server, path: &str) -> Endpoint {
    Endpoint::new(secret(server.url(path)), Credentials::default()).unwrap()
}

fn webhook(endpoint: Endpoint) -> livecheck_alerts::Receiver {
    receiver(Way::Webhook(Webhook { endpoint, template: None, content_type: "application/json".to_owned() }))
}

#[tokio::test]
async fn a_webhook_gets_the_message_as_json_with_its_credentials() {
    let server = Server::start(OK).await;
    let credentials = Credentials {
        token: Some(secret("hunter2")),
        headers: vec![("X-Team".to_owned(), secret("orders"))],
        ..Credentials::default()
    };
    let endpoint = Endpoint::new(secret(server.url("/hook?key=1")), credentials).unwrap();
    let receipt = webhook(endpoint).send(&message(Status::Firing)).await;
    assert_eq!(receipt, Ok(Receipt("200 OK: ok".to_owned())));
    let arrived = server.last();
    assert_eq!((arrived.method.as_str(), arrived.path.as_str()), ("POST", "/hook?key=1"));
    assert_eq!(
        (&arrived.headers["authorization"], &arrived.headers["x-team"]),
        (&"Bearer hunter2".parse().unwrap(), &"orders".parse().unwrap())
    );
    insta::assert_snapshot!(serde_json::to_string_pretty(&arrived.json()).unwrap());
}

#[tokio::test]
async fn a_name_and_a_password_in_the_url_are_sent_as_such() {
    let server = Server::start(OK).await;
    let url = server.url("/hook").replace("http://", "http://me:hush%20hush@");
    let of = |credentials| webhook(Endpoint::new(secret(url.clone()), credentials).unwrap());
    of(Credentials::default()).send(&message(Status::Firing)).await.unwrap();
    let arrived = server.last();
    // base64 of `me:hush hush`
    assert_eq!(arrived.headers["authorization"], "Basic bWU6aHVzaCBodXNo");
    assert!(!arrived.headers["host"].to_str().unwrap().contains("hush"));
    let token = Credentials { token: Some(secret("hunter2")), ..Credentials::default() };
    of(token).send(&message(Status::Firing)).await.unwrap();
    assert_eq!(server.last().headers["authorization"], "Bearer hunter2");
}

#[tokio::test]
async fn a_template_makes_the_body() {
    let server = Server::start(OK).await;
    let template = Template::new(
        "{{ status }} {% for alert in alerts %}{{ alert.case }}={{ alert.status }} {{ alert.labels.package }};{% endfor %}",
    );
    let way = Way::Webhook(Webhook {
        endpoint: endpoint(&server, "/"),
        template: Some(template.unwrap()),
        content_type: "text/plain".to_owned(),
    });
    receiver(way).send(&message(Status::Firing)).await.unwrap();
    let arrived = server.last();
    assert_eq!(arrived.headers["content-type"], "text/plain");
    assert_eq!(
        String::from_utf8_lossy(&arrived.body),
        "firing orders::order_flow=firing orders;orders::parcel=resolved orders;"
    );
}

#[test]
fn a_template_that_names_nothing_says_where() {
    let error = Template::new("{{ title }}\n{{ alerts.0.cse }}{{ titel }}").unwrap_err().to_string();
    assert!(error.contains("(line 2)"), "{error}");
    assert!(Template::new("{% for %}").is_err());
}

#[tokio::test]
async fn slack_gets_attachments_in_which_nothing_is_markup() {
    let server = Server::start(OK).await;
    let slack = |template| Slack { endpoint: endpoint(&server, "/services/T/B/x"), channel: None, template };
    receiver(Way::Slack(slack(None))).send(&message(Status::Firing)).await.unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&server.last().json()).unwrap());
    let template = Template::new("*{{ title }}*").unwrap();
    receiver(Way::Slack(slack(Some(template)))).send(&message(Status::Resolved)).await.unwrap();
    let attachment = server.last().json()["attachments"][0].clone();
    assert_eq!(
        (&attachment["text"], &attachment["color"]),
        (&json!("*[RESOLVED] orders::order_flow failing*"), &json!("good"))
    );
}

#[tokio::test]
async fn what_a_receiver_says_is_told_without_its_secrets() {
    for (answer, refused, retry_after) in [
        (Answer(404, "no such hook: /services/T0PSECRET", None), true, None),
        (Answer(429, "slow down", Some(("retry-after", "7"))), false, Some(Duration::from_secs(7))),
        (Answer(503, "T0PSECRET is down", None), false, None),
        (Answer(302, "", Some(("location", "http://elsewhere/"))), true, None),
    ] {
        let server = Server::start(answer.clone()).await;
        let SendError { reason, refused: was_refused, retry_after: after } =
            webhook(endpoint(&server, "/services/T0PSECRET"))
                .send(&message(Status::Firing))
                .await
                .unwrap_err();
        assert_eq!((was_refused, after), (refused, retry_after), "{reason}");
        assert!(
            reason.starts_with(&answer.0.to_string()) && !reason.contains("/services/T0PSECRET"),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn a_receiver_that_is_not_there_may_come_back() {
    let server = Server::start(OK).await;
    // A port on which nobody listens any more.
    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let url = server.url("/T0PSECRET").replace(&server.port.to_string(), &port.to_string());
    let endpoint = Endpoint::new(secret(url), Credentials::default()).unwrap();
    let error = webhook(endpoint).send(&message(Status::Firing)).await.unwrap_err();
    assert!(!error.refused && error.reason.contains("refused"), "{error}");
    assert!(!error.reason.contains("T0PSECRET"), "{error}");
}

#[tokio::test]
async fn who_does_not_answer_is_waited_for_no_longer_than_configured() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let endpoint = Endpoint::new(secret(url), Credentials::default()).unwrap();
    let receiver = livecheck_alerts::Receiver { timeout: Duration::from_millis(50), ..webhook(endpoint) };
    let error = receiver.send(&message(Status::Firing)).await.unwrap_err();
    assert_eq!(error.reason, "there was no answer within 50ms");
}

#[test]
fn a_url_that_is_none_is_not_repeated() {
    for url in ["T0PSECRET", "ftp://host/T0PSECRET", "https:///T0PSECRET", "http://"] {
        let error = Endpoint::new(secret(url), Credentials::default()).unwrap_err().to_string();
        assert!(!error.contains("T0PSECRET"), "{error}");
    }
}

#[tokio::test]
async fn pagerduty_gets_an_incident_that_is_triggered_and_resolved_by_one_key() {
    let server = Server::start(Answer(202, r#"{"status":"success","dedup_key":"k"}"#, None)).await;
    let way = Way::PagerDuty(PagerDuty {
        endpoint: endpoint(&server, "/v2/enqueue"),
        routing_key: secret("R0UT1NGKEY"),
        severity: Severity::Error,
    });
    let pagerduty = receiver(way);
    pagerduty.send(&message(Status::Firing)).await.unwrap();
    let trigger = server.last().json();
    insta::assert_snapshot!(serde_json::to_string_pretty(&trigger).unwrap());
    as_documented(&trigger);
    pagerduty.send(&message(Status::Resolved)).await.unwrap();
    let resolve = server.last().json();
    as_documented(&resolve);
    assert_eq!((&resolve["event_action"], &resolve["dedup_key"]), (&json!("resolve"), &trigger["dedup_key"]));
}

/// What <https://developer.pagerduty.com/docs/send-alert-event> asks of an event: which members there may be, which there
/// must be, of which type, and how long.
fn as_documented(event: &Value) {
    let text = |value: &Value, most: usize| {
        value.as_str().is_some_and(|text| !text.is_empty() && text.len() <= most)
    };
    let action = event["event_action"].as_str().unwrap();
    assert!(["trigger", "acknowledge", "resolve"].contains(&action));
    assert!(text(&event["routing_key"], 32) && text(&event["dedup_key"], 255), "{event}");
    let known =
        ["routing_key", "event_action", "dedup_key", "payload", "images", "links", "client", "client_url"];
    assert!(event.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())), "{event}");
    if action != "trigger" {
        return;
    }
    let payload = &event["payload"];
    assert!(text(&payload["summary"], 1024) && text(&payload["source"], 1024), "{payload}");
    assert!(["critical", "warning", "error", "info"].contains(&payload["severity"].as_str().unwrap()));
    let known =
        ["summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details"];
    for (key, value) in payload.as_object().unwrap() {
        assert!(known.contains(&key.as_str()), "{key}");
        assert!(key == "custom_details" || value.is_string(), "{key}: {value}");
    }
    assert!(payload["timestamp"].as_str().unwrap().parse::<livecheck_core::Timestamp>().is_ok());
    for link in event["links"].as_array().into_iter().flatten() {
        assert!(text(&link["href"], 4096), "{link}");
    }
    assert!(event.to_string().len() < 512 * 1024);
}
