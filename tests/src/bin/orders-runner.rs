//! The runner of the tutorial's case.

use std::process::ExitCode;

extern crate stock_orders as _;

fn main() -> ExitCode {
    livecheck::runner::main()
}
