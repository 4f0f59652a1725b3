#[livecheck::case]
async fn order_flow(
    #[cfg(unix)] side: u8,
    #[cfg_attr(unix, allow(unused))] quantity: u8,
) {
    let _ = side;
}

fn main() {}
