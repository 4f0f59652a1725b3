#![allow(unused_variables)]

use livecheck::Signal;

#[livecheck::case]
async fn order_flow(
    #[signal] trigger: Signal,
    #[signal] maybe_trigger: Signal,
    #[signal] CASE: Signal,
    #[signal] r#trigger: Signal,
) {
}

fn main() {}
