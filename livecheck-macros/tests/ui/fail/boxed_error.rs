use std::error::Error;

#[livecheck::case]
async fn order_flow() -> Result<(), Box<dyn Error + Send + Sync>> {
    Ok(())
}

#[livecheck::case]
async fn payment_flow() -> Result<(), String> {
    Ok(())
}

fn main() {}
