//! Serves until it is interrupted, to try a client by hand: `cargo run -p livecheck-broker --example serve 9092`,
//! and with a folder after the port keeps what it holds there.

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().map_or(Ok(0), |port| port.parse())?;
    let mut builder = livecheck_broker::Broker::builder().port(port);
    if let Some(folder) = arguments.next() {
        builder = builder.data_dir(folder);
    }
    let broker = builder.start().await?;
    println!("{}", broker.bootstrap_servers());
    std::future::pending().await
}
