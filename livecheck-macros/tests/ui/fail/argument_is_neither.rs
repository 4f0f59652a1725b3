#![allow(unused_variables)]

mod orders {
    pub struct Side<T>(pub T);
}

#[livecheck::case]
async fn order_flow(quantity: u32, side: orders::Side<u8>) -> livecheck::Result {
    Ok(())
}

fn main() {}
