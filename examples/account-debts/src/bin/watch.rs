//! The runner of this example, made as a team makes its own.

use std::process::ExitCode;

// What the linker should keep is named.
extern crate account_debts as _;

fn main() -> ExitCode {
    livecheck::runner::main()
}
