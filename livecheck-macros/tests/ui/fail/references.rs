use std::borrow::Cow;

use livecheck::Signal;

struct Order;

#[livecheck::case]
async fn order_flow(
    side: &str,
    tags: &'static [String],
    order: &Order,
    names: Option<&str>,
    note: Cow<'_, str>,
    #[signal] cached: &Signal,
    #[signal] executed: Signal<&'static str>,
) {
    let _ = (side, tags, order, names, note, cached, executed);
}

fn main() {
    let _ = order_flow::trigger("sell", ["new"], &Order, Some("me"), "note");
}
