//! The runner of the tutorial's case.

livecheck::main!(stock_orders);
