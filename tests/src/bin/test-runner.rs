//! The runner of the cases in this package, made as a team makes its own.

#[path = "../notebook.rs"]
mod notebook;

use std::process::ExitCode;

// What the linker should keep is named.
extern crate livecheck_tests as _;

fn main() -> ExitCode {
    livecheck::runner::main()
}
