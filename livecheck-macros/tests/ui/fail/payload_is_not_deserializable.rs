#![allow(unused_variables)]

#[derive(serde::Serialize)]
struct Order;

#[livecheck::case]
async fn order_flow(#[signal] sent_to_db: livecheck::Signal<Order>) -> livecheck::Result {
    Ok(())
}

fn main() {
    order_flow::sent_to_db.send(&Order);
}
