#![allow(unused_variables)]

struct Order;

#[livecheck::case]
async fn order_flow(#[signal] sent_to_db: Order) -> livecheck::Result {
    Ok(())
}

fn main() {}
