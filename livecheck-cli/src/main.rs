//! cargo livecheck
fn main() {}
