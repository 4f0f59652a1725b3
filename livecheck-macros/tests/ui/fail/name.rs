#[livecheck::case(name = "  ")]
async fn blank() {}

#[livecheck::case(name = "order\nflow")]
async fn of_two_lines() {}

#[livecheck::case(name = order_flow)]
async fn without_quotes() {}

fn main() {}
