#[livecheck::case]
struct OrderFlow;

#[livecheck::case]
mod order_flow {}

trait Orders {
    #[livecheck::case]
    async fn order_flow();
}

fn main() {
    let _ = OrderFlow;
}
