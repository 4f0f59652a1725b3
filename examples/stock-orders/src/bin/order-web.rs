//! The website: takes an order over HTTP, stores it, and produces it to Kafka.

use std::sync::Arc;

use anyhow::Context as _;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::Parser;
use livecheck::{InTestRequest as _, TestLayer};
use rdkafka::producer::FutureProducer;
use serde::Deserialize;
use stock_orders::database::OrderDatabase;
use stock_orders::fault::Fault;
use stock_orders::service::{ServiceArgs, flush_signals, log_to_terminal, shutdown};
use stock_orders::{Order, Side, kafka, order_flow};
use tokio::net::TcpListener;
use uuid::Uuid;

/// The website of the stock orders.
#[derive(Debug, Parser)]
struct Args {
    /// Port to listen on; 0 takes a free one
    #[arg(long, env = "STOCK_ORDERS_PORT", default_value_t = 6066)]
    port: u16,

    #[command(flatten)]
    service: ServiceArgs,
}

struct Web {
    database: OrderDatabase,
    producer: FutureProducer,
    http: reqwest::Client,
    create_url: String,
    fault: Option<Fault>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Args { port, service } = Args::parse();
    log_to_terminal();
    livecheck::Client::install_from_env()?;

    kafka::create_topics(&service.bootstrap_servers).await?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await.with_context(|| format!("port {port}"))?;
    let url = format!("http://{}", listener.local_addr()?);
    let web = Web {
        database: OrderDatabase::create(&service.data_dir).await?,
        producer: kafka::producer(&service.bootstrap_servers)?,
        http: reqwest::Client::new(),
        create_url: format!("{url}/order/create/"),
        fault: service.fault,
    };
    let routes = Router::new()
        .route("/order/init/{side}/", get(init_order))
        .route("/order/create/", post(create_order))
        // Each request runs in the test that its headers carry.
        .layer(TestLayer)
        .with_state(Arc::new(web));

    println!("order-web listens on {url}");
    axum::serve(listener, routes).with_graceful_shutdown(shutdown()).await?;
    flush_signals().await;
    Ok(())
}

#[derive(Deserialize)]
struct InitQuery {
    /// `?fake=1` makes an order that is not executed.
    #[serde(default)]
    fake: u8,
}

/// Where an order begins: a browser at `/order/init/sell/`. The order itself is made by another request, as it
/// might be by another service.
async fn init_order(
    State(web): State<Arc<Web>>,
    Path(side): Path<Side>,
    Query(InitQuery { fake }): Query<InitQuery>,
) -> Result<Json<Order>, Failure> {
    let order = Order {
        id: Uuid::new_v4().to_string(),
        user_id: Uuid::new_v4().to_string(),
        side,
        quantity: 1.0,
        price: 3.33,
        fake: fake != 0,
    };
    // Half of the orders are followed by a test. What happens in the scope belongs to it, and so does what
    // happens in every service that the order reaches.
    order_flow::maybe_trigger(side).id(&order.id).scope(web.request_order(&order)).await?;
    Ok(Json(order))
}

impl Web {
    async fn request_order(&self, order: &Order) -> anyhow::Result<()> {
        let request = self.http.post(&self.create_url).json(order).in_current_test();
        request.send().await?.error_for_status()?;
        Ok(())
    }
}

/// Stores the order, and hands it on.
async fn create_order(
    State(web): State<Arc<Web>>,
    Json(mut order): Json<Order>,
) -> Result<StatusCode, Failure> {
    if web.fault == Some(Fault::WrongSide) {
        order.side = order.side.opposite();
    }
    web.database.insert(&order).await?;
    order_flow::order_sent_to_db.send(&order);

    kafka::produce(&web.producer, kafka::ORDERS, &order).await?;
    order_flow::order_sent_to_kafka.send();
    Ok(StatusCode::CREATED)
}

/// An order that could not be taken.
struct Failure(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        tracing::error!("{:#}", self.0);
        (StatusCode::INTERNAL_SERVER_ERROR, "the order could not be taken").into_response()
    }
}
