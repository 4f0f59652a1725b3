//! What a case may return.

#![deny(warnings)]

#[livecheck::case]
async fn nothing() {}

#[livecheck::case]
async fn unit() -> () {}

#[livecheck::case]
async fn ours() -> livecheck::Result {
    Ok(())
}

#[livecheck::case]
async fn of_an_error() -> Result<(), std::io::Error> {
    Ok(())
}

#[livecheck::case]
async fn opaque() -> Result<(), impl std::error::Error> {
    Ok::<(), std::fmt::Error>(())
}

fn main() {}
