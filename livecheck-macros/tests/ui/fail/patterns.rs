#[livecheck::case]
async fn order_flow(
    (id, side): (u64, u8),
    _: u8,
    ref quantity: u32,
    both @ [first, second]: [u8; 2],
    #[signal] _: livecheck::Signal,
) {
    let _ = (id, side, quantity, both, first, second);
}

fn main() {
    let _ = order_flow::trigger((1, 2), 3, 4, [5, 6]);
}
