#![allow(unused_variables)]

#[livecheck::case]
async fn order_flow() -> Result<u8, livecheck::Error> {
    Ok(1)
}

#[livecheck::case]
async fn payment_flow() -> Option<()> {
    None
}

fn main() {}
