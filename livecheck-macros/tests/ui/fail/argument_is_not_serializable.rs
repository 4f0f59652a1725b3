#![allow(unused_variables)]

#[derive(serde::Deserialize)]
struct Side;

#[livecheck::case]
async fn order_flow(side: Side) -> livecheck::Result {
    Ok(())
}

fn main() {
    order_flow::trigger(Side);
}
