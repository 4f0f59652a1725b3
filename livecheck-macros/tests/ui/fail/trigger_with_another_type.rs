#![allow(unused_variables)]

#[livecheck::case]
async fn order_flow(quantity: u32, buyer: String) -> livecheck::Result {
    Ok(())
}

fn main() {
    let _ = order_flow::trigger("three", 3);
    let _ = order_flow::trigger(3);
}
