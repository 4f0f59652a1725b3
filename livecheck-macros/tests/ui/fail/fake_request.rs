#[livecheck::case(frequency = "1m")]
async fn order_flow() {}

#[livecheck::fake_request]
async fn for_no_case() {}

#[livecheck::fake_request("order_flow")]
async fn for_a_text() {}

#[livecheck::fake_request(order_flow)]
fn not_async<T>(_side: T) {}

#[livecheck::fake_request(order_flow, crat = livecheck)]
async fn with_an_option_that_is_none() {}

#[livecheck::fake_request(order_flow)]
struct NoFunction;

fn main() {}
