use livecheck::Signal;

#[livecheck::case]
async fn order_flow(
    #[signal(timeout = "never")] sent_to_db: Signal,
    #[signal(timeout = 0)] cached: Signal,
    #[signal(timeout = "1s", timeout = "2s")] executed: Signal,
    #[signal(name = "paid")] paid: Signal,
    #[signal = "30s"] shipped: Signal,
    #[signal]
    #[signal]
    delivered: Signal,
) {
    let _ = (sent_to_db, cached, executed, paid, shipped, delivered);
}

fn main() {
    order_flow::shipped.send();
}
