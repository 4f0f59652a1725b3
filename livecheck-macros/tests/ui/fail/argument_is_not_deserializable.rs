#![allow(unused_variables)]

#[derive(serde::Serialize)]
struct Side;

#[livecheck::case]
async fn order_flow(side: Side) -> livecheck::Result {
    Ok(())
}

fn main() {}
