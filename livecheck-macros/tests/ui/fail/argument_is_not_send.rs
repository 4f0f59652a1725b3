#![allow(unused_variables)]

#[livecheck::case]
async fn order_flow(side: std::rc::Rc<u8>) -> livecheck::Result {
    Ok(())
}

fn main() {}
