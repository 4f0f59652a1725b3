//! Serves until it is interrupted, to try a client by hand: `cargo run -p livecheck-broker --example serve 9092`.

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args().nth(1).map_or(Ok(0), |port| port.parse())?;
    let broker = livecheck_broker::Broker::builder().port(port).start().await?;
    println!("{}", broker.bootstrap_servers());
    std::future::pending().await
}
