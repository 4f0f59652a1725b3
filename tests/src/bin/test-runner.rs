//! The runner of the cases in this package, made as a team makes its own.

#[path = "../notebook.rs"]
mod notebook;

livecheck::main!(livecheck_tests);
