#[livecheck::case]
fn order_flow(#[signal] cached: livecheck::Signal) -> livecheck::Result {
    cached.wait().await?;
    Ok(())
}

fn main() {
    order_flow::cached.send();
}
