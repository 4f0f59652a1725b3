//! Requests as others may send them: what is refused, what is bounded, and what each answer says to a browser.

use std::sync::Arc;

use livecheck_web::{Guard, Redaction, Server};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::shop::{Shop, TOKEN};

const CASE: &str = "/api/case/stock_orders::cases::order_flow";
const EXECUTION: &str = "execution/stock_orders::cases::order_flow/order-18";

async fn status_of(request: RequestBuilder) -> StatusCode {
    request.send().await.expect("an answer").status()
}

async fn text_of(url: String) -> String {
    reqwest::get(url).await.expect("an answer").text().await.expect("a text")
}

/// The first line of the answer to what a client sends, as it is.
async fn said_to(server: &Server, request: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).await.expect("it listens");
    // It may answer, and hang up, before it has read all.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn every_answer_tells_browsers_to_load_nothing_from_elsewhere_and_to_frame_it_nowhere() {
    let (server, url) = Shop::new().open().await;
    for path in
        ["/", CASE, "/metrics", "/health", "/badge/none.svg", "/no/such/page", &format!("/{EXECUTION}")]
    {
        let answer = reqwest::get(format!("{url}{path}")).await.expect("an answer");
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let policy = header("content-security-policy").unwrap_or_default();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(header("referrer-policy"), Some("no-referrer"), "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_change_needs_the_token_from_a_page_of_this_server_and_a_server_without_one_offers_none() {
    let shop = Shop::new();
    let (server, url) = shop.open().await;
    let client = reqwest::Client::new();
    let change = |headers: &[(&str, &str)]| {
        let post = client.request(Method::POST, format!("{url}{CASE}")).json(&json!({ "trigger": {} }));
        status_of(headers.iter().fold(post, |post, (name, value)| post.header(*name, *value)))
    };
    let bearer = format!("Bearer {TOKEN}");
    let token = ("authorization", bearer.as_str());
    assert_eq!(change(&[]).await, StatusCode::UNAUTHORIZED);
    assert_eq!(change(&[("authorization", "Bearer open")]).await, StatusCode::UNAUTHORIZED);
    assert_eq!(change(&[("cookie", &format!("token={TOKEN}"))]).await, StatusCode::UNAUTHORIZED);
    for elsewhere in
        [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")]
    {
        assert_eq!(change(&[token, elsewhere]).await, StatusCode::FORBIDDEN, "{elsewhere:?}");
    }
    assert_eq!(change(&[token, ("host", "evil.example")]).await, StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(shop.changes(), [""; 0]);
    assert_eq!(change(&[token]).await, StatusCode::OK);
    // What looks is never what changes.
    assert_eq!(status_of(client.get(format!("{url}{CASE}?trigger=1"))).await, StatusCode::OK);
    assert_eq!(shop.changes().len(), 1);
    server.stop().await;

    let (server, url) = shop.open_with(Guard::default(), Redaction::default()).await;
    let post = client.post(format!("{url}{CASE}")).bearer_auth(TOKEN).json(&json!({ "trigger": {} }));
    assert_eq!(status_of(post).await, StatusCode::FORBIDDEN);
    let page = text_of(format!("{url}/case/stock_orders::cases::order_flow")).await;
    assert!(
        page.contains("order_flow") && !page.contains("data-change"),
        "nobody is offered to change something"
    );
    assert_eq!(shop.changes().len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn bodies_headers_and_pages_have_bounds() {
    let (server, url) = Shop::new().open().await;
    let client = reqwest::Client::new();
    let post = |body: String| status_of(client.post(format!("{url}{CASE}")).bearer_auth(TOKEN).body(body));
    assert_eq!(post("x".repeat(64 * 1024)).await, StatusCode::BAD_REQUEST);
    assert_eq!(post("x".repeat(64 * 1024 + 1)).await, StatusCode::PAYLOAD_TOO_LARGE);

    let many: String = (0..65).map(|number| format!("x-{number}: 1\r\n")).collect();
    let said = said_to(&server, &format!("GET / HTTP/1.1\r\nhost: localhost\r\n{many}\r\n")).await;
    assert_eq!(said, "HTTP/1.1 431 Request Header Fields Too Large");
    let long = "x".repeat(64 * 1024);
    let said =
        said_to(&server, &format!("GET / HTTP/1.1\r\nhost: localhost\r\nx-long: {long}\r\n\r\n")).await;
    assert_eq!(said, "HTTP/1.1 431 Request Header Fields Too Large");
    let said = said_to(&server, &format!("GET /{long} HTTP/1.1\r\nhost: localhost\r\n\r\n")).await;
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{said}");

    for limit in ["501", "0", "-1", "many"] {
        let asked = client.get(format!("{url}/api/executions?limit={limit}"));
        assert_eq!(status_of(asked).await, StatusCode::BAD_REQUEST, "{limit}");
    }
    let page: Value =
        serde_json::from_str(&text_of(format!("{url}/api/executions?limit=500")).await).expect("it is JSON");
    assert_eq!(page["executions"].as_array().map(Vec::len), Some(500));
    server.stop().await;
}

#[tokio::test]
async fn members_that_are_named_are_seen_neither_on_the_page_nor_in_its_api() {
    let shop: Arc<Shop> = Shop::new();
    let seen = |url: String| async move {
        [text_of(format!("{url}/{EXECUTION}")).await, text_of(format!("{url}/api/{EXECUTION}")).await]
    };
    let (server, url) = shop.open().await;
    assert!(seen(url).await.iter().all(|seen| seen.contains("4111 1111")));
    server.stop().await;
    let redaction = Redaction::of(["Card".to_owned()]);
    let (server, url) = shop.open_with(Guard::default(), redaction).await;
    for seen in seen(url).await {
        assert!(!seen.contains("4111 1111") && seen.contains("•••"), "{seen}");
    }
    server.stop().await;
}
