#![allow(unused_variables)]

use std::rc::Rc;

#[livecheck::case]
async fn order_flow(#[signal] cached: livecheck::Signal) -> livecheck::Result {
    let shared = Rc::new(1);
    cached.wait().await?;
    assert_eq!(*shared, 1);
    Ok(())
}

fn main() {}
