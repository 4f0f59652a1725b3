//! A service that hands requests on to another one of its kind, in each of the ways in which a test may travel.
//!
//! It prints its addresses, `http 127.0.0.1:…` and `grpc 127.0.0.1:…`, and answers
//!
//! - `/here` with the id of the test that the request belongs to, or `none`;
//! - `/through/reqwest?to=ADDRESS` (`middleware`, `tower`, `grpc`) with what the other one answers to that.
//!
//! What it is asked it logs, with the test in the fields of tracing's span.

mod grpc;

use anyhow::Context as _;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use livecheck::context::InTestRequest as _;
use livecheck::context::tracing::test_id;
use livecheck::{CarryTest, CarryTestLayer, InTest as _, TestLayer};
use serde::Deserialize;
use tokio::net::TcpListener;
use tower::{Service as _, ServiceExt as _};
use tracing::{Instrument as _, info, info_span};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().json().with_writer(std::io::stderr).init();
    let http = TcpListener::bind("127.0.0.1:0").await?;
    let grpc = TcpListener::bind("127.0.0.1:0").await?;
    println!("http {}", http.local_addr()?);
    println!("grpc {}", grpc.local_addr()?);
    let clients = Clients::default();
    let router = Router::new().route("/here", get(here)).route("/through/{way}", get(through));
    let serving = axum::serve(http, router.layer(TestLayer).with_state(clients));
    tokio::try_join!(async { anyhow::Ok(serving.await?) }, grpc::serve(grpc))?;
    Ok(())
}

/// Clients that keep their connections, so that requests of many tests share one.
#[derive(Clone, Default)]
struct Clients {
    reqwest: reqwest::Client,
    grpc: grpc::Channels,
}

/// The id of the test that a request belongs to, as a task finds it that was spawned for it.
async fn here() -> String {
    let span = info_span!("here", livecheck.test_id = test_id());
    let asked = async {
        // Others are handled meanwhile.
        tokio::task::yield_now().await;
        info!("asked");
        livecheck::current().map_or_else(|| "none".to_owned(), |test| test.id().to_string())
    };
    tokio::spawn(asked.in_current_test().instrument(span)).await.unwrap_or_else(|error| error.to_string())
}

#[derive(Deserialize)]
struct To {
    to: String,
}

async fn through(
    State(clients): State<Clients>,
    Path(way): Path<String>,
    Query(To { to }): Query<To>,
) -> Result<String, (StatusCode, String)> {
    let answer = match way.as_str() {
        "reqwest" => by_reqwest(&clients.reqwest, &to).await,
        "middleware" => by_middleware(clients.reqwest, &to).await,
        "tower" => by_tower(clients.reqwest, &to).await,
        "grpc" => clients.grpc.ask(&to).await,
        other => Err(anyhow::anyhow!("there is no way `{other}`")),
    };
    answer.map_err(|error| (StatusCode::BAD_GATEWAY, format!("{error:#}")))
}

async fn by_reqwest(http: &reqwest::Client, to: &str) -> anyhow::Result<String> {
    Ok(http.get(format!("http://{to}/here")).in_current_test().send().await?.text().await?)
}

async fn by_middleware(http: reqwest::Client, to: &str) -> anyhow::Result<String> {
    let http = reqwest_middleware::ClientBuilder::new(http).with(CarryTest).build();
    Ok(http.get(format!("http://{to}/here")).send().await?.text().await?)
}

async fn by_tower(http: reqwest::Client, to: &str) -> anyhow::Result<String> {
    let mut service = tower::Layer::layer(&CarryTestLayer, http);
    let request = reqwest::Request::new(reqwest::Method::GET, format!("http://{to}/here").parse()?);
    let answer = service.ready().await?.call(request).await.context("asking")?;
    Ok(answer.text().await?)
}
